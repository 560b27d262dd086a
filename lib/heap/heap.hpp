// heap/heap.hpp: allocation and collection for one vm.
//
// Answers for: getting memory for pairs and objects, knowing the roots, finding what is dead. Not for: their meaning.
//
// A non-moving collector: mark, then sweep by lines of free memory that a bump pointer fills again (after Immix,
// Blackburn and McKinley, PLDI 2008; conservative roots after Shahriyar et al., OOPSLA 2014). It has two generations
// that lie in the same blocks and differ by their mark bits (sticky mark bits, Demers et al., POPL 1990): most
// collections are minor, take what survived the last one as alive, and look only at what is younger. Heap objects are
// traced precisely; native stacks, where compiled code keeps values, conservatively: any word that points into a live
// object, tagged or not, at its start or its middle, keeps it. One mutator: all calls come from the thread that is
// running the vm.
//
// Invariants:
//  1. Objects never move, so the address of an object that is kept alive may be held by the host.
//  2. Every heap reference that must survive an allocation is in the heap, on a native stack of this vm, or in a
//     registered root. A Value that is only in malloc memory (std::vector<Value>!) is not seen: use RootedValues.
//  3. A fresh object is fully initialised by its maker before the next allocation.
//  4. Every store of a Value into an existing heap object is followed (or preceded) by write_barrier(object), and one into
//     a vector by a barrier for the element: vectors are looked at by cards, everything else whole.
//  5. Small allocations do not fail: past the limit they use a reserve and request a safepoint, where the vm raises a
//     heap-limit error. Only try_alloc of a size chosen by the program may answer null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "heap/pauses.hpp"
#include "value/objects.hpp"

namespace terrace::heap {

inline constexpr size_t kChunkBytes = 1 << 20;  // aligned to its size
inline constexpr size_t kCardShift = 9;         // one card byte per 512 bytes of chunk
inline constexpr size_t kCardTable = 2048;      // offset in a chunk; the card bytes lie below it, the first card's last

// The card byte of an address in `object`. Card bytes go downwards, so that those of an object which is longer than a
// chunk go on in front of its chunk, where there is room for any number. Compiled code computes the same.
inline uint8_t* card_of(const void* object, const void* address) {
  uintptr_t chunk = reinterpret_cast<uintptr_t>(object) & ~(kChunkBytes - 1);
  auto below = static_cast<intptr_t>(chunk - 1 - reinterpret_cast<uintptr_t>(address)) >> kCardShift;
  return reinterpret_cast<uint8_t*>(chunk + kCardTable) + below;
}

// The bump pointers: part of VmState at a fixed place, since compiled code allocates inline.
struct AllocWindow {
  char* pair_next;  // next free pair cell
  char* pair_limit;
  char* object_next;  // next free object granule
  char* object_limit;
};

// A block of Values that the collector sees. Also a growable array for C++ code that collects values.
class RootedValues {
 public:
  explicit RootedValues(class Heap& heap);
  ~RootedValues();
  RootedValues(const RootedValues&) = delete;
  RootedValues& operator=(const RootedValues&) = delete;
  void push(Value v) { values_.push_back(v); }
  void pop() { values_.pop_back(); }
  void resize(size_t n, Value fill) { values_.resize(n, fill); }
  void clear() { values_.clear(); }
  size_t size() const { return values_.size(); }
  Value& operator[](size_t i) { return values_[i]; }
  const Value* data() const { return values_.data(); }
  Value* data() { return values_.data(); }
  Value back() const { return values_.back(); }
  // Exchanges the contents, not the registration; how a computation's values go in and out of the running place.
  void swap(RootedValues& other) { values_.swap(other.values_); }

 private:
  friend class Heap;
  Heap& heap_;
  RootedValues* next_;
  RootedValues* previous_;
  std::vector<Value> values_;
};

// Given to root providers during marking.
class Marker {
 public:
  virtual void value(Value v) = 0;                                  // precise
  virtual void object(const value::Object* o) = 0;                  // precise, untagged; null allowed
  virtual void range(const Value* from, const Value* to) = 0;       // precise
  virtual void conservative(const void* from, const void* to) = 0;  // [from, to), any words

 protected:
  ~Marker() = default;
};

struct HeapOptions {
  size_t limit_bytes = 0;  // 0: three quarters of what the process may use, so that the system does not end it
  bool stress = false;     // collect at every slow-path allocation, minor or full as it comes, and check minor ones
};

struct HeapStats {
  uint64_t collections = 0;  // minor and full
  uint64_t full_collections = 0;
  uint64_t live_bytes = 0;       // after the last collection
  uint64_t external_bytes = 0;   // outside of the heap, as add_external was told
  uint64_t committed_bytes = 0;  // obtained from the system
  uint64_t allocated_bytes = 0;  // since the start
  uint64_t total_pause_ns = 0;
  uint64_t longest_pause_ns = 0;
  PauseCounts minor_pauses;
  PauseCounts full_pauses;  // those that did a full collection or a part of one
};

class Heap {
 public:
  // `window` lives in the VmState and outlives the heap.
  Heap(AllocWindow* window, const HeapOptions& options);
  ~Heap();  // runs the finalizers that are left
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  Value cons(Value car, Value cdr) {
    char* p = window_->pair_next;
    if (p == window_->pair_limit) [[unlikely]]
      return cons_slow(car, cdr);
    window_->pair_next = p + sizeof(value::Pair);
    auto* pair = reinterpret_cast<value::Pair*>(p);
    pair->car = car;
    pair->cdr = cdr;
    return value::from_pair(pair);
  }
  // `bytes` is the whole size with header. The header is set (type, granules; flags and aux 0), the rest is not.
  value::Object* alloc(value::Type type, size_t bytes) {
    size_t size = (bytes + 15) & ~size_t{15};
    char* p = window_->object_next;
    if (size > static_cast<size_t>(window_->object_limit - p)) [[unlikely]]
      return alloc_slow(type, size);
    window_->object_next = p + size;
    auto* object = reinterpret_cast<value::Object*>(p);
    *object = value::Object{type, 0, 0, static_cast<uint32_t>(size >> 4)};
    return object;
  }
  template <class T>
  T* make(value::Type type, size_t extra_bytes = 0) {
    return static_cast<T*>(alloc(type, sizeof(T) + extra_bytes));
  }
  // For sizes that a program chooses: null when it would pass the limit or the system has no memory.
  value::Object* try_alloc(value::Type type, size_t bytes);
  template <class T>
  T* try_make(value::Type type, size_t extra_bytes) {
    return static_cast<T*>(try_alloc(type, sizeof(T) + extra_bytes));
  }

  // Whether the limit leaves room for so much more; collects when that may help.
  bool has_room(size_t bytes);

  static void write_barrier(const value::Object* o) { *card_of(o, o) = 1; }
  static void write_barrier(const value::Pair* p) { *card_of(p, p) = 1; }
  // For one element that was stored, or for so many; the vector is generic.
  static void write_barrier(const value::Vector* v, uint64_t i) { *card_of(v, v->slot + i) = 1; }
  static void write_barrier(const value::Vector* v, uint64_t first, uint64_t count);
  static void write_barrier(const value::Vector*) = delete;

  void collect();        // a full collection
  void collect_young();  // a minor one
  // Memory outside the heap that an object keeps alive (host buffers, bytecode): counts towards the next collection.
  void add_external(ptrdiff_t bytes);
  void set_limit(size_t bytes);  // as HeapOptions::limit_bytes
  void set_stress(bool on);
  // Gives empty chunks back to the system; answers how many bytes.
  size_t trim();
  const HeapStats& stats() const;

  // For a root provider: where the running stack begins to be of interest. The frames below are the collector's own,
  // with addresses that mean nothing.
  const void* stack_edge() const;
  // Called at the start of every collection to enumerate roots: handles, stacks. The registers of whoever allocated
  // have then been written to the stack above the provider's own frame, so scanning from there to the stack's base
  // finds them.
  void set_root_provider(std::function<void(Marker&)> provider);
  // Further ones, never taken away: each owner of roots adds its own (the vm its globals, the engine its handles).
  void add_root_provider(std::function<void(Marker&)> provider);
  // Called when the limit was passed; must request a safepoint. Runs on the mutator thread.
  void set_limit_handler(std::function<void()> handler);
  // Objects of types with off-heap parts are announced here by their makers; `free` runs when the object is found dead.
  // The object can still be read then, what it refers to may be dead too, and `free` does not allocate in this heap.
  void add_finalizable(value::Object* o, void (*free)(void* env, value::Object* o), void* env);
  // A reference that does not keep its target; the target is kept by the caller until this returns.
  value::WeakRef* make_weak_ref(Value target);
  // True while a weak reference's target is still marked, valid only in a hook run between mark and sweep.
  bool is_marked(Value v) const;
  // True while a minor collection asks providers and hooks: everything that was there at the last collection is kept,
  // so only what was added since needs to be named or looked at.
  bool is_minor() const;
  // Which types records have. Types are added; the heap forgets the dead.
  class RecordTypes& record_types();
  // Runs between mark and sweep, for tables with weak entries (symbols, interned code). Does not allocate in this heap.
  void add_weak_hook(std::function<void(Heap&)> hook);

 private:
  friend class RootedValues;
  Value cons_slow(Value car, Value cdr);
  value::Object* alloc_slow(value::Type type, size_t size);
  enum class Work;  // of one pause
  void run_collection(Work work);

  AllocWindow* window_;
  struct State;  // chunks, mark stack, large objects, finalizers: heap/heap.cpp
  State* state_;
};

}  // namespace terrace::heap
