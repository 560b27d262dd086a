// prims/prompt.cpp: what a program that reads from a person asks: which names there are, and whether a text goes on.
//
// Not for: editing lines, which is the host's.
#include "prims/arguments.hpp"
#include "prims/build.hpp"
#include "text/reader.hpp"

namespace terrace::prims {

Value prim_global_names(VmState* vm, const Value*, uint64_t) {
  // Gathered before the list is made: a collection may rebuild the table of names.
  heap::RootedValues symbols(heap_of(vm));
  vm_of(vm).collect_bound(symbols);
  for (const auto& [bits, index] : vm_of(vm).macro_index) symbols.push(Value{bits});
  Value list = kNil;
  for (size_t i = 0; i < symbols.size(); i++) list = heap_of(vm).cons(symbols[i], list);
  return list;
}

Value prim_is_source_complete(VmState* vm, const Value* args, uint64_t) {
  std::string_view source;
  if (!string_argument(vm, "source-complete?", args[0], &source)) return kUnwind;
  text::Reader reader(vm, source, "string");
  for (;;) {
    text::SourceMap places;
    Value datum = reader.next(places);
    if (datum == value::kEof) return value::kTrue;
    if (datum != kUnwind) continue;
    if (vm->unwind_kind != frame::UnwindKind::kError) return kUnwind;
    frame::take_error(vm);
    return value::make_bool(!reader.incomplete());
  }
}

}  // namespace terrace::prims
