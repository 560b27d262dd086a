// prelude/prelude.cpp: from the tables that make.cpp wrote to functions and macros of a vm.
//
// Nothing here runs code, and all that is half made is rooted, so a name may be met anywhere, also outside computations.
#include "prelude/prelude.hpp"

#include <cassert>
#include <span>

#include "base/name_index.hpp"
#include "bytecode/encoding.hpp"
#include "prims/primitive.hpp"
#include "syntax/make_proto.hpp"
#include "text/reader.hpp"

namespace terrace::prelude {
namespace {

using bytecode::ConstantKind;
using bytecode::PortableConstant;

struct Function {
  std::span<const uint8_t> bytes;   // as bytecode::encode writes them
  std::span<const uint16_t> inner;  // the functions among its constants, in their order
};

struct Entry {
  std::string_view name;
  int function;            // its number, which other names may share; -1: a macro
  std::string_view rules;  // of a macro: its transformer as it is written
};

#include "prelude/prelude.inc"

value::Proto* make_function(VmState* vm, size_t number);

value::Cell* global_cell(VmState* vm, std::string_view name) {
  if (name.starts_with(prims::kCorePrefix))
    return prims::core_cell(vm, static_cast<prims::Id>(prims::find(name.substr(prims::kCorePrefix.size()))));
  return frame::vm_of(vm).cell_of(frame::vm_of(vm).intern(name));
}

// Constants that are data are immediate, or make.cpp would have failed.
Value make_constant(VmState* vm, const PortableConstant& constant, std::span<const uint16_t>& inner) {
  if (constant.kind == ConstantKind::kData) return constant.immediate;
  if (constant.kind == ConstantKind::kGlobal) {
    return value::from_object(global_cell(vm, constant.bytes));
  }
  value::Proto* made = make_function(vm, inner.front());
  inner = inner.subspan(1);
  return value::from_object(made);
}

value::Proto* make_function(VmState* vm, size_t number) {
  std::span<const uint16_t> inner = kFunctions[number].inner;
  std::unique_ptr<bytecode::PortableFunction> read = bytecode::decode(kFunctions[number].bytes, nullptr);
  assert(read != nullptr);
  heap::RootedValues constants(frame::heap_of(vm));
  for (const PortableConstant& constant : read->constants) constants.push(make_constant(vm, constant, inner));
  const size_t count = constants.size();
  constants.push(read->code.name.empty() ? value::kFalse : frame::vm_of(vm).intern(read->code.name));
  syntax::CodeHandle code(new bytecode::FunctionCode(std::move(read->code)));
  value::Proto* proto = syntax::make_proto(vm, std::move(code), {constants.data(), count}, constants.back());
  if (auto* made = frame::vm_of(vm).hooks.proto_made) made(vm, proto);
  return proto;
}

Value make_closure(VmState* vm, size_t number) {
  heap::RootedValues keep(frame::heap_of(vm));
  value::Proto* proto = make_function(vm, number);
  keep.push(value::from_object(proto));
  auto* closure = frame::heap_of(vm).make<value::Closure>(value::Type::kClosure);
  closure->proto = proto;
  return value::from_closure(closure);
}

// All names of the function get it at once, since they are to be the same. Meeting the others comes back here, where one
// of them has then been the last.
void define_function(VmState* vm, int number) {
  frame::Vm& all = frame::vm_of(vm);
  heap::RootedValues keep(all.heap);
  for (const Entry& entry : kEntries)
    if (entry.function == number) keep.push(all.intern(entry.name));
  if (frame::Vm::is_defined(keep[0])) return;
  keep.push(make_closure(vm, static_cast<size_t>(number)));
  for (const Entry& entry : kEntries)
    if (entry.function == number) all.define(entry.name, keep.back());
}

void define_macro(VmState* vm, const Entry& entry) {
  text::SourceMap nowhere;
  text::Reader reader(vm, entry.rules, "terrace:prelude");
  Value rules = reader.next(nowhere);
  frame::vm_of(vm).define_macro(frame::vm_of(vm).intern(entry.name), rules);
}

}  // namespace

bool provide(VmState* vm, std::string_view name) {
  const int found = base::NameIndex<kEntries>::find(name);
  if (found < 0) return false;
  const Entry& entry = kEntries[found];
  entry.function < 0 ? define_macro(vm, entry) : define_function(vm, entry.function);
  return true;
}

void install(VmState* vm) {
  for (const Entry& entry : kEntries) frame::vm_of(vm).intern(entry.name);
}

}  // namespace terrace::prelude
