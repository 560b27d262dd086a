// heap/tracer.hpp: marking everything that can be reached.
//
// Answers for: mark bits and the stack of what is still to be looked at (no recursion). Not for: roots and the dead.
// Invariant: an object is marked when it is pushed, so it is traced once, but for those that are named again. In a
// minor collection the old have their marks from before and are not traced, except for those that are named (trace).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "heap/space.hpp"

namespace terrace::heap {

// Which mark bits of a chunk are set.
enum class MarkBits : size_t { kMarks = offsetof(Chunk, marks), kNextMarks = offsetof(Chunk, next_marks) };

class Tracer final : public Marker {
 public:
  // With `verify` every precise reference is checked to be an object of this heap (an assertion, for stress runs).
  // `stack` is only lent, so that its memory serves the next collection too; what is in it means nothing.
  Tracer(Space& space, std::vector<Value>& stack, MarkBits bits, bool verify)
      : space_(space),
        stack_(stack),
        top_(stack.data()),
        limit_(stack.data() + stack.size()),
        bits_at_(static_cast<size_t>(bits)),
        verify_(verify) {}

  void value(Value v) override { visit(v); }
  void object(const value::Object* o) override {
    if (o != nullptr) visit(Value{reinterpret_cast<uint64_t>(o) + value::kTagObject});
  }
  void range(const Value* from, const Value* to) override {
    root_words_ += static_cast<size_t>(to - from);
    visit_range(from, to);
  }
  void conservative(const void* from, const void* to) override;
  // Any single word.
  void conservative_word(uintptr_t word);
  // Looks at what this refers to, marked or not.
  void trace(Value v);
  // The same for what was stored into, in a minor collection; most of what it refers to is old.
  void trace(const Change& change);
  // Looks at everything pushed, until nothing is left, or so many bytes were looked at.
  void drain(size_t bytes = SIZE_MAX);
  bool is_drained() const { return top_ == stack_.data(); }
  // What this refers to has changed: if it was marked, it is looked at once more, now or later.
  void again(const Change& change);
  // Bytes of what was traced; once for each, when all is drained.
  size_t traced_bytes() const { return traced_bytes_ - again_bytes_; }
  // Words that were given as roots.
  size_t root_words() const { return root_words_; }

 private:
  static constexpr size_t kAhead = 8;  // a power of two: objects fetched into the cache before they are looked at

  void visit(Value v) {
    if (!value::is_heap(v)) return;
    if (verify_) check(v);
    auto* address = reinterpret_cast<char*>(v.bits & ~value::kTagMask);
    uint64_t& word = mark_word(address);
    uint64_t bit = uint64_t{1} << (granule_of(address) % 64);
    if (word & bit) return;
    word |= bit;
    push(v);
  }
  uint64_t& mark_word(const char* address) {
    return reinterpret_cast<uint64_t*>(chunk_of(address)->base() + bits_at_)[granule_of(address) / 64];
  }
  void push(Value v) {
    if (top_ == limit_) [[unlikely]]
      grow();
    *top_++ = v;
  }
  void visit_range(const Value* from, const Value* to) {
    for (; from < to; from++) visit(*from);
  }
  void grow();
  void visit_up_to_end(const value::Object* o, const Value* from);
  void check(Value v);
  void trace_object(value::Object* o);

  Space& space_;
  std::vector<Value>& stack_;
  Value* top_;  // of what is in use
  Value* limit_;
  size_t bits_at_;  // offset in a chunk
  bool verify_;
  size_t traced_bytes_ = 0;
  size_t again_bytes_ = 0;  // of what was named again
  size_t root_words_ = 0;
};

}  // namespace terrace::heap
