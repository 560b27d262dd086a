// differential/generator.hpp: makes well-formed programs that end.
//
// Answers for: expressions that mostly have the type they should, so that programs get far before they fail; loops and
// recursion that end, because what they count is never assigned; values that stay small, because what grows in a loop is
// cut. Not for: running anything.
//
// Work is counted as the program is written: every expression adds the number of times it will run, so that a function
// is called in a loop only when that stays affordable.
#pragma once

#include <functional>

#include "program.hpp"
#include "random.hpp"

namespace terrace::differential {

enum class Type { kInt, kFloat, kNumber, kBool, kString, kSymbol, kChar, kList, kVector, kF64, kBytes, kDict, kFunction };
inline constexpr int kTypes = 13;

struct Variable {
  std::string name;
  Type type;
  bool assignable;
};

struct Signature {
  std::string name;
  std::vector<Type> required;
  std::vector<Type> optional;
  bool rest = false;    // of integers
  bool fuelled = false;  // the first parameter says how deep it may recurse
  Type result = Type::kInt;
  double cost = 1;
};

// A way out of the expressions around, or an effect that is handled there.
struct Target {
  std::string name;
  Type argument;
  Type result;
  bool block = false;  // left by return-from
};

class Generator {
 public:
  explicit Generator(uint64_t seed);
  Program program();

 private:
  using Make = std::function<Node()>;

  // --- what stands around an expression (generator.cpp)
  std::string fresh(const char* stem);
  std::string binding_name(const char* stem);
  bool visible(size_t index) const;
  // A random variable that fits, or nullptr.
  const Variable* find(const std::function<bool(const Variable&)>& fits);
  const Variable* variable(Type type);
  const Variable* assignable();
  Type any_type();
  Type data_type();
  // Makes an expression with more variables around it.
  Node within(std::vector<Variable> more, const Make& make);
  // Makes an expression that runs `times` as often.
  Node repeated(double times, const Make& make);
  bool in_loop() const { return work_ > base_work_ * 1.5; }
  bool affordable(double cost) const { return work_ * cost < kMostWork && spent_ + work_ * cost < kMostWork; }

  // --- functions and calls (functions.cpp)
  Node function(Signature& signature, bool tied);
  Node parameters(const Signature& signature, std::vector<Variable>& variables);
  Node default_value(Type type);
  Definition global_variable();
  void definitions(Program& program);
  void recursive_pair(Program& program);
  void calls(Program& program);
  Node datum(Type type, bool odd);
  Node call_of(const Signature& signature);
  Node recursive_call(Type type);
  Node lambda(std::vector<Type> parameters, Type result, double times);
  Signature random_signature();

  // --- expressions (generator.cpp)
  Node expression(Type type, int depth);
  Node leaf(Type type);
  Node literal(Type type);
  Node specific(Type type, int depth);
  // Cuts a value down to a size that does not grow from turn to turn.
  Node bounded(Type type, Node value);

  // --- by type (numbers.cpp, data.cpp)
  std::string integer_text();
  std::string float_text();
  Node integer_expression(int depth);
  Node integer_operation(int depth);
  Node fixed_width(int depth);
  Node integer_of_data(int depth);
  Node float_expression(int depth);
  Node float_of_data(int depth);
  Node number_expression(int depth);
  Node number_operation(Type type, int depth);
  Node boolean_expression(int depth);
  Node comparison(int depth);
  Node string_expression(int depth);
  Node symbol_expression(int depth);
  Node char_expression(int depth);
  Node list_expression(int depth);
  Node vector_expression(int depth);
  Node f64_expression(int depth);
  Node bytes_expression(int depth);
  Node dict_expression(int depth);
  Node function_expression(int depth);
  Node index_into(const Node& object, const char* length, int depth);
  Node key();
  Node sequence(int depth);

  // --- of any type (control.cpp)
  Node general(Type type, int depth);
  Node let(Type type, int depth);
  Node letrec(Type type, int depth);
  Node sequence_of_statements(Type type, int depth);
  Node conditional(Type type, int depth);
  Node cases(Type type, int depth);
  Node named_let(Type type, int depth);
  Node counted_recursion(Type type, int depth);
  Node do_loop(Type type, int depth);
  Node over_list(Type type, int depth);
  Node guarded(Type type, int depth);
  Node escape(Type type, int depth);
  Node leave(int depth);
  Node wind(Type type, int depth);
  Node handled(Type type, int depth);
  Node performed(Type type, int depth);
  Node several_values(Type type, int depth);
  Node handled_error(Type type, int depth);
  Node parameterized(Type type, int depth);
  Node called(Type type, int depth);
  Node called_at_once(Type type, int depth);
  Node evaluated(Type type);
  Node assigned(Type type, int depth);
  Node failing(int depth);
  Node statement(int depth);
  Node store(int depth);
  Node while_loop(int depth);
  Node redefinition();
  Node update(const Variable& variable, int depth);

  // --- patterns and blocks (patterns.cpp)
  Node matchable(int depth);
  Node pattern_name(Type type, std::vector<Variable>& names);
  Node pattern(int depth, std::vector<Variable>& names);
  static Node bracketed(const Node& pattern);
  Node matched(Type type, int depth);
  Node block(Type type, int depth);

  // --- what makes functions hot (hot.cpp)
  Node cheap_step(Type type, const std::string& acc, const std::string& i);
  Node surprise(int depth);
  Node noted(Node whole, Type type, int depth);
  Node hot_loop(Type type, int depth);
  Node hot_vector(Type type, int depth);
  Node hot_matrix(Type type, int depth);
  Node hot_doubles(Type type, int depth);
  Node hot_calls(Type type, int depth);
  Node hot_walk(Type type, int depth);
  Node hot_records(Type type, int depth);
  Node hot_outer_records(Type type, int depth);
  Node hot_words(Type type, int depth);
  Node point_of(int level, const std::vector<std::string>& points, const std::string& number);
  Node deep_recursion(Type type, int depth);

  static constexpr double kMostWork = 20000;

  Random r_;
  std::string prefix_;
  std::vector<Variable> scope_;
  std::vector<Signature> functions_;      // that may be called
  std::vector<Signature> recursive_;      // that may be called with less fuel
  std::string fuel_;                      // the variable that says how much is left
  int recursive_calls_left_ = 0;
  std::vector<Target> escapes_;
  std::vector<Target> effects_;
  double work_ = 1;       // how often the expression being made will run
  double base_work_ = 1;  // the same for the body of its function
  double spent_ = 0;      // of all expressions of this function
  int size_left_ = 0;     // of this function
  int names_ = 0;
};

}  // namespace terrace::differential
