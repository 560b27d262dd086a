// frame/vm.cpp: the life of a vm, its names, its globals and its roots.
//
// Answers for: what every vm has before any code runs in it, and which parts of it the collector must see. The C stacks
// and the interpreter's registers are not here: whoever switches them (effect/) adds a root provider of its own.
#include "frame/vm.hpp"

#include "base/hash.hpp"
#include "bytecode/code.hpp"
#include "frame/calling.hpp"
#include "frame/globals.hpp"
#include "frame/names.hpp"
#include "heap/record_types.hpp"

namespace terrace::frame {

using namespace value;

static_assert(kNormalised == bytecode::kNormalisedArgc);
static_assert(offsetof(VmState, xargs) + sizeof(VmState::xargs) == sizeof(VmState));

struct Vm::Names {
  explicit Names(heap::Heap& heap) : kinds(heap) {}
  NameTable symbols;
  NameTable keywords;
  void visit_fresh(heap::Marker& marker) const {
    for (const NameTable* table : {&symbols, &keywords}) table->for_each_fresh([&](Value name) { marker.value(name); });
  }
  heap::RootedValues kinds;  // symbols of the error kinds, in the order of ErrorKind
};

namespace {

// A symbol stays while its global has a value, though nothing refers to it: a later program may.
void visit_bound_symbols(const NameTable& symbols, heap::Marker& marker) {
  symbols.for_each([&](Value symbol) {
    if (Vm::is_defined(symbol)) marker.value(symbol);
  });
}

// The words that generated code and unwinding keep in the state may be stale, so they are believed like a stack.
void visit_state(const VmState& state, heap::Marker& marker) {
  marker.conservative(&state.unwind_value, &state.unwind_value + 1);
  marker.conservative(&state.tail_callee, &state.tail_callee + 1);
  marker.conservative(&state.returned, &state.returned + 1);
  marker.conservative(state.tail_args, state.tail_args + kRegisterArguments);
  marker.conservative(state.xargs, state.xargs + kMaxXargs);
}

}  // namespace

Vm::Vm(const heap::HeapOptions& options, const Hooks& vm_hooks)
    : heap(&state.window, options), hooks(vm_hooks), dynamic(heap), macros(heap), names_(new Names(heap)) {
  state.unwind_value = state.tail_callee = kNil;
  state.returned = kUnbound;
  state.call_weight = kCallWeight;
  state.watch_epoch = 1;
  state.record_types = heap.record_types().data();
  for (Value& argument : state.tail_args) argument = kNil;
  heap.add_root_provider([this](heap::Marker& marker) {
    if (heap.is_minor())
      names_->visit_fresh(marker);
    else
      visit_bound_symbols(names_->symbols, marker);
    for (const auto& entry : macro_index) marker.value(Value{entry.first});
    visit_state(state, marker);
    found_text = {};
  });
  heap.add_weak_hook([this](heap::Heap& of) {
    for (NameTable* table : {&names_->symbols, &names_->keywords}) {
      if (!of.is_minor()) table->sweep_dead(of);
      table->forget_fresh();
    }
  });
  heap.set_limit_handler([this] { request(kRequestHeapLimit); });
#define T_ERROR(name, sx_kind, text) names_->kinds.push(intern(sx_kind));
#include "frame/errors.def"
#undef T_ERROR
}

Vm::~Vm() = default;

void Vm::request(uint32_t reasons) {
  requests.fetch_or(reasons);
  state.stack_limit.store(UINTPTR_MAX);
}

Value Vm::intern(std::string_view name) {
  uint64_t hash = base::hash_bytes(name.data(), name.size());
  Value found = names_->symbols.find(name, hash);
  if (found != kFalse) return found;
  heap::RootedValues text(heap);
  text.push(make_string(&state, name));
  if (text[0] == kUnwind) return kUnwind;
  auto* symbol = heap.make<Symbol>(Type::kSymbol);
  symbol->name = text[0];
  symbol->cell = kNil;
  symbol->hash = hash;
  // Invalid UTF-8 was repaired, so the name may be another one, which may be there already.
  std::string_view repaired = string_view_of(text[0]);
  if (repaired != name) return intern(std::string(repaired));
  names_->symbols.add(from_object(symbol), hash);
  if (hooks.name_made == nullptr) return from_object(symbol);
  text[0] = from_object(symbol);
  hooks.name_made(&state, text[0]);
  return text[0];
}

Value Vm::keyword(std::string_view name) {
  uint64_t hash = base::hash_bytes(name.data(), name.size());
  Value found = names_->keywords.find(name, hash);
  if (found != kFalse) return found;
  heap::RootedValues text(heap);
  text.push(make_string(&state, name));
  if (text[0] == kUnwind) return kUnwind;
  auto* keyword = heap.make<Keyword>(Type::kKeyword);
  keyword->name = text[0];
  keyword->hash = ~hash;  // a keyword and a symbol of one name are different keys
  keyword->reserved = 0;
  std::string_view repaired = string_view_of(text[0]);
  if (repaired != name) return this->keyword(std::string(repaired));
  names_->keywords.add(from_object(keyword), hash);
  return from_object(keyword);
}

Value Vm::well_known(ErrorKind kind) const { return names_->kinds.data()[static_cast<size_t>(kind)]; }

Cell* Vm::cell_of(Value symbol) {
  auto* s = as<Symbol>(symbol);
  if (!is_nil(s->cell)) return as<Cell>(s->cell);
  heap::RootedValues keep(heap);
  keep.push(symbol);
  auto* cell = heap.make<Cell>(Type::kCell);
  cell->value = kUnbound;
  cell->name = symbol;
  cell->version = 0;
  s->cell = from_object(cell);
  heap::Heap::write_barrier(s);
  return cell;
}

void Vm::define(std::string_view name, Value v) {
  heap::RootedValues keep(heap);
  keep.push(v);
  Value symbol = intern(name);
  store_global(&state, cell_of(symbol), v);
  macro_index.erase(symbol.bits);
}

// Two entries of macros each: the expander, and the symbol, which must stay alive as long as its address is a key.
void Vm::define_macro(Value symbol, Value expander) {
  auto [place, fresh] = macro_index.emplace(symbol.bits, macros.size());
  if (fresh) {
    macros.push(expander);
    macros.push(symbol);
  } else {
    macros[place->second] = expander;
  }
}

bool Vm::is_defined(Value symbol) {
  Value cell = as<Symbol>(symbol)->cell;
  return !is_nil(cell) && as<Cell>(cell)->value != kUnbound;
}

void Vm::collect_bound(heap::RootedValues& symbols) {
  if (hooks.meet_all != nullptr) hooks.meet_all(&state);
  names_->symbols.for_each([&](Value symbol) {
    if (Vm::is_defined(symbol)) symbols.push(symbol);
  });
}

}  // namespace terrace::frame
