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
//  5. A full collection of a large heap is made in parts, so that no pause is long. While one goes on, minor collections go on, too:
//
//       minor + begin   minor + part  ...   finish                                minor + part ...
//       roots           so many bytes       what changed, roots, what is left     sweep so many chunks
//
//     The parts come right after minor collections, where nothing is young, so all that is marked was alive then and stays until the
//     finish. What a minor collection finds changed (take_dirty) is looked at again by the next part, what changes later by the finish:
//     so no object that was looked at refers to one that is not marked (after Boehm, Demers and Shenker, PLDI 1991).
#include "heap/heap.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <new>
#include <optional>

#include "base/pages.hpp"
#include "heap/cards.hpp"
#include "heap/space.hpp"
#include "heap/tracer.hpp"

namespace terrace::heap {

namespace {

constexpr size_t kNursery = 3 << 20;        // bytes between collections, unless minor pauses are long
constexpr size_t kMaxNursery = 64 << 20;    // at most, when there are many roots to go through each time
constexpr size_t kMinNursery = 512 << 10;   // at least
constexpr uint64_t kLongPauseNs = 600'000;  // of a minor collection: the next comes sooner
constexpr size_t kPartBytes = 16 << 20;     // looked at in one part of a full collection
constexpr size_t kPartChunks = 64;          // swept in one
constexpr size_t kStressPart = 512;         // bytes looked at in one part in stress runs
constexpr size_t kMinGrowth = 16 << 20;  // bytes that grow old between full collections, at least
constexpr size_t kExternalNursery = 8 << 20;
constexpr size_t kStressWindow = 512;  // bytes of a window in stress runs
constexpr size_t kStressShare = 1024;  // of what a collection looks at, this part is allocated between two in stress runs
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

// The memory of a mark stack is kept for the next collection unless it is much.
void release_if_large(std::vector<Value>& mark_stack) {
  if (mark_stack.capacity() > kKeptMarkStack) std::vector<Value>().swap(mark_stack);
}

}  // namespace

// What one pause does: rule 5 shows the first three in time; a full collection that is asked for, or small, is whole.
enum class Heap::Work { kMinor, kMinorAndPart, kFinish, kFull };

struct Heap::State {
  State(AllocWindow* w, const HeapOptions& options) : window(w), stress(options.stress) {
    set_limit(options.limit_bytes);
    *window = AllocWindow{};
  }

  void collect(Heap& heap, Work work);
  Work next_work();
  bool wants_full() const;
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
  size_t each_time = 0;                   // bytes that the last one went through, whatever survived
  size_t nursery = kNursery;              // bytes to be handed out until the next one
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
  std::vector<Value> next_mark_stack;
  std::optional<Tracer> next_marking;  // of the full collection that is going on

 private:
  void mark(Work work);
  void mark_young();
  void begin_full();
  void finish_full();
  void drop_full();
  void mark_part();
  void set_nursery(uint64_t minor_pause_ns);
  void mark_roots(Tracer& tracer, size_t bytes = SIZE_MAX);
  void check_marks(bool next);
  bool try_mark(Work work);
  void settle_full();
  void sweep(Work work);
  void do_part();
  void release_empty();
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

void Heap::write_barrier(const value::Vector* v, uint64_t first, uint64_t count) {
  if (count == 0) return;
  uint8_t* last = card_of(v, v->slot + first + count - 1);  // card bytes go downwards
  std::memset(last, 1, static_cast<size_t>(card_of(v, v->slot + first) - last) + 1);
}

bool Heap::has_room(size_t bytes) { return state_->fits_limit(*this, bytes); }

// --- pacing and limits

void Heap::State::pace(Heap& heap, size_t bytes) {
  if (collecting) return;
  bool due = stress ? since >= (live + each_time) / kStressShare : since + bytes > nursery || external_since > kExternalNursery;
  if (due) heap.run_collection(next_work());
  if (used() + bytes > report_at) report_limit(heap, bytes);
}

bool Heap::State::wants_full() const {
  return live - std::min(live, live_full) + external - std::min(external, external_full) > growth();
}

Heap::Work Heap::State::next_work() {
  if (marks_unsound) return Work::kFull;
  if (!space.is_swept()) return Work::kMinorAndPart;
  if (next_marking) return next_marking->is_drained() ? Work::kFinish : Work::kMinorAndPart;
  if (stress) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return random >> 61 == 0 ? Work::kFull : random >> 61 == 1 ? Work::kMinorAndPart : Work::kMinor;
  }
  if (!wants_full()) return Work::kMinor;
  return live <= kPartBytes ? Work::kFull : Work::kMinorAndPart;
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

void Heap::collect() { run_collection(Work::kFull); }
void Heap::collect_young() { run_collection(state_->marks_unsound ? Work::kFull : Work::kMinor); }

// The registers that a call preserves may hold the only reference to an object. They are written into this frame, which
// lies above everything that the root provider, called from below, finds on the stack.
__attribute__((noinline)) void Heap::run_collection(Work work) {
  if (state_->collecting) return;
  __builtin_unwind_init();
  state_->collect(*this, work);
  asm volatile("" ::: "memory");  // keeps the call above from becoming a jump that gives this frame up first
}

__attribute__((noinline)) void Heap::State::collect(Heap& heap, Work work) {
  uint64_t start = now_ns();
  stack_edge = __builtin_frame_address(0);
  collecting = true;
  minor = work == Work::kMinor || work == Work::kMinorAndPart;
  const bool is_full = !minor;
  close_windows();
  if (!try_mark(work)) return;
  clear_weak_refs(heap);
  space.record_types().forget_dead(minor, [&heap](Value type) { return heap.is_marked(type); });
  for (auto& hook : weak_hooks) hook(heap);
  finalize_dead(heap);
  close_windows();  // hooks and finalizers may not allocate; if one did, its object goes and the heap stays sound
  if (is_full) settle_full();
  sweep(work);
  minor = false;
  if (work == Work::kMinorAndPart || work == Work::kFinish) do_part();
  since = external_since = 0;
  collecting = false;
  uint64_t pause = now_ns() - start;
  stats.collections++;
  stats.full_collections += is_full;
  stats.total_pause_ns += pause;
  stats.longest_pause_ns = std::max(stats.longest_pause_ns, pause);
  (work == Work::kMinor ? stats.minor_pauses : stats.full_pauses).add(pause);
  set_nursery(work == Work::kMinor ? pause : 0);
}

// What survives makes the pause of a minor collection, so when that is long, the next comes sooner. What has to be gone through each time
// makes the cost, so when that is much, the next comes later.
void Heap::State::set_nursery(uint64_t minor_pause_ns) {
  const bool is_long = minor_pause_ns > kLongPauseNs;
  size_t wanted = kNursery;
  if (is_long) {
    wanted = std::max(kMinNursery, std::min(nursery, kNursery) / 4 * 3);
  } else if (nursery < kNursery) {
    wanted = minor_pause_ns > kLongPauseNs / 2 || minor_pause_ns == 0 ? nursery : std::min(kNursery, nursery / 2 * 3);
  }
  nursery = std::clamp(is_long ? each_time : 2 * each_time, wanted, kMaxNursery);
}

void Heap::State::sweep(Work work) {
  if (minor) return space.sweep_young(stress);
  if (work == Work::kFinish) return space.begin_sweep();
  space.sweep(stress);
  release_empty();
}

void Heap::State::do_part() {
  if (space.is_swept()) return mark_part();
  space.sweep_part(stress ? 1 : kPartChunks, stress);
  if (space.is_swept()) release_empty();
}

void Heap::State::settle_full() {
  live_full = live;
  external_full = external;
  if (live + reserve() <= limit) report_at = limit;
}

// What will be allocated until the next full collection stays mapped; steady garbage then costs no page faults and no growth.
void Heap::State::release_empty() { space.release_empty(nursery + growth() + kSlackChunks * kChunkBytes); }

void Heap::State::mark_roots(Tracer& tracer, size_t bytes) {
  tracer.value(pinned[0]);
  tracer.value(pinned[1]);
  for (RootedValues* r = roots; r != nullptr; r = r->next_) tracer.range(r->data(), r->data() + r->size());
  if (provider) provider(tracer);
  for (auto& more : more_providers) more(tracer);
  tracer.drain(bytes);
}

void Heap::State::mark(Work work) {
  if (minor) return mark_young();
  if (work == Work::kFull) begin_full();
  finish_full();
}

void Heap::State::mark_young() {
  Tracer tracer(space, mark_stack, MarkBits::kMarks, stress);
  space.take_dirty([&](const Change& change) {
    tracer.trace(change);
    if (next_marking) next_marking->again(change);
  });
  size_t looked_at = tracer.traced_bytes();
  mark_roots(tracer);
  live += tracer.traced_bytes() - looked_at;
  each_time = looked_at + tracer.root_words() * sizeof(Value);
  release_if_large(mark_stack);
}

void Heap::State::begin_full() {
  drop_full();
  space.clear_next_marks();
  next_marking.emplace(space, next_mark_stack, MarkBits::kNextMarks, stress);
}

void Heap::State::finish_full() {
  space.take_dirty([&](const Change& change) { next_marking->again(change); });
  size_t root_words = next_marking->root_words();
  mark_roots(*next_marking);
  live = next_marking->traced_bytes();
  each_time = (next_marking->root_words() - root_words) * sizeof(Value);
  if (stress) check_marks(true);
  space.adopt_next_marks();
  drop_full();
}

void Heap::State::drop_full() {
  next_marking.reset();
  release_if_large(next_mark_stack);
}

// Without memory for the mark stack the full collection is given up; nothing depends on it yet.
void Heap::State::mark_part() {
  try {
    if (!next_marking) {
      begin_full();
      mark_roots(*next_marking, stress ? kStressPart : kPartBytes);
    } else {
      next_marking->drain(stress ? kStressPart : kPartBytes);
    }
  } catch (const std::bad_alloc&) {
    drop_full();
  }
}

// Marks all that can be reached once more, from nothing. What only this finds was about to be freed, because it was stored into an old
// object without a write barrier.
void Heap::State::check_marks(bool next) {
  const bool was_minor = minor;
  minor = false;
  space.set_next_marks_aside();
  std::vector<Value> stack;
  Tracer tracer(space, stack, MarkBits::kNextMarks, true);
  mark_roots(tracer);
  [[maybe_unused]] Target missed = space.compare_marks(next);
  assert(missed.pair == nullptr && missed.object == nullptr);
  minor = was_minor;
}

// Without memory for the mark stack nothing can be called dead: then nothing is swept, and the heap stays as it was.
bool Heap::State::try_mark(Work work) {
  try {
    mark(work);
    if (minor && stress) check_marks(false);
    marks_unsound = false;
    return true;
  } catch (const std::bad_alloc&) {
    std::vector<Value>().swap(mark_stack);
    drop_full();
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
RecordTypes& Heap::record_types() { return state_->space.record_types(); }
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
