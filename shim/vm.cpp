// shim/vm.cpp: making vms, and what ends with them.
#include "vm.hpp"

#include "call.hpp"
#include "options.hpp"

namespace terrace::shim {

namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Tool::kCount)> kToolNames = {
    "write-to-string", "display-to-string", "equal?", "dict-get", "dict-set!", "string->number"};

jit_vm* make_vm_handle(Vm& vm) { return static_cast<jit_vm*>(make_handle(Kind::kVm, vm.shared_from_this())); }

jit_status fetch_tools(Vm& vm, Report& report) {
  for (size_t i = 0; i < kToolNames.size(); i++) {
    Value symbol = vm.instance->vm().intern(kToolNames[i]);
    Value function = vm.instance->vm().cell_of(symbol)->value;
    if (!value::is_function(function))
      return report.fail(JIT_E_STATE, "this library was built without the primitive %s", kToolNames[i].data());
    vm.tools[i] = vm.instance->add_reference(function);
  }
  return JIT_OK;
}

}  // namespace

void Finalizers::due(Finalizer* finalizer) noexcept {
  if (!finalizer) return;
  // Taken out of the record: a finalizer that waits must not keep alive the place where it waits.
  std::shared_ptr<Finalizers> home = std::move(finalizer->home);
  finalizer->next = home->head_.load(std::memory_order_relaxed);
  while (!home->head_.compare_exchange_weak(finalizer->next, finalizer, std::memory_order_release)) continue;
}

void Finalizers::run_due() noexcept {
  Finalizer* newest = head_.exchange(nullptr, std::memory_order_acquire);
  Finalizer* oldest = nullptr;
  while (newest) {
    Finalizer* next = newest->next;
    newest->next = oldest;
    oldest = std::exchange(newest, next);
  }
  while (oldest) {
    std::unique_ptr<Finalizer> due(oldest);
    oldest = due->next;
    if (due->function) due->function(due->env);
  }
}

LentVm::LentVm(Vm& vm) : handle_(vm.handle.load(std::memory_order_acquire)) {
  if (retain_handle(Kind::kVm, handle_)) return;
  handle_ = make_vm_handle(vm);
  vm.handle.store(handle_, std::memory_order_release);
}
LentVm::~LentVm() { release_handle(Kind::kVm, handle_); }

void forget_reference(void* vm, uint32_t reference) noexcept {
  static_cast<Vm*>(vm)->instance->drop_reference(reference);
}

}  // namespace terrace::shim

using namespace terrace;
using namespace terrace::shim;

namespace {

engine::InstanceOptions read_options(const jit_vm_options& options, const std::shared_ptr<Registration>& writer) {
  engine::InstanceOptions out;
  if (options.heap_limit) out.heap_limit = options.heap_limit;
  if (options.stack_limit) out.stack_limit = options.stack_limit;
  out.fuel_ms = options.fuel;
  out.output_limit = options.output_limit;
  out.no_control = options.no_control != 0;
  out.gc_stress = options.gc_stress != 0;
  if (options.write)
    out.write = [write = options.write, writer](const char* data, size_t size) { write(writer->env(), data, size); };
  return out;
}

jit_status make_vm(jit_engine* engine, const jit_vm_options* given, jit_vm** out, Report& report) {
  Pin pin(Kind::kEngine, engine);
  if (!pin) return report.bad_handle("engine", engine);
  jit_vm_options options;
  if (jit_status status = copy_options(given, &options, report)) return status;
  auto vm = std::make_shared<Vm>();
  auto writer = std::make_shared<Registration>(options.write_finalizer, options.write_env, vm->finalizers);
  vm->instance = engine::Instance::make(pin.as<EngineHolder>().engine, read_options(options, writer));
  if (!vm->instance) return report.fail(JIT_E_MEMORY, "the system gives no memory for a heap");
  auto body = [&](Call& call) { return fetch_tools(call.vm, call.report); };
  if (jit_status status = enter(report, *vm, nullptr, body)) return status;
  *out = make_vm_handle(*vm);
  vm->handle = *out;
  writer->arm();
  return JIT_OK;
}

}  // namespace

jit_status jit_vm_new(jit_engine* engine, const jit_vm_options* options, jit_vm** out, jit_error** err) {
  const bool wanted = clear(out);
  return guarded("jit_vm_new", err, [&](Report& report) {
    return wanted ? make_vm(engine, options, out, report) : report.no_output("out");
  });
}

jit_vm* jit_vm_retain(jit_vm* vm) { return retain_handle(Kind::kVm, vm) ? vm : nullptr; }
void jit_vm_release(jit_vm* vm) { release_handle(Kind::kVm, vm); }

// Called from signal handlers: nothing here allocates, locks or ends a vm.
jit_status jit_interrupt(jit_vm* vm) {
  Pin pin(Kind::kVm, vm);
  if (!pin) return JIT_E_HANDLE;
  pin.let_others_end();
  pin.as<Vm>().instance->interrupt();
  return JIT_OK;
}
