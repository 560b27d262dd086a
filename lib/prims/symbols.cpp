// prims/symbols.cpp: symbols and keywords.
#include "frame/alias.hpp"
#include "prims/build.hpp"

namespace terrace::prims {

namespace {

bool name_argument(VmState* vm, const char* who, Value v, Type type, const char* expected, std::string_view* out) {
  if (!type_argument(vm, who, v, type, expected)) return false;
  *out = frame::symbol_name(v);
  return true;
}

}  // namespace

Value prim_symbol_to_string(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "symbol->string", args[0], Type::kSymbol, "a symbol")) return kUnwind;
  return as<value::Symbol>(args[0])->name;
}

Value prim_string_to_symbol(VmState* vm, const Value* args, uint64_t) {
  std::string_view name;
  return string_argument(vm, "string->symbol", args[0], &name) ? vm_of(vm).intern(name) : kUnwind;
}

Value prim_symbol_append(VmState* vm, const Value* args, uint64_t argc) {
  std::string all;
  for (uint64_t i = 0; i < argc; i++) {
    std::string_view name;
    if (!name_argument(vm, "symbol-append", args[i], Type::kSymbol, "a symbol", &name)) return kUnwind;
    all += name;
    if (!text_may_grow(vm, "symbol-append", all.size())) return kUnwind;
  }
  return vm_of(vm).intern(all);
}

Value prim_symbol_lt(VmState* vm, const Value* args, uint64_t) {
  std::string_view a, b;
  if (!name_argument(vm, "symbol<?", args[0], Type::kSymbol, "a symbol", &a)) return kUnwind;
  if (!name_argument(vm, "symbol<?", args[1], Type::kSymbol, "a symbol", &b)) return kUnwind;
  return make_bool(a < b);
}

// The symbol is not interned, so that no source text, and no other call, can name it. Its number, which counts on in
// each vm, only makes it readable.
Value prim_gensym(VmState* vm, const Value* args, uint64_t argc) {
  std::string_view prefix = "g";
  if (argc > 0 && value::is_symbol(args[0])) {
    prefix = frame::symbol_name(args[0]);
  } else if (argc > 0 && !string_argument(vm, "gensym", args[0], &prefix)) {
    return kUnwind;
  }
  uint64_t number = vm_of(vm).next_token++;
  RootedValues name(heap_of(vm));
  name.push(frame::make_string(vm, std::string(prefix) + std::to_string(number)));
  if (name[0] == kUnwind) return kUnwind;
  auto* symbol = heap_of(vm).make<value::Symbol>(Type::kSymbol);
  symbol->name = name[0];
  symbol->cell = kNil;
  symbol->hash = number * 0x9E3779B97F4A7C15;
  return from_object(symbol);
}

Value prim_syntax_to_datum(VmState* vm, const Value* args, uint64_t) { return frame::strip_aliases(vm, args[0]); }

Value prim_rename(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "%rename", args[0], Type::kBox, "a box")) return kUnwind;
  if (!type_argument(vm, "%rename", args[1], Type::kSymbol, "a symbol")) return kUnwind;
  auto* names = as<value::Box>(args[0]);
  for (Value l = names->value; value::is_pair(l); l = value::cdr(l)) {
    if (!value::is_alias(value::car(l))) continue;
    auto* known = as<value::Alias>(value::car(l));
    if (known->base == args[1] && known->env == args[2]) return value::car(l);
  }
  Value made = frame::make_alias(vm, args[1], args[2]);
  names->value = heap_of(vm).cons(made, names->value);
  heap::Heap::write_barrier(names);
  return made;
}

Value prim_keyword_to_string(VmState* vm, const Value* args, uint64_t) {
  if (!type_argument(vm, "keyword->string", args[0], Type::kKeyword, "a keyword")) return kUnwind;
  return as<value::Keyword>(args[0])->name;
}

Value prim_string_to_keyword(VmState* vm, const Value* args, uint64_t) {
  std::string_view name;
  return string_argument(vm, "string->keyword", args[0], &name) ? vm_of(vm).keyword(name) : kUnwind;
}

Value prim_keyword_to_symbol(VmState* vm, const Value* args, uint64_t) {
  std::string_view name;
  if (!name_argument(vm, "keyword->symbol", args[0], Type::kKeyword, "a keyword", &name)) return kUnwind;
  return vm_of(vm).intern(std::string(name));
}

}  // namespace terrace::prims
