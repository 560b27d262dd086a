// syntax/unit.hpp: one compilation: its memory, what it keeps alive, and how it reports what is wrong.
//
// Inside the room a failed compilation is a C++ exception, Failure, thrown after the error was made pending in the vm;
// compile_toplevel catches it. It never crosses a call into SX.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "bytecode/code.hpp"
#include "frame/vm.hpp"
#include "syntax/arena.hpp"
#include "syntax/tree.hpp"
#include "text/source_map.hpp"

namespace terrace::syntax {

struct Failure {};

class Unit {
 public:
  Unit(VmState* vm, const text::SourceMap& map, std::string_view source_name);

  VmState* vm() const { return vm_; }
  const std::string& source_name() const { return source_name_; }
  const text::SourceMap& map() const { return map_; }
  Arena& arena() { return arena_; }

  Lambda* make_lambda(Value name, Lambda* parent, Position at);
  Variable* make_variable(Value name);
  // Keeps `v` alive until the compilation ends; answers it.
  Value keep(Value v);

  // The position of a pair as the reader saw it; that of the form around it when it has none of its own.
  Position position_of(Value form) const;
  Position here() const { return here_; }

  // Sets the position while the parts of a form are expanded.
  class At {
   public:
    At(Unit& unit, Value form) : unit_(unit), before_(unit.here_) { unit.here_ = unit.position_of(form); }
    ~At() { unit_.here_ = before_; }
    At(const At&) = delete;

   private:
    Unit& unit_;
    Position before_;
  };

  // "name:line:column: what; what to do"
  [[noreturn]] void fail(Position at, std::string_view what, std::string_view remedy);
  [[noreturn]] void fail_here(std::string_view what, std::string_view remedy) { fail(here_, what, remedy); }
  // Ends the compilation with the error that is pending already.
  [[noreturn]] void give_up() { throw Failure{}; }
  // The same for an error that a macro's expander raised: the use is part of its trace.
  [[noreturn]] void give_up_here();
  // Called by every recursive walk: fails when the C stack is nearly used up, when the tree has become too large, and
  // when the host or a limit asks the computation to end; a form in which parts are shared can be short and its
  // expansion without end.
  void check_depth();
  std::string place(Position at) const;

 private:
  void answer_requests();

  VmState* vm_;
  const text::SourceMap& map_;
  std::string source_name_;
  Arena arena_;
  std::deque<Lambda> lambdas_;
  heap::RootedValues kept_;
  Position here_;
};

std::string text_of(Value symbol);
// True for the symbol of that name.
bool is_named(Value v, std::string_view name);

}  // namespace terrace::syntax
