// prims/values.cpp: several values: making the object they travel in, and taking it apart.
//
// Answers for: what values answers, and the % primitives that let-values and its relatives are lowered to. Not for: the
// places where the compiler sees the call of values and makes no object (syntax/generate_values.cpp).
//
// One value is the value itself; none, or two and more, are an immutable Values object, which is passed on like any
// other value until it is taken apart.
#include "prims/build.hpp"

namespace terrace::prims {

namespace {

// What the value stands for, as an array that lives as long as the value and the place it is in.
struct Several {
  const Value* items;
  uint64_t count;
};

Several several(const Value* v) {
  if (!value::is_type(*v, Type::kValues)) return {v, 1};
  auto* values = as<value::Values>(*v);
  return {values->data, values->length};
}

std::string count_text(uint64_t n) { return std::to_string(n) + (n == 1 ? " value" : " values"); }

}  // namespace

Value prim_values(VmState* vm, const Value* args, uint64_t argc) { return several_values(vm, "values", args, argc); }

Value prim_take_values(VmState* vm, const Value* args, uint64_t) {
  uint64_t wanted;
  if (!size_argument(vm, "%take-values", args[1], &wanted)) return kUnwind;
  bool open = args[2] == kTrue;
  uint64_t count = several(args).count;
  if (count == wanted || (open && count > wanted)) return args[0];
  std::string message = "expected " + std::string(open ? "at least " : "") + count_text(wanted) + ", got " +
                        std::to_string(count);
  return frame::raise_error_with(vm, ErrorKind::kArity, message, frame::make_list(vm, args, 1));
}

Value prim_values_ref(VmState* vm, const Value* args, uint64_t) {
  Several all = several(args);
  uint64_t i;
  return index_argument(vm, "%values-ref", args[1], all.count, &i) ? all.items[i] : kUnwind;
}

Value prim_values_rest(VmState* vm, const Value* args, uint64_t) {
  Several all = several(args);
  uint64_t i;
  if (!index_argument(vm, "%values-rest", args[1], all.count + 1, &i)) return kUnwind;
  return frame::make_list(vm, all.items + i, all.count - i);
}

}  // namespace terrace::prims
