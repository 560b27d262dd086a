// heap/heap.cpp: when memory is handed out, when it is collected, and who is asked.
//
// Answers for: the windows of the mutator, pacing, limits, roots, weak tables and finalizers. Not for: the shape of
// memory (heap/space.hpp) and marking (heap/tracer.hpp).
//
// Rules
//  1. A window lies in one hole of one block. Before marking, windows are closed: what is left becomes a hole again.
//  2. Collections happen only in slow paths and in collect(); never while a finalizer or hook runs.
//  3. The limit is compared with `live` + `since` + `external`: what the last collection found, what was handed out since, and
//     what objects keep alive outside. Minor
//     collections find the old that has died alive, so only a full one can say that the limit is passed.
//  4. No card is dirty and no block young right after a collection: what it found alive is old.
#include "heap/heap.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <new>

#include "base/pages.hpp"
#include "heap/space.hpp"
#include "heap/tracer.hpp"

namespace terrace::heap {

namespace {

constexpr size_t kNursery = 3 << 20;      // bytes between collections, at least
constexpr size_t kMaxNursery = 64 << 20;  // and at most, when there are many roots to go through each time
constexpr size_t kManySurvivors = 768 << 10;
constexpr size_t kMinGrowth = 16 << 20;  // bytes that grow old between full collections, at least
constexpr size_t kExternalNursery = 8 << 20;
constexpr size_t kStressWindow = 512;  // bytes of a window in stress runs
constexpr size_t kStressShare = 1024;  // of a large heap, this part is allocated between collections in stress runs
constexpr size_t kKeptMarkStack = 1 << 20;  // entries of the mark stack that are kept between collections
constexpr size_t kMinReserve = 256 << 10;   // what may be used past the limit before it is reported again
constexpr size_t kMaxObject = size_t{1} << 36;
constexpr size_t kSlackChunks = 2;  // empty chunks kept beyond what one cycle needs

struct Finalizable {
  value::Object* object;
  void (*free)(void* env, value::Object* o);
  void* env;
};

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

}  // namespace

struct Heap::State {
  State(AllocWindow* w, const HeapOptions& options) : window(w), stress(options.stress) {
    set_limit(options.limit_bytes);
    *window = AllocWindow{};
  }

  void collect(Heap& heap, bool minor);
  bool wants_full();
  void pace(Heap& heap, size_t bytes);
  void set_limit(size_t bytes);
  bool fits_limit(Heap& heap, size_t bytes);
  value::Object* take_large(Heap& heap, value::Type type, size_t size);
  value::Object* take_medium(Heap& heap, size_t size);
  Range find_free(BlockUse use, size_t bytes);
  Range refill(Heap& heap, BlockUse use, size_t bytes);
  void close_object_window();
  void close_windows();
  void set_window(BlockUse use, Range range);
  size_t used() const { return live + since + external; }
  // Bytes that may be promoted, and bytes outside that may be added, before the next full collection.
  size_t growth() const { return std::max(kMinGrowth, live_full + external_full); }
  bool may_shrink() const { return since != 0 || live != live_full || marks_unsound; }
  size_t reserve() const { return std::min(std::max(kMinReserve, limit / 16), limit / 2); }

  AllocWindow* window;
  Space space;
  Range medium;  // private window for what is larger than kSmallObject
  size_t limit;
  size_t report_at;  // use of memory at which the limit is looked at again
  bool stress;
  bool collecting = false;
  bool minor = false;                     // the collection that is running
  bool marks_unsound = false;             // a marking was given up: the next collection is full
  size_t live = 0;                        // bytes found alive by the last collection
  size_t live_full = 0;                   // by the last full one
  size_t since = 0;                       // bytes handed out since the last one
  size_t nursery = kNursery;              // bytes to be handed out until the next one
  bool eager = false;                     // much survives lately
  size_t external = 0;                    // bytes outside that objects keep alive
  size_t external_full = 0;               // of these, what the last full collection left
  size_t external_since = 0;              // added since the last collection
  uint64_t random = 0x9E3779B97F4A7C15u;  // for stress runs
  HeapStats stats;

  Value pinned[2] = {value::kNil, value::kNil};  // arguments of cons while it collects
  RootedValues* roots = nullptr;
  const void* stack_edge = nullptr;  // below it lies what the collector itself uses
  std::function<void(Marker&)> provider;
  std::vector<std::function<void(Marker&)>> more_providers;
  std::function<void()> limit_handler;
  std::vector<std::function<void(Heap&)>> weak_hooks;
  std::vector<value::WeakRef*> weak_refs;
  size_t old_weak_refs = 0;  // the first ones, which were there at the last collection; their targets are as old
  std::vector<Finalizable> finalizables;
  size_t old_finalizables = 0;  // the first ones, which were there at the last collection
  std::vector<Value> mark_stack;

 private:
  void mark();
  void mark_roots(Tracer& tracer);
  void check_minor();
  bool try_mark();
  void settle_full();
  void clear_weak_refs(const Heap& heap);
  void finalize_dead(Heap& heap);
  void report_limit(Heap& heap, size_t bytes);
};

// --- windows

void Heap::State::close_object_window() {
  space.give_back({window->object_next, window->object_limit});
  window->object_next = window->object_limit = nullptr;
}

void Heap::State::close_windows() {
  close_object_window();
  if (window->pair_next != window->pair_limit) space.forget_pairs({window->pair_next, window->pair_limit});
  window->pair_next = window->pair_limit = nullptr;
  space.give_back(medium);
  medium = {};
}

void Heap::State::set_window(BlockUse use, Range range) {
  if (use == BlockUse::kPairs) {
    window->pair_next = range.begin;
    window->pair_limit = range.end;
  } else {
    window->object_next = range.begin;
    window->object_limit = range.end;
  }
}

Range Heap::State::find_free(BlockUse use, size_t bytes) {
  Range range = space.take_hole(use, bytes);
  return range ? range : space.take_block(use);
}

// A hole or an empty block of at least `bytes`; gets memory from the system when there is none. Throws bad_alloc only
// when the system has none and a collection does not help.
Range Heap::State::refill(Heap& heap, BlockUse use, size_t bytes) {
  Range range = find_free(use, bytes);
  if (!range) {
    if (!space.grow()) heap.collect();
    range = find_free(use, bytes);
  }
  if (!range) throw std::bad_alloc();
  size_t wanted = std::max(kStressWindow, bytes);
  if (stress && range.bytes() > wanted) {
    space.return_tail(use, {range.begin + wanted, range.end});
    range.end = range.begin + wanted;
  }
  since += range.bytes();
  stats.allocated_bytes += range.bytes();
  return range;
}

Value Heap::cons_slow(Value car, Value cdr) {
  state_->pinned[0] = car;
  state_->pinned[1] = cdr;
  state_->pace(*this, kStressWindow);
  Range range = state_->refill(*this, BlockUse::kPairs, sizeof(value::Pair));
  state_->pinned[0] = state_->pinned[1] = value::kNil;
  state_->set_window(BlockUse::kPairs, range);
  return cons(car, cdr);
}

value::Object* Heap::alloc_slow(value::Type type, size_t size) {
  value::Object* object;
  if (size > kMaxBlockObject) {
    object = state_->take_large(*this, type, size);
    if (object == nullptr) throw std::bad_alloc();
    return object;
  }
  state_->pace(*this, size);
  if (size <= kSmallObject) {
    Range range = state_->refill(*this, BlockUse::kObjects, size);
    state_->close_object_window();
    state_->set_window(BlockUse::kObjects, range);
    return alloc(type, size);
  }
  object = state_->take_medium(*this, size);
  *object = value::Object{type, 0, 0, static_cast<uint32_t>(size / kGranule)};
  return object;
}

value::Object* Heap::State::take_medium(Heap& heap, size_t size) {
  if (!medium || medium.bytes() < size) {
    Range range = refill(heap, BlockUse::kObjects, size);
    space.give_back(medium);
    medium = range;
  }
  auto* object = reinterpret_cast<value::Object*>(medium.begin);
  medium.begin += size;
  return object;
}

value::Object* Heap::State::take_large(Heap& heap, value::Type type, size_t size) {
  if (size > kMaxObject) return nullptr;
  pace(heap, size);
  value::Object* object = space.take_large(size);
  if (object == nullptr && !collecting) {
    heap.collect();
    object = space.take_large(size);
  }
  if (object == nullptr) return nullptr;
  since += size;
  stats.allocated_bytes += size;
  *object = value::Object{type, 0, 0, static_cast<uint32_t>(size / kGranule)};
  return object;
}

value::Object* Heap::try_alloc(value::Type type, size_t bytes) {
  if (bytes > kMaxObject) return nullptr;
  size_t size = (bytes + kGranule - 1) & ~(kGranule - 1);
  if (size <= kMaxBlockObject) return alloc(type, size);
  if (!state_->fits_limit(*this, size)) return nullptr;
  return state_->take_large(*this, type, size);
}

bool Heap::has_room(size_t bytes) { return state_->fits_limit(*this, bytes); }

// --- pacing and limits

void Heap::State::pace(Heap& heap, size_t bytes) {
  if (collecting) return;
  bool due = stress ? since >= live / kStressShare : since + bytes > nursery || external_since > kExternalNursery;
  if (due) heap.run_collection(!wants_full());
  if (used() + bytes > report_at) report_limit(heap, bytes);
}

bool Heap::State::wants_full() {
  if (stress) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    if (random >> 61 == 0) return true;
  }
  return marks_unsound || live - std::min(live, live_full) + external - std::min(external, external_full) > growth();
}

// The limit was reached. When a collection leaves room there is nothing to report; otherwise the vm is told, and may
// use the reserve until its safepoint raises the error and the next report is due.
void Heap::State::report_limit(Heap& heap, size_t bytes) {
  if (may_shrink()) heap.collect();
  report_at = limit;
  if (used() + bytes + reserve() <= limit) return;
  report_at = std::max(limit, used() + bytes) + reserve();
  if (limit_handler) limit_handler();
}

bool Heap::State::fits_limit(Heap& heap, size_t bytes) {
  if (used() + bytes <= limit) return true;
  if (!collecting && may_shrink()) heap.collect();
  return used() + bytes <= limit;
}

void Heap::State::set_limit(size_t bytes) { limit = report_at = bytes != 0 ? bytes : base::available_memory() / 4 * 3; }

void Heap::set_limit(size_t bytes) { state_->set_limit(bytes); }
void Heap::set_stress(bool on) { state_->stress = on; }

void Heap::add_external(ptrdiff_t bytes) {
  if (bytes > 0) state_->external_since += static_cast<size_t>(bytes);
  size_t gone = bytes < 0 ? std::min(state_->external, static_cast<size_t>(-bytes)) : 0;
  state_->external = bytes < 0 ? state_->external - gone : state_->external + static_cast<size_t>(bytes);
}

// --- collection

const void* Heap::stack_edge() const { return state_->stack_edge; }

void Heap::collect() { run_collection(false); }
void Heap::collect_young() { run_collection(true); }

// The registers that a call preserves may hold the only reference to an object. They are written into this frame, which
// lies above everything that the root provider, called from below, finds on the stack.
__attribute__((noinline)) void Heap::run_collection(bool minor) {
  if (state_->collecting) return;
  __builtin_unwind_init();
  state_->collect(*this, minor && !state_->marks_unsound);
  asm volatile("" ::: "memory");  // keeps the call above from becoming a jump that gives this frame up first
}

__attribute__((noinline)) void Heap::State::collect(Heap& heap, bool is_minor) {
  uint64_t start = now_ns();
  stack_edge = __builtin_frame_address(0);
  collecting = true;
  minor = is_minor;
  close_windows();
  if (!try_mark()) return;
  clear_weak_refs(heap);
  for (auto& hook : weak_hooks) hook(heap);
  finalize_dead(heap);
  close_windows();  // hooks and finalizers may not allocate; if one did, its object goes and the heap stays sound
  minor ? space.sweep_young(stress) : space.sweep(stress);
  if (!minor) settle_full();
  since = external_since = 0;
  collecting = minor = false;
  uint64_t pause = now_ns() - start;
  stats.collections++;
  stats.total_pause_ns += pause;
  stats.longest_pause_ns = std::max(stats.longest_pause_ns, pause);
  (is_minor ? stats.minor_pauses : stats.full_pauses).add(pause);
}

void Heap::State::settle_full() {
  live_full = live;
  external_full = external;
  if (live + reserve() <= limit) report_at = limit;
  // What will be allocated until the next time stays mapped; steady garbage then costs no page faults and no growth.
  space.release_empty(nursery + growth() + kSlackChunks * kChunkBytes);
}

void Heap::State::mark_roots(Tracer& tracer) {
  tracer.value(pinned[0]);
  tracer.value(pinned[1]);
  for (RootedValues* r = roots; r != nullptr; r = r->next_) tracer.range(r->data(), r->data() + r->size());
  if (provider) provider(tracer);
  for (auto& more : more_providers) more(tracer);
  tracer.drain();
}

void Heap::State::mark() {
  Tracer tracer(space, mark_stack, stress);
  if (minor)
    space.take_dirty([&](Value v) { tracer.trace(v); });
  else
    space.start_full();
  size_t looked_at = tracer.traced_bytes();
  mark_roots(tracer);
  // What survives makes the pause, so when much does, the next comes sooner. What has to be gone through each time
  // makes the cost, so when that is much, the next comes later.
  size_t survived = tracer.traced_bytes() - looked_at;
  if (minor) eager = survived > kManySurvivors || (eager && survived > kManySurvivors / 2);
  size_t each_time = looked_at + tracer.root_words() * sizeof(Value);
  live = (minor ? live : 0) + survived;
  nursery = std::clamp(2 * each_time, eager ? kNursery / 2 : kNursery, kMaxNursery);
  if (mark_stack.capacity() > kKeptMarkStack) std::vector<Value>().swap(mark_stack);
}

// Marks all that can be reached once more, as if there were one generation: what only this finds was about to be freed,
// because it was stored into an old object without a write barrier.
void Heap::State::check_minor() {
  minor = false;
  space.set_marks_aside();
  Tracer tracer(space, mark_stack, true);
  mark_roots(tracer);
  [[maybe_unused]] Target missed = space.compare_marks();
  assert(missed.pair == nullptr && missed.object == nullptr);
  minor = true;
}

// Without memory for the mark stack nothing can be called dead: then nothing is swept, and the heap stays as it was.
bool Heap::State::try_mark() {
  try {
    mark();
    if (minor && stress) check_minor();
    marks_unsound = false;
    return true;
  } catch (const std::bad_alloc&) {
    std::vector<Value>().swap(mark_stack);
    space.distrust_marks();
    marks_unsound = true;
    collecting = minor = false;
    return false;
  }
}

// References that are dead themselves are forgotten, the others lose a dead target.
void Heap::State::clear_weak_refs(const Heap& heap) {
  size_t kept = minor ? old_weak_refs : 0;
  for (size_t i = kept; i < weak_refs.size(); i++) {
    value::WeakRef* ref = weak_refs[i];
    if (!heap.is_marked(value::from_object(ref))) continue;
    if (!heap.is_marked(ref->target)) ref->target = value::kUnbound;
    if (value::is_heap(ref->target)) weak_refs[kept++] = ref;
  }
  weak_refs.resize(kept);
  old_weak_refs = kept;
}

// Entries of dead objects are taken out first, so that a finalizer that registers something finds a whole list.
void Heap::State::finalize_dead(Heap& heap) {
  auto first = finalizables.begin() + static_cast<ptrdiff_t>(minor ? old_finalizables : 0);
  auto dead = std::stable_partition(first, finalizables.end(),
                                    [&](const Finalizable& f) { return heap.is_marked(value::from_object(f.object)); });
  std::vector<Finalizable> doomed(dead, finalizables.end());
  finalizables.erase(dead, finalizables.end());
  old_finalizables = finalizables.size();
  for (const Finalizable& f : doomed) f.free(f.env, f.object);
}

bool Heap::is_minor() const { return state_->minor; }

bool Heap::is_marked(Value v) const {
  if (!value::is_heap(v)) return true;
  auto* address = reinterpret_cast<const void*>(v.bits & ~value::kTagMask);
  return test_bit(chunk_of(address)->marks, granule_of(address));
}

size_t Heap::trim() {
  size_t released = state_->space.release_empty(0);
  return released + state_->space.discard_empty();
}

// --- the rest

const HeapStats& Heap::stats() const {
  state_->stats.live_bytes = state_->live;
  state_->stats.external_bytes = state_->external;
  state_->stats.committed_bytes = state_->space.committed_bytes();
  return state_->stats;
}

void Heap::set_root_provider(std::function<void(Marker&)> provider) { state_->provider = std::move(provider); }
void Heap::add_root_provider(std::function<void(Marker&)> provider) {
  state_->more_providers.push_back(std::move(provider));
}
void Heap::set_limit_handler(std::function<void()> handler) { state_->limit_handler = std::move(handler); }
void Heap::add_weak_hook(std::function<void(Heap&)> hook) { state_->weak_hooks.push_back(std::move(hook)); }
void Heap::add_finalizable(value::Object* o, void (*free)(void* env, value::Object* o), void* env) {
  state_->finalizables.push_back({o, free, env});
}

value::WeakRef* Heap::make_weak_ref(Value target) {
  auto* ref = make<value::WeakRef>(value::Type::kWeakRef);
  ref->target = target;
  state_->weak_refs.push_back(ref);
  return ref;
}

Heap::Heap(AllocWindow* window, const HeapOptions& options) : window_(window), state_(new State(window, options)) {}

Heap::~Heap() {
  state_->collecting = true;  // a finalizer cannot start a collection
  std::vector<Finalizable> left;
  left.swap(state_->finalizables);
  for (const Finalizable& f : left) f.free(f.env, f.object);
  *window_ = AllocWindow{};
  delete state_;
}

RootedValues::RootedValues(Heap& heap) : heap_(heap), next_(heap.state_->roots), previous_(nullptr) {
  if (next_ != nullptr) next_->previous_ = this;
  heap.state_->roots = this;
}

RootedValues::~RootedValues() {
  if (next_ != nullptr) next_->previous_ = previous_;
  (previous_ != nullptr ? previous_->next_ : heap_.state_->roots) = next_;
}

}  // namespace terrace::heap
