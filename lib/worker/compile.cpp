// worker/compile.cpp: one libgccjit context per batch.
#include "worker/compile.hpp"

#include "worker/emit/emitter.hpp"

namespace terrace::worker {
namespace {

using namespace emit;

const Plan& plan_of(Tier tier) { return tier == Tier::kOpt ? kOptPlan : kBasePlan; }

// Writes one body; where the plan says so twice, first into a context that is thrown away, to learn the order of
// blocks.
void write_body(Module& module, Module* draft, Program& program, const Types& types, Entries entries, const Bodies& bodies) {
  if (draft == nullptr) {
    Layout layout(bodies.body);
    Emitter(module, program, 0, types, nullptr, entries, bodies, layout).emit();
    return;
  }
  Function rehearsal = draft->new_entry("draft", false);
  Layout counted(rehearsal);
  Emitter(*draft, program, 0, types, nullptr, entries, Bodies{rehearsal, rehearsal, rehearsal}, counted).emit();
  Layout layout(counted, bodies.body);
  Emitter(module, program, 0, types, nullptr, entries, bodies, layout).emit();
}

void write_variants(Module& module, Program& program) {
  while (const Variant* variant = program.next_to_write()) {
    Layout layout(variant->body);
    Bodies bodies{variant->body, variant->body, variant->body};
    Emitter(module, program, variant->function, *variant->types, variant, Entries::kCalls, bodies, layout).emit();
  }
}

// Entries into nested loops are a second copy of the function, which is worth making only where the loops are entered.
void write_job(Module& module, Module* draft, Program& program, const Job& job) {
  const Flow& flow = program.flow(0);
  const bool specialises = module.plan().specialises;
  Types types(program.function(0), flow, specialises, specialises ? Role{&program, 0, nullptr} : Role{});
  Function main = module.new_entry(job.symbol, true);
  const bool separates = module.plan().separate_nested_loops && program.function(0).code.has_nested_loops();
  if (separates && !job.enters_loops) {
    write_body(module, draft, program, types, Entries::kCalls, Bodies{main, main, nullptr});
  } else if (separates) {
    Function loops = module.new_entry(job.symbol + "_loops", false);
    write_body(module, draft, program, types, Entries::kCalls, Bodies{main, main, loops});
    write_body(module, draft, program, types, Entries::kLoops, Bodies{loops, main, loops});
  } else {
    write_body(module, draft, program, types, Entries::kCallsAndLoops, Bodies{main, main, main});
  }
  write_variants(module, program);
}

// What has run before it is compiled is worth more of the compiler's time than what is compiled on suspicion.
bool write_batch(Module& module, const std::vector<Job>& jobs, std::string* error) {
  bool has_run = false;
  std::unique_ptr<Module> draft = module.plan().orders_blocks ? std::make_unique<Module>(module.plan()) : nullptr;
  for (const Job& job : jobs) {
    Program program(module);
    if (!program.add(job, error)) return false;
    write_job(module, draft.get(), program, job);
    has_run |= job.has_run;
  }
  if (has_run && module.plan().specialises) module.inline_more();
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
