// addon/vm.cpp: vms: making, closing, globals, and the tier of one function.
#include "errors.hpp"
#include "exports.hpp"
#include "handles.hpp"
#include "registry.hpp"
#include "to_js.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

constexpr const char* kToolNames[] = {"make-error",      "error-kind", "error-message",
                                      "error-irritants", "/",          "make-i64-vector"};
static_assert(std::size(kToolNames) == static_cast<size_t>(Tool::kCount));

// Output of a program. What the function throws ends in the run that is going on (run.cpp).
void write(void* env, const char* data, size_t size) {
  auto& vm = *static_cast<VmHandle*>(env);
  if (vm.environment().ended() || vm.thrown_by_write) return;
  napi_env js = vm.env();
  try {
    Scope scope(js);
    napi_value function, text = make_text(js, data, size);
    check(js, napi_get_reference_value(js, vm.write_function, &function));
    check(js, napi_get_named_property(js, function, "is", &function));
    check(js, napi_call_function(js, undefined(js), function, 1, &text, nullptr));
  } catch (const Pending&) {
    napi_value thrown, holder;
    if (napi_get_and_clear_last_exception(js, &thrown) != napi_ok || napi_create_object(js, &holder) != napi_ok) return;
    napi_set_named_property(js, holder, "is", thrown);
    napi_create_reference(js, holder, 1, &vm.thrown_by_write);
  }
}

// The writer may outlive the vm handle's interest in it by nothing: the library's vm goes first.
void set_writer(VmHandle& vm, napi_value options, jit_vm_options* to) {
  napi_env env = vm.env();
  napi_value function = property(env, options, "write"), holder;
  if (is_missing(env, function)) return;
  if (!is_function(env, function)) throw_type_error(env, "write is to be a function");
  check(env, napi_create_object(env, &holder));
  check(env, napi_set_named_property(env, holder, "is", function));
  check(env, napi_create_reference(env, holder, 1, &vm.write_function));
  to->write = &write;
  to->write_env = &vm;
}

void read_options(VmHandle& vm, napi_value given, jit_vm_options* to) {
  napi_env env = vm.env();
  to->size = sizeof *to;
  napi_value heap = property(env, given, "heapLimit"), stack = property(env, given, "stackLimit");
  if (!is_missing(env, heap)) to->heap_limit = static_cast<uint64_t>(number_of(env, heap));
  if (!is_missing(env, stack)) to->stack_limit = static_cast<uint64_t>(number_of(env, stack));
  to->gc_stress = truth_of(env, property(env, given, "gcStress"));
  vm.arrays_are_lists = truth_of(env, property(env, given, "arraysAreLists"));
  vm.dicts_are_objects = truth_of(env, property(env, given, "dictsAreObjects"));
  set_writer(vm, given, to);
}

void fetch_tools(VmHandle& vm) {
  for (size_t i = 0; i < vm.tools.size(); i++) {
    const std::string name = kToolNames[i];
    jit_value found{};
    jit_error* error = nullptr;
    check_status(vm, vm.lib().lookup(vm.vm, name.data(), name.size(), &found, &error), error);
    vm.tools[i] = found.as.ref;
  }
}

// vmNew(engine, core, options) -> vm
napi_value vm_new(const Arguments& arguments) {
  auto engine = unwrap<EngineHandle>(arguments.env(), arguments[0]);
  check_open(*engine);
  auto vm = std::make_shared<VmHandle>(engine);
  check(arguments.env(), napi_create_reference(arguments.env(), arguments[1], 0, &vm->core_reference));
  jit_vm_options options{};
  read_options(*vm, arguments[2], &options);
  jit_error* error = nullptr;
  check_status(*engine, engine->lib.vm_new(engine->engine, &options, &vm->vm, &error), error);
  vm->alarm.interrupt = vm->lib().interrupt;
  vm->alarm.vm = vm->vm;
  vm->id = register_vm(*vm);
  fetch_tools(*vm);
  return make_external(arguments.env(), std::move(vm));
}

VmHandle& vm_of(const Arguments& arguments) {
  auto vm = unwrap<VmHandle>(arguments.env(), arguments[0]);
  check_open(*vm);
  return *vm;  // the external on the stack keeps it
}

// vmClose(vm)
napi_value vm_close(const Arguments& arguments) {
  auto vm = unwrap<VmHandle>(arguments.env(), arguments[0]);
  if (vm->running) throw_type_error(arguments.env(), "the vm is running; it can be closed when that has ended");
  arguments.environment.release_all_of(*vm);
  vm->release();
  return nullptr;
}

// vmId(vm) -> number for stop()
napi_value vm_id(const Arguments& arguments) { return make_number(arguments.env(), vm_of(arguments).id); }

// stop(id) -> whether there is such a vm
napi_value stop(const Arguments& arguments) {
  napi_value answer;
  check(arguments.env(),
        napi_get_boolean(arguments.env(), stop_vm(static_cast<uint32_t>(arguments.number(0))), &answer));
  return answer;
}

// define(vm, name, value)
napi_value define(const Arguments& arguments) {
  VmHandle& vm = vm_of(arguments);
  const std::string name = arguments.text(1);
  ToSx converter(vm);
  if (is_function(arguments.env(), arguments[2]) && !converter.is_sx_function(arguments[2])) {
    define_host_function(vm, name, arguments[2]);
    return nullptr;
  }
  jit_value value = converter.convert(arguments[2]);
  jit_error* error = nullptr;
  check_status(vm, vm.lib().define(vm.vm, name.data(), name.size(), &value, &error), error);
  return nullptr;
}

// lookup(vm, name) -> value
napi_value lookup(const Arguments& arguments) {
  VmHandle& vm = vm_of(arguments);
  const std::string name = arguments.text(1);
  jit_value value{};
  jit_error* error = nullptr;
  check_status(vm, vm.lib().lookup(vm.vm, name.data(), name.size(), &value, &error), error);
  return to_js(vm, value);
}

// optimize(vm, function, tier)
napi_value optimize(const Arguments& arguments) {
  VmHandle& vm = vm_of(arguments);
  ToSx converter(vm);
  jit_value function = converter.convert(arguments[1]);
  jit_error* error = nullptr;
  check_status(vm, vm.lib().optimize(vm.vm, &function, static_cast<uint32_t>(arguments.number(2)), &error), error);
  return nullptr;
}

// demote, pinFunction, unpinFunction (vm, function)
template <jit_status (*Library::*act)(jit_vm*, const jit_value*, jit_error**)>
napi_value on_function(const Arguments& arguments) {
  VmHandle& vm = vm_of(arguments);
  ToSx converter(vm);
  jit_value function = converter.convert(arguments[1]);
  jit_error* error = nullptr;
  check_status(vm, (vm.lib().*act)(vm.vm, &function, &error), error);
  return nullptr;
}

// explain(vm, function) -> JSON text
napi_value explain(const Arguments& arguments) {
  VmHandle& vm = vm_of(arguments);
  ToSx converter(vm);
  jit_value function = converter.convert(arguments[1]);
  char* text = nullptr;
  jit_error* error = nullptr;
  check_status(vm, vm.lib().explain(vm.vm, &function, &text, &error), error);
  const std::string copy = text;
  vm.lib().text_release(text);
  return make_text(arguments.env(), copy);
}

}  // namespace

void export_vm(Exports& exports) {
  exports.add<vm_new>("vmNew");
  exports.add<vm_close>("vmClose");
  exports.add<vm_id>("vmId");
  exports.add<stop>("stop");
  exports.add<define>("define");
  exports.add<lookup>("lookup");
  exports.add<optimize>("optimize");
  exports.add<on_function<&Library::demote>>("demote");
  exports.add<on_function<&Library::pin_function>>("pinFunction");
  exports.add<on_function<&Library::unpin_function>>("unpinFunction");
  exports.add<explain>("explain");
}

}  // namespace terrace::node
