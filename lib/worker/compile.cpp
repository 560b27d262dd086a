// worker/compile.cpp: one libgccjit context per batch.
#include "worker/compile.hpp"

#include "bytecode/encoding.hpp"
#include "bytecode/verifier.hpp"
#include "prims/primitive.hpp"
#include "worker/emit/emitter.hpp"

namespace terrace::worker {
namespace {

using namespace emit;

const Plan& plan_of(Tier tier) { return tier == Tier::kOpt ? kOptPlan : kBasePlan; }

std::unique_ptr<bytecode::PortableFunction> decode(const Job& job, std::string* error) {
  auto function = bytecode::decode(job.encoding, error);
  std::string reason;
  if (function && !bytecode::verify(function->code, prims::accepts, &reason)) {
    *error = job.symbol + ": " + reason;
    return nullptr;
  }
  if (!function) *error = job.symbol + ": " + *error;
  return function;
}

// Writes one body; where the plan says so twice, first into a context that is thrown away, to learn the order of
// blocks.
void write_body(Module& module, Module* draft, const bytecode::PortableFunction& function, const Flow& flow,
                const Types& types, Entries entries, const Bodies& bodies) {
  if (draft == nullptr) {
    Layout layout(bodies.body);
    Emitter(module, function, flow, types, entries, bodies, layout).emit();
    return;
  }
  Function rehearsal = draft->new_entry("draft", false);
  Layout counted(rehearsal);
  Emitter(*draft, function, flow, types, entries, Bodies{rehearsal, rehearsal, rehearsal}, counted).emit();
  Layout layout(counted, bodies.body);
  Emitter(module, function, flow, types, entries, bodies, layout).emit();
}

void write_function(Module& module, Module* draft, const bytecode::PortableFunction& function,
                    const std::string& symbol) {
  Flow flow(function);
  Types types(function, flow, module.plan().specialises);
  Function main = module.new_entry(symbol, true);
  if (!module.plan().separate_nested_loops || !flow.has_nested_loops())
    return write_body(module, draft, function, flow, types, Entries::kCallsAndLoops, Bodies{main, main, main});
  Function loops = module.new_entry(symbol + "_loops", false);
  write_body(module, draft, function, flow, types, Entries::kCalls, Bodies{main, main, loops});
  write_body(module, draft, function, flow, types, Entries::kLoops, Bodies{loops, main, loops});
}

bool write_batch(Module& module, const std::vector<Job>& jobs, std::string* error) {
  std::unique_ptr<Module> draft = module.plan().orders_blocks ? std::make_unique<Module>(module.plan()) : nullptr;
  for (const Job& job : jobs) {
    auto function = decode(job, error);
    if (!function) return false;
    write_function(module, draft.get(), *function, job.symbol);
  }
  return true;
}

}  // namespace

bool compile_batch(const std::vector<Job>& jobs, Tier tier, const std::string& object_path, std::string* error) {
  Module module(plan_of(tier));
  return write_batch(module, jobs, error) && module.compile(object_path, error);
}

bool dump_batch(const std::vector<Job>& jobs, Tier tier, const std::string& prefix, std::string* error) {
  Module module(plan_of(tier));
  return write_batch(module, jobs, error) && module.dump(prefix, error);
}

}  // namespace terrace::worker
