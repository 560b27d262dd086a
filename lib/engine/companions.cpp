// engine/companions.cpp: which functions travel with one that is compiled for opt, so that its code can have them along.
//
//   f calls the global g, which is a small function of bytecode now     -> g is a companion of f
//   g calls h, and there is room left                                   -> so is h
//
// That a global still holds that function is found out by the code (worker/emit/emit_watched.cpp). Limits keep a compilation small.
#include <algorithm>

#include "bytecode/encoding.hpp"
#include "bytecode/op_info.hpp"
#include "engine/state.hpp"

namespace terrace::engine {
namespace {

using bytecode::Op;
using bytecode::op_of;
using value::Proto;

constexpr size_t kMostInstructions = 80;       // of one companion
constexpr size_t kMostInstructionsOfAll = 300;
constexpr size_t kMostCompanions = 24;
static_assert(kMostCompanions <= jobs::kMaxCompanions);

class Gathering {
 public:
  Gathering(Engine::State& state, VmState* vm, Proto* root) : state_(state), vm_(vm), root_(root) {}

  // Nearer callees first: they matter more.
  std::vector<jobs::Companion> run() {
    std::vector<Proto*> callers = {root_};
    for (size_t n = 0; n < callers.size(); n++) look_through(callers[n], &callers);
    return std::move(found_);
  }

 private:
  void look_through(Proto* caller, std::vector<Proto*>* callers) {
    for (bytecode::Instr i : caller->function->code) {
      if (!is_call_of_global(i)) continue;
      Proto* callee = callee_of(*caller, i);
      if (callee && take(callee, value::as<value::Cell>(caller->constant[i.b])->name)) callers->push_back(callee);
    }
  }

  bool take(Proto* callee, Value name) {
    if (callee == root_ || !is_fit(*callee) || found_.size() >= kMostCompanions) return false;
    std::string global(frame::symbol_name(name));
    if (std::any_of(found_.begin(), found_.end(), [&](const auto& other) { return other.global == global; })) return false;
    size_t size = callee->function->code.size();
    if (instructions_ + size > kMostInstructionsOfAll || state_.excluded(global)) return false;
    instructions_ += size;
    state_.adopt(vm_, callee);
    bytecode::note_record_types(callee);
    found_.push_back({std::move(global), bytecode::encode(callee), callee->function->hash});
    return true;
  }

  // What the worker makes variants of: see worker/emit/program.hpp.
  static bool is_fit(const Proto& callee) {
    const bytecode::FunctionCode* code = callee.function;
    return code && code->takes_plain_arguments() && code->handlers.empty() && code->code.size() <= kMostInstructions &&
           !calls_others_in_loops(callee);
  }

  // Such a function is compiled for itself, with those it calls: there time goes, and here would be no room for them.
  static bool calls_others_in_loops(const Proto& callee) {
    const std::vector<bytecode::Instr>& code = callee.function->code;
    const auto is_other = [&](bytecode::Instr i) { return is_call_of_global(i) && callee_of(callee, i) != &callee; };
    return std::any_of(code.begin(), code.end(), [](bytecode::Instr i) { return op_of(i) == Op::kLoop; }) &&
           std::any_of(code.begin(), code.end(), is_other);
  }

  static bool is_call_of_global(bytecode::Instr i) { return op_of(i) == Op::kCallGlobal || op_of(i) == Op::kTailCallGlobal; }

  // The prototype of the function that a call goes to now; null: it is none.
  static Proto* callee_of(const Proto& caller, bytecode::Instr call) {
    const Value held = value::as<value::Cell>(caller.constant[call.b])->value;
    return value::is_function(held) ? value::as_closure(held)->proto : nullptr;
  }

  Engine::State& state_;
  VmState* vm_;
  Proto* root_;
  std::vector<jobs::Companion> found_;
  size_t instructions_ = 0;
};

}  // namespace

std::vector<jobs::Companion> Engine::State::companions_of(VmState* vm, Proto* proto) {
  return Gathering(*this, vm, proto).run();
}

}  // namespace terrace::engine
