// prims/primitive.cpp: the table of primitives.
#include "prims/primitive.hpp"

#include <iterator>
#include <string_view>
#include <unordered_map>

#include "prims/entry.hpp"

namespace terrace::prims {

namespace {

constexpr Primitive kPrimitives[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) \
  {name, prim_##id, min, max, Effect::effect, signature, text},
#include "prims/prims.def"
#undef T_PRIM
};
static_assert(std::size(kPrimitives) == static_cast<size_t>(Id::kCount));

std::unordered_map<std::string_view, int> index_by_name() {
  std::unordered_map<std::string_view, int> index;
  for (const Primitive& p : kPrimitives) index.emplace(p.name, static_cast<int>(index.size()));
  return index;
}

}  // namespace

std::span<const Primitive> all() { return kPrimitives; }

int find(std::string_view name) {
  static const std::unordered_map<std::string_view, int> kIndex = index_by_name();
  auto found = kIndex.find(name);
  return found == kIndex.end() ? -1 : found->second;
}

bool accepts(uint32_t number, uint32_t argc) {
  if (number >= std::size(kPrimitives)) return false;
  const Primitive& p = kPrimitives[number];
  return p.effect != Effect::kTail && argc >= static_cast<uint32_t>(p.min_args) &&
         (p.max_args < 0 || argc <= static_cast<uint32_t>(p.max_args));
}

Value make_function(VmState* vm, Id id) {
  const Primitive& p = kPrimitives[static_cast<size_t>(id)];
  // A primitive counts its arguments itself; `expected` only tells compiled callers, and messages, what a fixed count
  // is.
  uint64_t expected = p.min_args == p.max_args ? static_cast<uint64_t>(p.min_args) : frame::kNormalised;
  value::NativeEntry entry = p.effect == Effect::kTail ? enter_apply : enter_primitive;
  return frame::make_native_function(vm, p.name, entry, expected, const_cast<Primitive*>(&p), 0);
}

void install(VmState* vm) {
  RootedValues keep(heap_of(vm));
  keep.push(kNil);
  for (size_t i = 0; i < std::size(kPrimitives); i++) {
    keep[0] = make_function(vm, static_cast<Id>(i));
    if (keep[0] != kUnwind) vm_of(vm).define(kPrimitives[i].name, keep[0]);
  }
}

}  // namespace terrace::prims
