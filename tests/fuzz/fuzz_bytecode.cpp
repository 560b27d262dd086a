// fuzz/fuzz_bytecode.cpp: damaged and hostile bytecode: refused by decoder or verifier, or taken apart for people and
// run under limits.
//
// The verifier answers for registers, constants, jumps and primitives. What it cannot see in one function alone is not
// run here: what is in a captured variable, and that boxes, marks and unwind objects are what they should be, which
// only the compiler to bytecode promises.
#include <algorithm>

#include "bytecode/encoding.hpp"
#include "bytecode/op_info.hpp"
#include "bytecode/verifier.hpp"
#include "interp/loop.hpp"
#include "prims/primitive.hpp"
#include "sandbox.hpp"

namespace {

using namespace terrace;
using bytecode::FunctionCode;
using bytecode::Op;
using bytecode::PortableFunction;
using value::Value;

bool trusts_the_compiler(const FunctionCode& f) {
  return !f.captures.empty() || std::any_of(f.code.begin(), f.code.end(), [](bytecode::Instr i) {
    switch (bytecode::op_of(i)) {
      case Op::kUnbox:
      case Op::kSetBox:
      case Op::kSetCapture:
      case Op::kClosure:
      case Op::kCatch:
      case Op::kThrow:
        return true;
      case Op::kPrim:  // what control forms become
        return prims::all()[i.c].name.starts_with("%");
      default:
        return false;
    }
  });
}

Value constant_of(frame::VmState* vm, const bytecode::PortableConstant& c) {
  frame::Vm& whole = frame::vm_of(vm);
  if (c.kind == bytecode::ConstantKind::kGlobal) return value::from_object(whole.cell_of(whole.intern(c.bytes)));
  return c.is_immediate ? c.immediate : frame::make_string(vm, c.bytes);
}

void free_code(void*, value::Object* object) { bytecode::release(static_cast<value::Proto*>(object)->function); }

// The function as one of this vm; kUnwind when a constant cannot be made.
Value closure_of(frame::VmState* vm, PortableFunction& function) {
  heap::Heap& heap = frame::heap_of(vm);
  heap::RootedValues constants(heap);
  for (const bytecode::PortableConstant& c : function.constants) {
    constants.push(constant_of(vm, c));
    if (constants.back() == value::kUnwind) return value::kUnwind;
  }
  auto* code = new FunctionCode;
  code->required = function.code.required;
  code->optional = function.code.optional;
  code->rest = function.code.rest;
  code->rest_has_keys = function.code.rest_has_keys;
  code->other_keys = function.code.other_keys;
  code->keys = function.code.keys;
  code->register_count = function.code.register_count;
  code->code = function.code.code;
  code->constants = function.code.constants;
  code->handlers = function.code.handlers;
  code->lines = function.code.lines;
  auto* proto = heap.make<value::Proto>(value::Type::kProto, constants.size() * sizeof(Value));
  proto->entry = &interp::enter;
  proto->expected = code->expected_argc();
  proto->aux = code->register_count;
  proto->code = code->code.data();
  proto->function = code;
  proto->native = proto->profile = nullptr;
  proto->interval = proto->countdown = INT32_MAX;
  proto->confirmed = 0;
  proto->reserved = proto->stamp = proto->tier = 0;
  proto->constant_count = static_cast<uint32_t>(constants.size());
  proto->name = value::kFalse;
  std::copy(constants.data(), constants.data() + constants.size(), proto->constant);
  heap.add_finalizable(proto, free_code, nullptr);
  constants.push(value::from_object(proto));
  auto* closure = heap.make<value::Closure>(value::Type::kClosure);
  closure->proto = proto;
  return value::from_closure(closure);
}

void run(PortableFunction& function) {
  fuzz::Sandbox sandbox;
  {
    engine::Entry entry(sandbox.instance());
    Value closure = closure_of(sandbox.instance().state(), function);
    if (closure == value::kUnwind) return;
    std::vector<Value> arguments;
    for (uint32_t i = 0; i < function.code.required && i < 200; i++) arguments.push_back(value::make_fixnum(i + 3));
    sandbox.instance().call(closure, arguments, false);
  }
  sandbox.check_usable();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string reason;
  std::unique_ptr<PortableFunction> function = bytecode::decode({data, size}, &reason);
  if (!function) {
    if (reason.empty()) fuzz::found("refused without a word");
    return 0;
  }
  bytecode::disassemble(function->code);
  if (bytecode::verify(function->code, prims::accepts, &reason) && !trusts_the_compiler(function->code)) run(*function);
  return 0;
}
