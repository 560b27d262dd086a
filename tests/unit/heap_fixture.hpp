// tests/unit/heap_fixture.hpp: a heap of its own, roots, and things to put into it.
#pragma once

#include <cstring>

#include "heap/heap.hpp"

namespace terrace::test {

using namespace terrace::value;
using terrace::heap::AllocWindow;
using terrace::heap::Heap;
using terrace::heap::HeapOptions;
using terrace::heap::RootedValues;

inline constexpr size_t kMegabyte = 1 << 20;

struct Fixture {
  explicit Fixture(const HeapOptions& options = {}) : heap(&window, options), roots(heap) {}
  AllocWindow window;
  Heap heap;
  RootedValues roots;
};

inline Value make_vector(Heap& heap, size_t length) {
  auto* v = heap.make<Vector>(Type::kVector, length * sizeof(Value));
  v->length = length;
  for (size_t i = 0; i < length; i++) v->slot[i] = kNil.bits;
  return from_object(v);
}

inline Value make_text(Heap& heap, size_t bytes, char fill) {
  auto* s = heap.make<String>(Type::kString, bytes + 1);
  s->bytes = s->length = static_cast<uint32_t>(bytes);
  s->hash = 0;
  std::memset(s->data, fill, bytes);
  s->data[bytes] = 0;
  return from_object(s);
}

inline bool is_filled(Value text, size_t bytes, char fill) {
  auto* s = as<String>(text);
  if (s->type != Type::kString || s->bytes != bytes) return false;
  for (size_t i = 0; i < bytes; i++)
    if (s->data[i] != fill) return false;
  return true;
}

inline void make_garbage(Heap& heap, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) heap.cons(make_fixnum(1), kNil);
}

inline void count_death(void* env, Object*) { ++*static_cast<int*>(env); }

}  // namespace terrace::test
