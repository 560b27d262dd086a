// syntax/denote.cpp: what a name means where it stands.
//
// In this order: what a scope around binds it to; for a template's name that nothing binds, what the name written means
// where the template stands (frame/alias.hpp); an import, a definition of the module; a special form or primitive; the
// global of that name. In a module a name of nothing yet is the module's own, so that definitions may come later.
//
// Core names are those of special forms and primitives where nothing but the language gave them their meaning: in modules,
// and in templates written while the global was still the primitive. No definition elsewhere changes them.
#include "frame/alias.hpp"
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::is_nil;

Expander::Denotation Expander::denote_from(const Scope* scope, Value name) {
  Module* module = module_;
  for (;;) {
    if (scope != nullptr)
      if (const Meaning* found = scope->find(name)) return {found, name};
    if (!value::is_alias(name)) return denote_global(module, name);
    auto* alias = value::as<value::Alias>(name);
    if (is_defined_alias(name)) return {nullptr, name};
    name = alias->base;
    Value env = alias->env;
    if (env == value::kTrue) return {nullptr, frame::written_symbol(name), true};
    if (value::is_fixnum(env)) {
      auto found = scopes_.find(value::fixnum_value(env));
      scope = found == scopes_.end() ? nullptr : found->second;
    } else {
      scope = nullptr;
      module = value::is_symbol(env) ? modules().find(text_of(env)) : nullptr;
    }
  }
}

// A template's name that a top-level definition has made a global of its own.
bool Expander::is_defined_alias(Value alias) const {
  return !is_nil(value::as<value::Symbol>(alias)->cell) || !is_nil(macro_of(Denotation{nullptr, alias}));
}

Expander::Denotation Expander::denote_global(Module* module, Value name) {
  if (module == nullptr) {
    ModuleTable* table = ModuleTable::existing(unit_.vm());
    if (table == nullptr || table->root.imported.empty()) return {nullptr, name};
    module = &table->root;
  }
  std::string text = text_of(name);
  auto imported = module->imported.find(text);
  if (imported != module->imported.end()) return {nullptr, symbol(imported->second), false, true};
  if (module->name.empty() || !is_interned(name)) return {nullptr, name};
  if (module->defined.contains(text)) return {nullptr, symbol(module->global(text))};
  bool is_core = forms().contains(text) || prims::find(text) >= 0;
  if (is_core || has_value(name) || !is_nil(macro_of(Denotation{nullptr, name}))) {
    module->outside.insert(text);
    return {nullptr, name, is_core};
  }
  return {nullptr, symbol(module->global(text))};
}

// Interned, and alive until the compilation ends.
Value Expander::symbol(std::string_view name) { return unit_.keep(frame::vm_of(unit_.vm()).intern(name)); }

// Neither made by gensym nor a template's: such names are in no module.
bool Expander::is_interned(Value symbol) {
  return !value::is_alias(symbol) && this->symbol(frame::symbol_name(symbol)) == symbol;
}

bool Expander::has_value(Value symbol) const {
  Value cell = value::as<value::Symbol>(symbol)->cell;
  return !is_nil(cell) && value::as<value::Cell>(cell)->value != value::kUnbound;
}

// Whether the name is a special form or primitive that nothing has replaced.
bool Expander::is_core(const Denotation& d) {
  if (d.local != nullptr || d.core) return d.core;
  if (!is_nil(macro_of(d))) return false;
  if (form_of(d) != nullptr) return true;
  int id = prims::find(frame::symbol_name(d.name));
  if (id < 0 || defined_.contains(d.name.bits) || !has_value(d.name)) return false;
  return is_primitive(value::as<value::Cell>(value::as<value::Symbol>(d.name)->cell)->value, id);
}

bool Expander::is_primitive(Value function, int id) { return prims::is_function_of(function, static_cast<prims::Id>(id)); }

Value Expander::macro_of(const Denotation& d) const {
  if (d.core || d.local != nullptr) return value::kNil;
  frame::Vm& vm = frame::vm_of(unit_.vm());
  auto found = vm.macro_index.find(d.name.bits);
  return found == vm.macro_index.end() ? value::kNil : vm.macros[found->second];
}

const Expander::FormEntry* Expander::form_of(const Denotation& d) const {
  if (d.local != nullptr) return nullptr;
  auto found = forms().find(frame::symbol_name(d.name));
  if (found == forms().end() || (!d.core && is_replaced(d.name))) return nullptr;
  return &found->second;
}

// A form whose name the user has defined as a global is that global. The functions that the prelude makes are no
// such case.
bool Expander::is_replaced(Value symbol) const {
  if (value::is_alias(symbol) || defined_.contains(symbol.bits)) return true;
  if (!has_value(symbol)) return false;
  Value bound = value::as<value::Cell>(value::as<value::Symbol>(symbol)->cell)->value;
  if (!value::is_function(bound)) return true;
  const bytecode::FunctionCode* code = value::as_closure(bound)->proto->function;
  return code == nullptr || code->source != "terrace:control";
}

Node* Expander::global(const Denotation& d) {
  value::Cell* cell = d.core ? core_cell(d.name) : frame::vm_of(unit_.vm()).cell_of(d.name);
  const FormEntry* form = form_of(d);
  if (form != nullptr && cell->value == value::kUnbound && !defined_.contains(d.name.bits))
    unit_.fail_here("the special form '" + text_of(d.name) + "' is used as a value",
                    "write it as " + std::string(form->shape));
  return node<GlobalNode>(NodeKind::kGlobal, unit_.keep(value::from_object(cell)));
}

// The global that holds the primitive of a core name as a value.
value::Cell* Expander::core_cell(Value name) {
  int id = prims::find(frame::symbol_name(name));
  if (id < 0) return frame::vm_of(unit_.vm()).cell_of(name);
  return prims::core_cell(unit_.vm(), static_cast<prims::Id>(id));
}

// The name that templates of the compiler itself use: the special form or primitive, whatever the program calls so.
Value Expander::core(std::string_view name) {
  return unit_.keep(frame::make_alias(unit_.vm(), symbol(name), value::kTrue));
}

// Where a template that stands here is looked up from, for one of its symbols.
Value Expander::template_env(Value symbol, Scope* scope) {
  if (scope != nullptr) return value::make_fixnum(number_of(scope));
  if (is_core(denote_from(nullptr, symbol))) return value::kTrue;
  return module_ == nullptr ? value::kNil : this->symbol(module_->name);
}

int64_t Expander::number_of(Scope* scope) {
  if (scope->number() == 0) {
    scope->set_number(static_cast<int64_t>(frame::vm_of(unit_.vm()).next_token++));
    scopes_[scope->number()] = scope;
  }
  return scope->number();
}

}  // namespace terrace::syntax
