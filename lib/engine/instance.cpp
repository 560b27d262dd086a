// engine/instance.cpp: running: how a job of the host becomes a computation and its messages become outcomes.
#include "effect/switching.hpp"
#include "engine/state.hpp"
#include "interp/loop.hpp"
#include "prelude/prelude.hpp"
#include "prims/primitive.hpp"
#include "syntax/compile.hpp"
#include "text/reader.hpp"

namespace terrace::engine {
namespace {

using namespace value;
using effect::Computation;
using effect::Message;

constexpr uint64_t kNsPerMs = 1'000'000;

frame::Hooks hooks() {
  frame::Hooks h;
  h.perform = &effect::Switchboard::perform;
  h.host_call = &effect::Switchboard::host_call;
  h.safepoint = [](VmState* vm) {
    Instance::State& state = state_of(vm);
    if (state.owner.engine().state().cache.wants_scan()) state.scan_for_code();
    if (state.limits->safepoint() == kUnwind) return kUnwind;
    return effect::Switchboard::safepoint(vm);
  };
  h.eval = [](VmState* vm, Value form) {
    text::SourceMap nowhere;
    Value code = syntax::compile_toplevel(vm, form, nowhere, "eval");
    return code == kUnwind ? kUnwind : frame::call(vm, code, nullptr, 0);
  };
  h.tick = [](VmState* vm, Value closure) { state_of(vm).owner.engine().state().tick(vm, closure); };
  h.deoptimised = [](VmState* vm, Value closure, uintptr_t record, uint32_t pc) {
    state_of(vm).owner.engine().state().deoptimised(vm, as_closure(closure)->proto, record, pc);
  };
  h.code_left = [](VmState* vm, Value closure, uintptr_t record) {
    state_of(vm).owner.engine().state().code_left(vm, as_closure(closure)->proto, record);
  };
  h.loop_entry_missing = [](VmState* vm, Value closure) {
    state_of(vm).owner.engine().state().loop_entry_missing(vm, as_closure(closure)->proto);
  };
  h.adopt = [](VmState* vm, Proto* proto) { state_of(vm).owner.engine().state().adopt(vm, proto); };
  h.control = &control;
  h.proto_made = [](VmState* vm, Proto* proto) {
    proto->entry = &interp::enter;
    proto->aux = proto->function->register_count;
    proto->interval = proto->countdown = tier::first_countdown(state_of(vm).owner.engine().state().settings);
  };
  h.name_made = [](VmState* vm, Value symbol) {
    if (!prims::provide(vm, frame::symbol_name(symbol))) prelude::provide(vm, frame::symbol_name(symbol));
  };
  h.meet_all = [](VmState* vm) {
    prims::install(vm);
    prelude::install(vm);
  };
  h.write = [](VmState* vm, const char* data, size_t size) { return state_of(vm).write(data, size); };
  return h;
}

struct EvalJob {
  std::string source;
  std::string name;
};

// An error without any place, as when the form itself is a wrong call, happened in the form.
Value failed_in(VmState* vm, const std::string& source, text::Position at) {
  const bool is_known = vm->unwind_kind != frame::UnwindKind::kError || !is_error(vm->unwind_value) ||
                        !is_nil(as<Error>(vm->unwind_value)->trace);
  if (!is_known && at) frame::add_place(vm, source, at.line, at.column);
  return kUnwind;
}

// Reads, compiles and runs one form after the other, so that a form sees the macros and globals of those before it.
Value run_source(VmState* vm, void* data) {
  EvalJob job = std::move(*static_cast<EvalJob*>(data));
  text::Reader reader(vm, job.source, job.name);
  text::SourceMap places;
  Value result = kUnspecified;
  for (;;) {
    places.clear();
    Value form = reader.next(places);
    if (form == kEof) return result;
    if (form == kUnwind) return kUnwind;
    Value code = syntax::compile_toplevel(vm, form, places, job.name);
    if (code == kUnwind) return kUnwind;
    result = frame::call(vm, code, nullptr, 0);
    if (result == kUnwind) return failed_in(vm, job.name, places.whole());
  }
}

struct CallJob {
  Value function;
  const Value* args;
  size_t count;
};

// The stack is fresh, so that there is room on it, and most calls have few arguments.
Value run_call(VmState* vm, void* data) {
  const auto& job = *static_cast<CallJob*>(data);
  if (!is_function(job.function) || job.count > frame::kRegisterArguments) [[unlikely]]
    return frame::call(vm, job.function, job.args, job.count);
  Value args[frame::kRegisterArguments] = {kNil, kNil, kNil};
  for (size_t i = 0; i < job.count; i++) args[i] = job.args[i];
  const NativeEntry entry = std::atomic_ref(as_closure(job.function)->proto->entry).load(std::memory_order_acquire);
  return entry(vm, job.function, job.count, args[0], args[1], args[2]);
}

// All arguments of a call of a host function in one place that the collector sees.
Value host_entry(VmState* vm, Value callee, uint64_t argc, Value a0, Value a1, Value a2) {
  auto* record = static_cast<HostRecord*>(as_closure(callee)->proto->native);
  Value args[frame::kMaxXargs + frame::kRegisterArguments];
  uint64_t n = argc & frame::kArgcMask;
  Value first[] = {a0, a1, a2};
  for (uint64_t i = 0; i < n; i++)
    args[i] = i < frame::kRegisterArguments ? first[i] : vm->xargs[i - frame::kRegisterArguments];
  if (argc & frame::kSpread) {
    Value list = args[--n];
    for (; is_pair(list) && n < std::size(args); list = cdr(list)) args[n++] = car(list);
    if (!is_nil(list))
      return frame::raise_error(vm, frame::ErrorKind::kArity, "%s: more than %zu arguments, or an improper list",
                                record->name.c_str(), std::size(args));
  }
  if (static_cast<int>(n) < record->min_args || (record->max_args >= 0 && static_cast<int>(n) > record->max_args))
    return frame::raise_arity_of(vm, record->name, record->min_args, record->max_args, n);
  return frame::vm_of(vm).hooks.host_call(vm, record, args, n);
}

}  // namespace

Instance::State::State(Instance& instance, InstanceOptions given) : owner(instance), options(std::move(given)) {
  writer.function = [this](VmState*, const Value* args, uint64_t) {
    const auto* text = reinterpret_cast<const Output*>(args);
    HostFloats floats(owner);
    options.write(text->data, text->size);
    return kUnspecified;
  };
}

Instance::State::~State() = default;

bool Instance::State::write(const char* data, size_t size) {
  if (!limits->may_write(size)) return false;
  if (!options.write) return true;
  const Output text{data, size};
  const auto* args = reinterpret_cast<const Value*>(&text);
  if (board->current())
    effect::Switchboard::host_call(owner.state(), &writer, args, 0);
  else
    writer.function(owner.state(), args, 0);
  return true;
}

bool Instance::State::surely_empty() const { return entered_by.load() == 0 && board->all_idle(); }

// Looking takes time for all that is set aside, so the more there is, the more entries it has to wait.
void Instance::State::scan_sometimes() {
  constexpr uint64_t kBytesPerEntry = 512;
  if (board->busy() == 0 || ++entries_since_scan > bytes_scanned / kBytesPerEntry) scan_for_code();
}

void Instance::State::scan_for_code() {
  entries_since_scan = 0;
  cache::CodeCache& cache = owner.engine().state().cache;
  cache::Scan scan;
  if (!cache.begin_scan(this, &scan)) return;
  bytes_scanned = 0;
  std::vector<uintptr_t> words = board->words_between(scan.inverted_low, scan.inverted_high, &bytes_scanned);
  cache.scanned(this, scan, std::move(words), bytes_scanned);
}

void Instance::State::advance(uint32_t epoch) {
  std::atomic_ref(owner.state()->epoch).store(epoch, std::memory_order_relaxed);
}

// A safepoint looks whether code waits, whatever it was asked for.
void Instance::State::ask_for_scan() { owner.vm().request(0); }

void Instance::State::do_left_work() {
  std::vector<std::shared_ptr<Computation>> left;
  {
    std::lock_guard lock(mutex);
    has_left_work.store(false, std::memory_order_relaxed);
    for (uint32_t slot : dropped_references) {
      (*references)[slot] = kNil;
      free_references.push_back(slot);
    }
    dropped_references.clear();
    left.swap(abandoned);
  }
  if (collect_wanted.exchange(false)) {
    owner.vm().heap.collect();
    owner.vm().heap.trim();
  }
  for (auto& computation : left) owner.cancel(computation);
}

Outcome Instance::State::failed() {
  VmState* vm = owner.state();
  if (vm->unwind_kind == frame::UnwindKind::kCancel && limits->spent()) {
    limits->raise(*limits->spent());
  } else if (vm->unwind_kind == frame::UnwindKind::kCancel) {
    frame::raise_error(vm, frame::ErrorKind::kCancelled, "the computation was cancelled");
  } else if (vm->unwind_kind == frame::UnwindKind::kEscape) {
    frame::raise_error(vm, frame::ErrorKind::kEscape, "an escape left the computation in which its block is running");
  }
  Value raised = vm->unwind_value;
  vm->unwind_kind = frame::UnwindKind::kNone;
  vm->unwind_value = kNil;
  return {Outcome::Kind::kFailed, raised, nullptr};
}

// Goes on with a computation until it ends or has something to say to the host.
inline Outcome Instance::State::drive(Computation* c, Value first_answer, bool can_suspend) {
  Limits::Period period(*limits, *c);
  c->can_suspend = can_suspend;
  const Message& said = board->switch_in(c, first_answer);
  while (said.kind == Message::Kind::kHostCall) {
    auto* record = static_cast<HostRecord*>(said.record);
    Value answer = record->function(owner.state(), said.args, said.argc);
    board->switch_in(c, answer);
  }
  if (said.kind != Message::Kind::kDone) [[unlikely]]
    return set_aside(c, said);
  const Value result = said.value;
  board->recycle(c);
  if (result == kUnwind) [[unlikely]]
    return failed();
  return {Outcome::Kind::kDone, result, nullptr};
}

// The handle owns nothing: the computation is the switchboard's.
Outcome Instance::State::set_aside(Computation* c, const Message& said) {
  auto kind = said.kind == Message::Kind::kRequest ? Outcome::Kind::kSuspended : Outcome::Kind::kInterrupted;
  return {kind, said.value, std::shared_ptr<Computation>(c, [](Computation*) {})};
}

Instance::Instance() = default;

std::shared_ptr<Instance> Instance::make(std::shared_ptr<Engine> engine, InstanceOptions options) {
  std::shared_ptr<Instance> made(new Instance);
  made->engine_ = std::move(engine);
  heap::HeapOptions heap;
  heap.limit_bytes = options.heap_limit;
  heap.stress = options.gc_stress;
  made->vm_ = std::make_unique<frame::Vm>(heap, hooks());
  made->vm_->engine_side = (made->state_ = std::make_unique<State>(*made, std::move(options))).get();
  State& state = *made->state_;
  frame::Vm& vm = *made->vm_;
  state.board = std::make_unique<effect::Switchboard>(vm, state.options.stack_limit);
  state.limits = std::make_unique<Limits>(vm, made->engine_->state().fuel);
  state.references = std::make_unique<heap::RootedValues>(vm.heap);
  vm.state.runtime = interp::runtime_table();
  vm.outside_limit = std::min<uint64_t>(vm.outside_limit, state.options.heap_limit);
  vm.heap.add_root_provider([board = state.board.get()](heap::Marker& marker) { board->roots(marker); });
  Engine::State& shared = made->engine_->state();
  {
    std::lock_guard lock(shared.mutex);
    shared.instances.push_back(&state);
  }
  shared.started.store(true);
  shared.cache.add_owner(&state);
  const InstanceOptions& given = state.options;
  uint64_t fuel_ns = std::min(given.fuel_ms, UINT64_MAX / kNsPerMs) * kNsPerMs;
  state.limits->set(fuel_ns, given.output_limit, given.heap_limit);
  return made;
}

Instance::~Instance() {
  if (!state_) return;
  {
    Entry entry(*this);
    for (Computation* c : state_->board->set_aside()) cancel(std::shared_ptr<Computation>(c, [](Computation*) {}));
  }
  Engine::State& shared = engine_->state();
  {
    std::lock_guard lock(shared.mutex);
    std::erase(shared.instances, state_.get());
  }
  shared.dead_heap_collections += vm_->heap.stats().collections;
  state_->references.reset();
  state_->board->clear();
  shared.cache.remove_owner(state_.get());
  vm_.reset();
}

Outcome Instance::eval(std::string_view source, std::string_view name, bool can_suspend) {
  EvalJob job{std::string(source), std::string(name)};
  if (!state_->innermost || !state_->board->current()) forget_requests(*vm_, frame::kRequestInterrupt);
  Computation* c = state_->board->start(&run_source, &job);
  if (!c) return no_stack();
  return state_->drive(c, kNil, can_suspend);
}

Outcome Instance::call(Value function, std::span<const Value> args, bool can_suspend) {
  CallJob job{function, args.data(), args.size()};
  if (!state_->board->current()) forget_requests(*vm_, frame::kRequestInterrupt);
  Computation* c = state_->board->start(&run_call, &job);
  if (!c) return no_stack();
  return state_->drive(c, kNil, can_suspend);
}

Outcome Instance::no_stack() {
  frame::raise_error(state(), frame::ErrorKind::kHeapLimit, "the system has no memory for another computation's stack");
  return state_->failed();
}

Outcome Instance::resume(const std::shared_ptr<Computation>& computation, Value answer, bool can_suspend) {
  return state_->drive(computation.get(), answer, can_suspend);
}

Outcome Instance::resume_error(const std::shared_ptr<Computation>& computation, std::string_view message,
                               bool can_suspend) {
  frame::raise_error_with(state(), frame::ErrorKind::kHost, message, kNil);
  return state_->drive(computation.get(), kUnwind, can_suspend);
}

void Instance::cancel(const std::shared_ptr<Computation>& computation) {
  if (computation->state() != effect::State::kSuspended && computation->state() != effect::State::kInterrupted) return;
  // An interrupt that came before was not meant for the exits, which it would cut short.
  if (!state_->board->current()) forget_requests(*vm_, frame::kRequestInterrupt);
  vm_->state.unwind_kind = frame::UnwindKind::kCancel;
  vm_->state.unwind_token = 0;
  vm_->state.unwind_value = kNil;
  state_->drive(computation.get(), kUnwind, false);
}

void Instance::abandon(std::shared_ptr<Computation> computation) {
  std::lock_guard lock(state_->mutex);
  state_->abandoned.push_back(std::move(computation));
  state_->has_left_work.store(true);
}

void Instance::collect_when_left() {
  state_->collect_wanted.store(true);
  state_->has_left_work.store(true);
}

void Instance::interrupt() { vm_->request(frame::kRequestInterrupt); }

void Instance::define_host_function(std::string_view name, int min_args, int max_args, HostFunction function) {
  auto* record = new HostRecord{std::move(function), min_args, max_args, std::string(name)};
  Value made = frame::make_native_function(state(), name, &host_entry, UINT64_MAX, record, 0);
  vm_->heap.add_finalizable(
      as_closure(made)->proto,
      [](void*, Object* proto) { delete static_cast<HostRecord*>(static_cast<Proto*>(proto)->native); }, nullptr);
  vm_->define(name, made);
}

uint32_t Instance::add_reference(Value v) {
  heap::RootedValues& references = *state_->references;
  if (!state_->free_references.empty()) {
    uint32_t slot = state_->free_references.back();
    state_->free_references.pop_back();
    references[slot] = v;
    return slot;
  }
  references.push(v);
  return static_cast<uint32_t>(references.size() - 1);
}

Value Instance::reference(uint32_t slot) const { return (*state_->references)[slot]; }

void Instance::drop_reference(uint32_t slot) {
  std::lock_guard lock(state_->mutex);
  state_->dropped_references.push_back(slot);
  state_->has_left_work.store(true);
}

}  // namespace terrace::engine
