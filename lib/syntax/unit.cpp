// syntax/unit.cpp: keeping alive, positions and failing.
#include "syntax/unit.hpp"

#include "value/objects.hpp"

namespace terrace::syntax {

Unit::Unit(VmState* vm, const text::SourceMap& map, std::string_view source_name)
    : vm_(vm), map_(map), source_name_(source_name), kept_(frame::heap_of(vm)), here_(map.whole()) {}

Lambda* Unit::make_lambda(Value name, Lambda* parent, Position at) {
  Lambda& made = lambdas_.emplace_back();
  made.name = name;
  made.parent = parent;
  made.at = at;
  return &made;
}

Variable* Unit::make_variable(Value name) {
  auto* made = arena_.make<Variable>();
  made->name = keep(name);
  return made;
}

Value Unit::keep(Value v) {
  if (value::is_heap(v)) kept_.push(v);
  return v;
}

Position Unit::position_of(Value form) const {
  Position found = value::is_pair(form) ? map_.find(form) : Position{};
  return found ? found : here_;
}

std::string Unit::place(Position at) const {
  std::string out = source_name_;
  if (at) out += ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  return out;
}

void Unit::fail(Position at, std::string_view what, std::string_view remedy) {
  std::string message = place(at) + ": ";
  message += what;
  message += "; ";
  message += remedy;
  frame::raise_error_with(vm_, frame::ErrorKind::kSyntax, message, value::kNil);
  if (at) frame::add_place(vm_, source_name_, at.line, at.column);
  throw Failure{};
}

void Unit::give_up_here() {
  if (here_) frame::add_place(vm_, source_name_, here_.line, here_.column);
  throw Failure{};
}

void Unit::check_depth() {
  // A walk needs a few hundred bytes a level; the reserve leaves room for making the error.
  constexpr size_t kReserve = size_t{64} * 1024;
  if (frame::stack_left(vm_) < kReserve) [[unlikely]]
    fail_here("the expression is nested too deeply for the stack", "split it into several definitions");
  if (arena_.bytes() > frame::vm_of(vm_).outside_limit / 2) [[unlikely]] {
    frame::raise_error(vm_, frame::ErrorKind::kHeapLimit, "%s: the form expands to more code than the heap limit allows",
                       place(here_).c_str());
    give_up_here();
  }
  if (frame::vm_of(vm_).requests.load(std::memory_order_relaxed) != 0) [[unlikely]]
    answer_requests();
}

void Unit::answer_requests() {
  auto safepoint = frame::vm_of(vm_).hooks.safepoint;
  if (safepoint != nullptr && safepoint(vm_) == value::kUnwind) give_up_here();
}

std::string text_of(Value symbol) { return std::string(frame::symbol_name(symbol)); }

bool is_named(Value v, std::string_view name) { return value::is_symbol(v) && frame::symbol_name(v) == name; }

}  // namespace terrace::syntax
