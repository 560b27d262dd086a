// prims/predicates.cpp: what a value is, and whether two are the same.
#include <iterator>

#include "frame/number.hpp"
#include "prims/build.hpp"
#include "prims/equality.hpp"

namespace terrace::prims {

namespace number = frame::number;

namespace {

const char* object_type_name(Type type) {
  static constexpr const char* kNames[] = {
      "free",
#define T_TYPE(name, sx_name, tracing) sx_name,
#include "value/types.def"
#undef T_TYPE
  };
  return static_cast<size_t>(type) < std::size(kNames) ? kNames[static_cast<size_t>(type)] : "object";
}

const char* type_name(Value v) {
  if (number::is_number(v)) return "number";
  if (value::is_pair(v)) return "pair";
  if (value::is_function(v)) return "function";
  if (value::is_object(v)) return object_type_name(as<value::Object>(v)->type);
  if (value::is_char(v)) return "char";
  if (value::is_bool(v)) return "boolean";
  return value::is_nil(v) ? "nil" : v == value::kEof ? "eof" : "unspecified";
}

Value exactness(VmState* vm, const char* who, Value v, bool exact) {
  if (!number::is_number(v)) return raise_type(vm, who, "a number", v);
  return make_bool(number::is_exact(v) == exact);
}

}  // namespace

#define T_TEST(id, test) \
  Value prim_##id(VmState*, const Value* args, uint64_t) { return make_bool(test); }
T_TEST(not, value::is_falsy(args[0]))
T_TEST(is_eq, args[0] == args[1])
T_TEST(is_eqv, eqv(args[0], args[1]))
T_TEST(is_null, value::is_nil(args[0]))
T_TEST(is_nil, value::is_nil(args[0]))
T_TEST(is_pair, value::is_pair(args[0]))
T_TEST(is_number, number::is_number(args[0]))
T_TEST(is_integer, number::is_number(args[0]) && number::is_integer_valued(args[0]))
T_TEST(is_rational, number::is_number(args[0]) && number::is_rational(args[0]))
T_TEST(is_real, number::is_number(args[0]))
T_TEST(is_exact_integer, value::is_integer(args[0]))
T_TEST(is_exact_rational, number::is_number(args[0]) && number::is_exact(args[0]))
T_TEST(is_float, value::is_float(args[0]))
T_TEST(is_fixnum, value::is_fixnum(args[0]))
T_TEST(is_boolean, value::is_bool(args[0]))
T_TEST(is_symbol, value::is_symbol(args[0]))
T_TEST(is_keyword, value::is_keyword(args[0]))
T_TEST(is_string, value::is_string(args[0]))
T_TEST(is_char, value::is_char(args[0]))
T_TEST(is_vector, value::is_vector(args[0]))
T_TEST(is_f64_vector, value::is_type(args[0], Type::kF64Vector))
T_TEST(is_i64_vector, value::is_type(args[0], Type::kI64Vector))
T_TEST(is_bytes, value::is_type(args[0], Type::kBytes))
T_TEST(is_dict, value::is_dict(args[0]))
T_TEST(is_tuple, value::is_type(args[0], Type::kTuple))
T_TEST(is_record, value::is_type(args[0], Type::kRecord))
T_TEST(is_box, value::is_type(args[0], Type::kBox))
T_TEST(is_procedure, value::is_function(args[0]))
T_TEST(is_function, value::is_function(args[0]))
T_TEST(is_host_object, value::is_type(args[0], Type::kHostObject))
T_TEST(is_unspecified, args[0] == kUnspecified)
T_TEST(is_eof_object, args[0] == value::kEof)
T_TEST(is_error, value::is_error(args[0]))
#undef T_TEST

Value prim_is_exact(VmState* vm, const Value* args, uint64_t) { return exactness(vm, "exact?", args[0], true); }
Value prim_is_inexact(VmState* vm, const Value* args, uint64_t) { return exactness(vm, "inexact?", args[0], false); }
Value prim_is_equal(VmState* vm, const Value* args, uint64_t) { return equal(vm, args[0], args[1]); }
Value prim_hash(VmState*, const Value* args, uint64_t) { return make_fixnum(static_cast<int64_t>(hash(args[0]))); }
Value prim_type_of(VmState* vm, const Value* args, uint64_t) { return vm_of(vm).intern(type_name(args[0])); }
Value prim_eof_object(VmState*, const Value*, uint64_t) { return value::kEof; }

Value prim_is_list(VmState*, const Value* args, uint64_t) {
  ListWalk walk(args[0]);
  while (walk.more()) walk.step();
  return make_bool(walk.proper());
}

}  // namespace terrace::prims
