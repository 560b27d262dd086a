// prims/primitive.cpp: the table of primitives.
#include "prims/primitive.hpp"

#include <iterator>
#include <string_view>

#include "base/name_index.hpp"
#include "prims/entry.hpp"

namespace terrace::prims {

constexpr Primitive kPrimitives[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) \
  {name, prim_##id, min, max, Effect::effect, signature, text},
#include "prims/prims.def"
#undef T_PRIM
};
static_assert(std::size(kPrimitives) == static_cast<size_t>(Id::kCount));

namespace {

Value make_function(VmState* vm, Id id) {
  const Primitive& p = kPrimitives[static_cast<size_t>(id)];
  // A primitive counts its arguments itself; `expected` only tells compiled callers, and messages, what a fixed count
  // is.
  uint64_t expected = p.min_args == p.max_args ? static_cast<uint64_t>(p.min_args) : frame::kNormalised;
  value::NativeEntry entry = p.effect == Effect::kTail ? enter_apply : enter_primitive;
  return frame::make_native_function(vm, p.name, entry, expected, const_cast<Primitive*>(&p), 0);
}

void define(VmState* vm, Id id) {
  vm_of(vm).define(kPrimitives[static_cast<size_t>(id)].name, make_function(vm, id));
}

}  // namespace

int find(std::string_view name) { return base::NameIndex<kPrimitives>::find(name); }

bool accepts(uint32_t number, uint32_t argc) {
  if (number >= std::size(kPrimitives)) return false;
  const Primitive& p = kPrimitives[number];
  return p.effect != Effect::kTail && argc >= static_cast<uint32_t>(p.min_args) &&
         (p.max_args < 0 || argc <= static_cast<uint32_t>(p.max_args));
}

bool is_function_of(Value function, Id id) {
  return value::is_function(function) && value::as_closure(function)->proto->native == &kPrimitives[static_cast<size_t>(id)];
}

value::Cell* core_cell(VmState* vm, Id id) {
  const std::string_view name = kPrimitives[static_cast<size_t>(id)].name;
  RootedValues keep(heap_of(vm));
  keep.push(vm_of(vm).intern(name));
  keep.push(vm_of(vm).intern(std::string(kCorePrefix) + std::string(name)));
  value::Cell* cell = vm_of(vm).cell_of(keep[1]);
  if (cell->value != value::kUnbound) return cell;
  Value now = vm_of(vm).cell_of(keep[0])->value;
  if (!is_function_of(now, id)) now = make_function(vm, id);
  vm_of(vm).define(frame::symbol_name(keep[1]), now);
  return cell;
}

bool provide(VmState* vm, std::string_view name) {
  const int id = find(name);
  if (id >= 0) define(vm, static_cast<Id>(id));
  return id >= 0;
}

void install(VmState* vm) {
  for (size_t i = 0; i < std::size(kPrimitives); i++) {
    Value symbol = vm_of(vm).intern(kPrimitives[i].name);
    if (!vm_of(vm).is_defined(symbol)) define(vm, static_cast<Id>(i));
  }
}

}  // namespace terrace::prims
