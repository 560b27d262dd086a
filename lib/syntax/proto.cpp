// syntax/proto.cpp: from the code of functions to prototypes and the closure that starts them.
//
// A function's nested functions are made after its own instructions, for only then are the registers that they capture
// known, and before its prototype, which holds theirs among its constants and their hashes in its own.
#include <cassert>
#include <climits>

#include "bytecode/encoding.hpp"
#include "bytecode/verifier.hpp"
#include "syntax/analyse.hpp"
#include "syntax/compile_lambda.hpp"
#include "syntax/generate.hpp"
#include "syntax/make_proto.hpp"

namespace terrace::syntax {
namespace {

using bytecode::FunctionCode;

// What the collector should know of the memory outside its heap; about, for the allocator keeps a little for itself.
ptrdiff_t outside_bytes(const FunctionCode& code) {
  constexpr size_t kAllocations = 7 * 16;
  return static_cast<ptrdiff_t>(sizeof(FunctionCode) + kAllocations + code.name.capacity() + code.source.capacity() +
                                code.code.size() * sizeof(bytecode::Instr) + code.constants.size() +
                                code.captures.size() * sizeof(bytecode::CaptureSource) +
                                code.handlers.size() * sizeof(bytecode::HandlerRegion) +
                                code.lines.size() * sizeof(bytecode::LineEntry) +
                                code.keys.size() * sizeof(bytecode::KeyParameter));
}

// The pointer stays: whoever else holds the code for this prototype, such as the cache, lets go of it through the same
// field.
void free_proto(void* heap, value::Object* object) {
  FunctionCode* code = static_cast<value::Proto*>(object)->function;
  static_cast<heap::Heap*>(heap)->add_external(-outside_bytes(*code));
  bytecode::release(code);
}

class ProtoMaker {
 public:
  explicit ProtoMaker(Unit& unit) : unit_(unit) {}

  value::Proto* make(Lambda* f, std::vector<bytecode::CaptureSource> captures) {
    unit_.check_depth();
    Generator generator(unit_, f);
    generator.run();
    CodeHandle code(new FunctionCode);
    describe(*code, f);
    code->keys = generator.keys();
    code->captures = std::move(captures);
    Assembler& assembler = generator.assembler();
    assembler.finish(*code, generator.parameters());
    code->register_count =
        static_cast<uint16_t>(std::max(generator.registers(), generator.parameters()) + assembler.preloads());
    std::vector<Value> constants = constant_values(generator);
    value::Proto* proto = make_proto(unit_.vm(), std::move(code), constants, f->name);
    unit_.keep(value::from_object(proto));
    bytecode::compute_hash(proto);
    check(*proto->function);
    // Not earlier: whoever listens finds compiled code by the hash.
    if (auto* made = frame::vm_of(unit_.vm()).hooks.proto_made) made(unit_.vm(), proto);
    return proto;
  }

 private:
  void describe(FunctionCode& code, const Lambda* f) const {
    code.name = f->name == value::kFalse ? std::string() : text_of(f->name);
    code.source = unit_.source_name();
    code.required = static_cast<uint16_t>(f->required.size());
    code.optional = static_cast<uint16_t>(f->positional());
    code.rest = f->rest != nullptr;
    code.rest_has_keys = f->rest_has_keys;
    code.other_keys = f->other_keys;
  }

  std::vector<Value> constant_values(Generator& generator) {
    std::vector<Value> values;
    for (const Assembler::Constant& constant : generator.assembler().constants()) {
      if (constant.kind != bytecode::ConstantKind::kFunction) {
        values.push_back(constant.value);
        continue;
      }
      std::vector<bytecode::CaptureSource> sources = generator.captures_of(constant.lambda);
      for (bytecode::CaptureSource& source : sources)
        if (source.from_register)
          source.index = generator.assembler().final_register(source.index, generator.parameters());
      values.push_back(unit_.keep(value::from_object(make(constant.lambda, std::move(sources)))));
    }
    return values;
  }

  void check([[maybe_unused]] const FunctionCode& code) {
#ifndef NDEBUG
    std::string reason;
    if (!bytecode::verify(code, prims::accepts, &reason))
      unit_.fail_here("the compiler made code that cannot be run: " + code.name + ": " + reason,
                      "please report this program");
#endif
  }

  Unit& unit_;
};

}  // namespace

value::Proto* make_proto(VmState* vm, CodeHandle code, std::span<const Value> constants, Value name) {
  heap::Heap& heap = frame::heap_of(vm);
  heap.add_external(outside_bytes(*code));
  auto* proto = heap.make<value::Proto>(value::Type::kProto, constants.size() * sizeof(Value));
  proto->entry = vm->runtime->interp_entry;
  proto->expected = code->expected_argc();
  proto->aux = code->register_count;
  proto->code = code->code.data();
  proto->function = code.release();
  proto->native = nullptr;
  proto->profile = nullptr;
  proto->interval = proto->countdown = INT_MAX;  // never, unless a hook says otherwise
  proto->reserved = 0;
  proto->confirmed = 0;
  proto->links = value::kFalse;
  proto->stamp = 0;
  proto->constant_count = static_cast<uint32_t>(constants.size());
  proto->tier = 0;
  proto->name = name;
  std::copy(constants.begin(), constants.end(), proto->constant);
  heap.add_finalizable(proto, free_proto, &heap);
  return proto;
}

Value compile_lambda(Unit& unit, Lambda* top) {
  find_placements(unit, top);
  resolve(unit, top);
  value::Proto* proto = ProtoMaker(unit).make(top, {});
  VmState* vm = unit.vm();
  auto* closure = frame::heap_of(vm).make<value::Closure>(value::Type::kClosure);
  closure->proto = proto;
  return unit.keep(value::from_closure(closure));
}

}  // namespace terrace::syntax
