// reading.cpp: the NIFs about globals and single values.
#include "nif.hpp"
#include "to_erlang.hpp"
#include "to_sx.hpp"
#include "turn.hpp"

namespace terrace::erlang {

namespace {

Term ok(const Arguments& arguments, Term term) { return enif_make_tuple2(arguments.env(), atoms.ok, term); }

Term converted(const Arguments& arguments, const Held<Vm>& vm, const jit_value& value, bool as_reference) {
  ToErlang converter(arguments.env(), vm, conversion_limit());
  return ok(arguments, as_reference ? converter.as_reference(value) : converter.convert(value));
}

// The value of a term, owned, in a vm whose turn the caller has.
class Given {
 public:
  Given(const Arguments& arguments, Vm& vm, size_t index) : converter_(arguments.env(), vm, conversion_limit()) {
    values_.add(converter_.convert(arguments[index]));
  }
  const jit_value* value() const { return values_.data(); }

 private:
  ToSx converter_;
  Values values_;
};

// define(Vm, Name, Value)
Term define(const Arguments& arguments) {
  const auto vm = arguments.vm(0);
  const std::string_view name = arguments.text(1);
  const Turn turn = take_turn(arguments, vm);
  const Given given(arguments, *vm, 2);
  jit_error* error = nullptr;
  check(lib().define(vm->handle.get(), name.data(), name.size(), given.value(), &error), error);
  return atoms.ok;
}

// lookup(Vm, Name, Form)
Term lookup(const Arguments& arguments) {
  const auto vm = arguments.vm(0);
  const std::string_view name = arguments.text(1);
  const Turn turn = take_turn(arguments, vm);
  jit_value value{};
  jit_error* error = nullptr;
  check(lib().lookup(vm->handle.get(), name.data(), name.size(), &value, &error), error);
  return converted(arguments, vm, value, arguments[2] == atoms.reference);
}

// value(Reference): what it refers to, as a term
Term value(const Arguments& arguments) {
  const auto ref = arguments.object<Ref>(0);
  const Turn turn = take_turn(arguments, ref->vm);
  jit_value inside = ref_value(lib().ref_retain(ref->handle.get()));
  if (!inside.as.ref) throw Failure::of("bad-handle", "the reference was released");
  inside.type = lib().ref_type(inside.as.ref);
  return converted(arguments, ref->vm, inside, false);
}

// type(Reference)
Term type(const Arguments& arguments) {
  switch (lib().ref_type(arguments.object<Ref>(0)->handle.get())) {
    case JIT_TYPE_NONE:
      throw Failure::of("bad-handle", "the reference was released");
    case JIT_TYPE_STRING:
      return atoms.string;
    case JIT_TYPE_SYMBOL:
      return atoms.symbol;
    case JIT_TYPE_KEYWORD:
      return atoms.keyword;
    case JIT_TYPE_PAIR:
      return atoms.pair;
    case JIT_TYPE_VECTOR:
      return atoms.vector;
    case JIT_TYPE_TUPLE:
      return atoms.tuple;
    case JIT_TYPE_DICT:
      return atoms.dict;
    case JIT_TYPE_BYTES:
      return atoms.bytes;
    case JIT_TYPE_F64_VECTOR:
      return atoms.f64;
    case JIT_TYPE_I64_VECTOR:
      return atoms.i64;
    case JIT_TYPE_BIG_INTEGER:
      return atoms.integer;
    case JIT_TYPE_RATIO:
      return atoms.ratio;
    case JIT_TYPE_FUNCTION:
      return atoms.function;
    case JIT_TYPE_RECORD:
      return atoms.record;
    case JIT_TYPE_ERROR:
      return atoms.error;
    case JIT_TYPE_HOST_OBJECT:
      return atoms.host_object;
    default:
      return atoms.other;
  }
}

// print(Vm, Value, Readable): its text, as SX's write or display show it; on a dirty scheduler
Term print(const Arguments& arguments) {
  const auto vm = arguments.vm(0);
  const Turn turn = take_turn(arguments, vm);
  const Given given(arguments, *vm, 1);
  jit_ref* text = nullptr;
  jit_error* error = nullptr;
  check(lib().print(vm->handle.get(), given.value(), arguments[2] == atoms.true_, &text, &error), error);
  jit_value value = ref_value(text);
  value.type = JIT_TYPE_STRING;
  return converted(arguments, vm, value, false);
}

// equal(Vm, A, B): equal? of SX; on a dirty scheduler
Term equal(const Arguments& arguments) {
  const auto vm = arguments.vm(0);
  const Turn turn = take_turn(arguments, vm);
  const Given a(arguments, *vm, 1), b(arguments, *vm, 2);
  uint32_t result = 0;
  jit_error* error = nullptr;
  check(lib().equal(vm->handle.get(), a.value(), b.value(), &result, &error), error);
  return ok(arguments, result ? atoms.true_ : atoms.false_);
}

}  // namespace

void add_value_functions(Functions& functions) {
  add<define>(functions, "define", 3);
  add<lookup>(functions, "lookup", 3);
  add<value>(functions, "value", 1);
  add<type>(functions, "type", 1);
  add<print>(functions, "print", 3, ERL_NIF_DIRTY_JOB_CPU_BOUND);
  add<equal>(functions, "equal", 3, ERL_NIF_DIRTY_JOB_CPU_BOUND);
}

}  // namespace terrace::erlang
