// prims/reference.cpp: what a program may ask about the primitives: the table of prims.def with the examples of
// examples.def. `terrace prims` and the reference page are made of its answers.
#include <algorithm>
#include <array>
#include <span>

#include "prims/build.hpp"
#include "prims/dict_table.hpp"

namespace terrace::prims {

namespace {

// Not defined for a primitive that has no line in prims/examples.def: add one.
template <Id>
struct ExamplesOf;
#define T_EXAMPLE(id, ...)                                        \
  template <>                                                     \
  struct ExamplesOf<Id::k_##id> {                                 \
    static constexpr std::string_view kLines[] = {__VA_ARGS__};   \
  };
#include "prims/examples.def"
#undef T_EXAMPLE

constexpr std::span<const std::string_view> kExamples[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) ExamplesOf<Id::k_##id>::kLines,
#include "prims/prims.def"
#undef T_PRIM
};

// One for every line of prims.def: the title of a family, or nothing for a primitive.
#undef T_PRIM_FAMILY
#define T_PRIM_FAMILY(title) title,
constexpr std::string_view kLines[] = {
#define T_PRIM(id, name, min, max, effect, signature, text) "",
#include "prims/prims.def"
#undef T_PRIM
};
#undef T_PRIM_FAMILY

constexpr std::string_view kEffects[] = {"pure", "read", "alloc", "write", "call", "tail"};

std::string_view family_of(size_t number) {
  std::string_view family;
  for (std::string_view line : kLines) {
    if (!line.empty()) {
      family = line;
    } else if (number-- == 0) {
      break;
    }
  }
  return family;
}

// The families in the order of their first lines.
void list_families(std::array<std::string_view, std::size(kLines)>& families, size_t* count) {
  for (std::string_view line : kLines) {
    auto end = families.begin() + static_cast<ptrdiff_t>(*count);
    if (!line.empty() && std::find(families.begin(), end, line) == end) families[(*count)++] = line;
  }
}

bool set(VmState* vm, Value dict, std::string_view name, Value v) {
  return v != kUnwind && dict_insert(vm, dict, vm_of(vm).intern(name), v);
}

bool set_text(VmState* vm, Value dict, std::string_view name, std::string_view text) {
  return set(vm, dict, name, frame::make_string(vm, text));
}

Value example_list(VmState* vm, size_t number) {
  ListBuilder list(vm);
  for (std::string_view line : kExamples[number]) list.push(frame::make_string(vm, line));
  return list.list();
}

}  // namespace

Value prim_primitive_names(VmState* vm, const Value*, uint64_t) {
  std::array<std::string_view, std::size(kLines)> families;
  size_t count = 0;
  list_families(families, &count);
  ListBuilder names(vm);
  for (size_t f = 0; f < count; f++) {
    for (size_t i = 0; i < all().size(); i++)
      if (family_of(i) == families[f]) names.push(vm_of(vm).intern(all()[i].name));
  }
  return names.list();
}

Value prim_primitive_info(VmState* vm, const Value* args, uint64_t) {
  std::string_view name;
  if (value::is_symbol(args[0])) {
    name = frame::symbol_name(args[0]);
  } else if (!string_argument(vm, "primitive-info", args[0], &name)) {
    return kUnwind;
  }
  int found = find(name);
  if (found < 0) return kFalse;
  auto number = static_cast<size_t>(found);
  const Primitive& primitive = all()[number];
  Value dict = make_dict(vm, 8);
  bool done = dict != kUnwind && set_text(vm, dict, "name", primitive.name) &&
              set_text(vm, dict, "family", family_of(number)) &&
              set_text(vm, dict, "signature", primitive.signature) && set_text(vm, dict, "text", primitive.text) &&
              set(vm, dict, "effect", vm_of(vm).intern(kEffects[static_cast<size_t>(primitive.effect)])) &&
              set(vm, dict, "min-args", make_fixnum(primitive.min_args)) &&
              set(vm, dict, "max-args", primitive.max_args < 0 ? kFalse : make_fixnum(primitive.max_args)) &&
              set(vm, dict, "examples", example_list(vm, number));
  return done ? dict : kUnwind;
}

}  // namespace terrace::prims
