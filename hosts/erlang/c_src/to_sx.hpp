// to_sx.hpp: terms of Erlang as values of SX. README.md has the table.
//
// Answers for: the mapping, at any depth without recursion. Not for: the way back (to_erlang.hpp).
// Precondition: the caller has the turn in the vm.
#pragma once

#include <deque>
#include <string>

#include "failure.hpp"
#include "values.hpp"

namespace terrace::erlang {

// Values to be passed to the library while this object and the environment live: texts are borrowed from both.
class ToSx {
 public:
  // Throws TooLong beyond `limit` terms.
  ToSx(ErlNifEnv* env, Vm& vm, size_t limit) : env_(env), vm_(vm), left_(limit) {}
  // The answer is owned by the caller. Throws Failure.
  jit_value convert(Term term);
  // A proper list of terms; BadArgument for anything else.
  Values convert_list(Term list);

 private:
  enum class Shape { kList, kImproper, kTuple, kVector, kDict };
  // A compound that is being built: what it is made of, and what of that is converted.
  struct Frame {
    Shape shape;
    std::vector<Term> parts;
    Values values;
  };

  bool enter(Term term, jit_value* done);
  bool enter_list(Term list);
  bool enter_tuple(Term term, jit_value* done);
  bool enter_tagged(const Term* elements, int arity, jit_value* done);
  bool enter_map(Term map);
  bool open(Shape shape, std::vector<Term> parts);
  Shape collect(Term list, std::vector<Term>* parts) const;
  std::vector<Term> proper(Term list, const char* tag) const;
  jit_value finish(Frame& frame) const;
  jit_value finish_improper(const Frame& frame) const;

  jit_value atom(Term term);
  jit_value integer(Term term);
  jit_value real(Term term) const;
  jit_value text(Term term) const;
  jit_value reference(Term term) const;
  jit_value function(Term term) const;
  jit_value named(uint32_t kind, Term name, const char* tag);
  jit_value bytes(Term term) const;
  jit_value character(Term term) const;
  jit_value doubles(Term term) const;
  jit_value integers(Term term) const;
  jit_value ratio(Term numerator, Term denominator);
  jit_value call(jit_ref* function, const Values& arguments) const;
  jit_ref* function_wrapper() const;
  std::string_view packed(Term term, const char* tag) const;
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  jit_vm* vm() const { return vm_.handle.get(); }

  ErlNifEnv* env_;
  Vm& vm_;
  size_t left_;
  std::vector<Frame> frames_;
  std::deque<std::string> texts_;
};

}  // namespace terrace::erlang
