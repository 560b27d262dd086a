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
constexpr size_t kMostCompanions = 16;
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
      if (op_of(i) != Op::kCallGlobal && op_of(i) != Op::kTailCallGlobal) continue;
      const auto* cell = value::as<value::Cell>(caller->constant[i.b]);
      Proto* callee = value::is_function(cell->value) ? value::as_closure(cell->value)->proto : nullptr;
      if (callee && take(callee, cell->name)) callers->push_back(callee);
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
    found_.push_back({std::move(global), bytecode::encode(callee), callee->function->hash});
    return true;
  }

  // What the worker makes variants of: see worker/emit/program.hpp.
  static bool is_fit(const Proto& callee) {
    const bytecode::FunctionCode* code = callee.function;
    return code && code->takes_plain_arguments() && code->handlers.empty() && code->code.size() <= kMostInstructions;
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
