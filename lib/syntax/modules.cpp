// syntax/modules.cpp: module, in-module and import.
//
// The forms of a module are compiled and run one after the other while the form that holds them is compiled: so each sees
// the macros and functions of those before it, as at top level. What they define plainly is known to be the module's from
// the first form on.
#include "syntax/modules.hpp"

#include <algorithm>
#include <map>

#include "frame/alias.hpp"
#include "syntax/compile_lambda.hpp"
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

ModuleTable& ModuleTable::of(VmState* vm) {
  std::shared_ptr<void>& table = frame::vm_of(vm).module_table;
  if (table == nullptr) table = std::make_shared<ModuleTable>();
  return *static_cast<ModuleTable*>(table.get());
}

Module* ModuleTable::add(const std::string& name) {
  auto& place = modules_[name];
  place = std::make_unique<Module>();
  place->name = name;
  return place.get();
}

// The symbol of the global that a definition of `name` at top level, or in the module, makes.
Value Expander::defined_name(Value name) {
  auto form = forms().find(frame::symbol_name(name));
  if (form != forms().end() && !is_replaced(name) && !gives_way(form->second.method))
    unit_.fail_here("'" + text_of(name) + "' is a special form and cannot be defined", "choose another name");
  return defined_macro_name(name);
}

// The same for a macro, which may have the name of a special form and then hides it.
Value Expander::defined_macro_name(Value name) {
  if (ModuleTable::existing(unit_.vm()) == nullptr || !is_interned(name)) return name;
  Module& here = module_ == nullptr ? modules().root : *module_;
  std::string text = text_of(name);
  auto imported = here.imported.find(text);
  if (imported != here.imported.end())
    unit_.fail_here("'" + text + "' is imported and cannot be defined here",
                    "choose another name, or import with (prefix ...); (define " + imported->second +
                        " ...) at top level changes the module's own");
  if (module_ == nullptr) return name;
  if (!here.defined.contains(text) && here.outside.contains(text))
    unit_.fail_here("the module '" + here.name + "' defines '" + text + "' after it has used what others call so",
                    "move the definition before the first use, or choose another name");
  if (!here.made.insert(text).second && !here.open)
    unit_.fail_here("the module '" + here.name + "' defines '" + text + "' twice",
                    "choose different names, or use set! to change a variable");
  here.defined.insert(text);
  return symbol(here.global(text));
}

// --- module and in-module
// -------------------------------------------------------------------------------------------------

class Expander::ModuleForm {
 public:
  ModuleForm(Expander& expander, Value form) : expander_(expander), unit_(expander.unit_), form_(form) {
    expander_.expect_items(form, 2, SIZE_MAX);
    name_ = text_of(expander_.expect_symbol(car(cdr(form)), form));
    if (expander_.module_ != nullptr)
      unit_.fail_here("a module stands inside of a module", "write them one after the other");
  }

  // (module name (export spec ...) form ...)
  Node* define() {
    Value rest = cdr(cdr(form_));
    if (!is_pair(rest) || !is_pair(car(rest)) || !is_named(car(car(rest)), "export")) expander_.bad_form(form_);
    if (Module* known = expander_.modules().find(name_))
      unit_.fail_here("there is a module '" + name_ + "' already",
                      known->ready ? "choose another name, or change what is there with (in-module " + name_ + " ...)"
                                   : "end its definition first");
    Loading loading(expander_.modules(), name_);
    run(*loading.module, cdr(rest));
    settle_exports(*loading.module, car(rest));
    loading.module->ready = true;
    return expander_.unspecified();
  }

  // (in-module name [(export spec ...)] form ...)
  Node* extend() {
    Module* module = expander_.modules().find(name_);
    if (module == nullptr) unit_.fail_here("there is no module '" + name_ + "'", "define it with (module " + name_ + " ...)");
    Open open(*module);
    Value forms = cdr(cdr(form_)), exports = value::kNil;
    if (is_pair(forms) && is_pair(car(forms)) && is_named(car(car(forms)), "export")) {
      exports = car(forms);
      forms = cdr(forms);
    }
    Value last = run(*module, forms);
    if (!is_nil(exports)) settle_exports(*module, exports);
    return expander_.constant(last);
  }

 private:
  // While it stands names of the module may be defined again.
  struct Open {
    explicit Open(Module& of) : module(of), before(std::exchange(of.open, true)) {}
    ~Open() { module.open = before; }
    Open(const Open&) = delete;
    Module& module;
    bool before;
  };

  // A module that is not ready when this ends is none.
  struct Loading {
    Loading(ModuleTable& of, const std::string& name) : table(of), module(of.add(name)) {}
    ~Loading() {
      if (!module->ready) table.remove(std::string(module->name));
    }
    Loading(const Loading&) = delete;
    ModuleTable& table;
    Module* module;
  };

  Value run(Module& module, Value forms) {
    std::vector<Value> items = expander_.items_of(forms, form_);
    for (Value each : items) announce(module, each);
    Value result = value::kUnspecified;
    for (Value each : items) result = unit_.keep(run_form(module, each));
    return result;
  }

  // Compiled on its own, so that a long module needs no more memory than its longest form.
  Value run_form(Module& module, Value form) {
    Unit::At at(unit_, form);
    Value closure;
    {
      Unit own(unit_.vm(), unit_.map(), unit_.source_name());
      Expander inner(own, &module);
      closure = compile_lambda(own, inner.toplevel(form));
    }
    Value result = frame::call(unit_.vm(), closure, nullptr, 0);
    if (result != value::kUnwind) return result;
    VmState* vm = unit_.vm();
    bool placed = vm->unwind_kind != frame::UnwindKind::kError ||
                  value::tag_of(vm->unwind_value) != value::kTagObject || has_trace(vm->unwind_value);
    if (placed) unit_.give_up();
    unit_.give_up_here();
  }
  static bool has_trace(Value error) {
    return !value::is_error(error) || !is_nil(value::as<value::Error>(error)->trace);
  }

  // Names that the form plainly defines are the module's, also in the forms before.
  void announce(Module& module, Value form) {
    unit_.check_depth();
    if (!is_pair(form) || !is_symbol(car(form)) || !is_pair(cdr(form))) return;
    const FormEntry* entry = expander_.form_of(car(form));
    if (entry == nullptr) return;
    Value target = car(cdr(form));
    if (entry->method == &Expander::begin_form) {
      for (Value each : expander_.items_of(cdr(form), form)) announce(module, each);
    } else if (entry->method == &Expander::misplaced_record) {
      announce_record(module, cdr(form));
    } else if (entry->method == &Expander::misplaced_define_values) {
      expander_.pairs_of(target);
      for (; is_pair(target); target = cdr(target)) announce_name(module, car(target));
      announce_name(module, target);
    } else if (entry->method == &Expander::misplaced_define || entry->method == &Expander::misplaced_component ||
               entry->method == &Expander::misplaced_macro || entry->method == &Expander::misplaced_syntax) {
      announce_name(module, is_pair(target) ? car(target) : target);
    }
  }
  void announce_name(Module& module, Value name) {
    if (is_symbol(name) && !value::is_alias(name)) module.defined.insert(text_of(name));
  }
  // name (constructor field ...) predicate (field accessor [modifier]) ...
  void announce_record(Module& module, Value parts) {
    expander_.pairs_of(parts);
    for (size_t i = 0; is_pair(parts); parts = cdr(parts), ++i) {
      Value part = car(parts);
      if (i < 3) {
        announce_name(module, is_pair(part) ? car(part) : part);
      } else {
        expander_.pairs_of(part);
        for (Value names = is_pair(part) ? cdr(part) : part; is_pair(names); names = cdr(names))
          announce_name(module, car(names));
      }
    }
  }

  // name, (macro name) or (rename name exported-name)
  void settle_exports(Module& module, Value exports) {
    Unit::At at(unit_, exports);
    for (Value spec : expander_.items_of(cdr(exports), form_)) {
      std::vector<Value> parts{spec};
      if (is_pair(spec)) {
        parts = expander_.items_of(spec, form_);
        bool is_macro = is_named(parts[0], "macro") && parts.size() == 2;
        if (!is_macro && (!is_named(parts[0], "rename") || parts.size() != 3)) bad_spec();
        parts.erase(parts.begin());
      }
      for (Value part : parts)
        if (!is_symbol(part)) bad_spec();
      export_name(module, text_of(parts[0]), text_of(parts.back()),
                  is_pair(spec) && is_named(car(spec), "macro"));
    }
  }
  [[noreturn]] void bad_spec() {
    unit_.fail_here("an export is not well formed", "write name, (macro name) or (rename name exported-name)");
  }

  void export_name(Module& module, const std::string& own, const std::string& exported, bool must_be_macro) {
    std::string global = module.global(own);
    auto imported = module.imported.find(own);
    if (imported != module.imported.end())
      global = imported->second;
    else if (!module.made.contains(own))
      unit_.fail_here("the module '" + name_ + "' exports '" + own + "', which it does not define", "define it, or do not export it");
    Denotation d{nullptr, expander_.symbol(global)};
    if (must_be_macro && is_nil(expander_.macro_of(d)))
      unit_.fail_here("the module '" + name_ + "' exports '" + own + "' as a macro, which it is not", "write " + own + " alone");
    auto [place, fresh] = module.exported.emplace(exported, global);
    if (!fresh && (!module.open || place->second != global))
      unit_.fail_here("the module '" + name_ + "' exports '" + exported + "' twice", "leave one of them");
  }

  Expander& expander_;
  Unit& unit_;
  Value form_;
  std::string name_;
};

Node* Expander::toplevel_module(Value form) {
  ModuleForm module(*this, form);
  return is_named(car(form), "module") ? module.define() : module.extend();
}

Node* Expander::misplaced_module(Value) {
  unit_.fail_here("a module stands where an expression is expected", "move it to the top level");
}

Node* Expander::misplaced_import(Value) {
  unit_.fail_here("an import stands where an expression is expected", "move it to the top level or the top of a module");
}

// --- import
// -----------------------------------------------------------------------------------------------------------------

// name, (only set name ...), (except set name ...), (prefix set prefix) or (rename set (name new-name) ...)
class Expander::ImportSet {
 public:
  using Names = std::map<std::string, std::string>;  // a name here: the global; sorted, for messages

  ImportSet(Expander& expander, Value form) : expander_(expander), unit_(expander.unit_), form_(form) {}

  Names read(Value set) {
    unit_.check_depth();
    if (is_symbol(set)) return exports_of(text_of(set));
    std::vector<Value> parts = is_pair(set) ? expander_.items_of(set, form_) : std::vector<Value>{};
    if (parts.size() < 2 || !is_symbol(parts[0])) bad_set();
    std::string kind = text_of(parts[0]);
    if (kind != "only" && kind != "except" && kind != "prefix" && kind != "rename") bad_set();
    Names names = read(parts[1]);
    parts.erase(parts.begin(), parts.begin() + 2);
    if (kind == "only") return only(names, parts);
    if (kind == "except") return except(names, parts);
    if (kind == "prefix") return prefixed(names, parts);
    return renamed(names, parts);
  }

 private:
  [[noreturn]] void bad_set() {
    unit_.fail_here("what is imported is not well formed",
                    "write name, (only set name ...), (except set name ...), (prefix set prefix) or "
                    "(rename set (name new-name) ...)");
  }

  Names exports_of(const std::string& name) {
    module_ = name;
    Module* module = expander_.modules().find(name);
    if (module == nullptr)
      unit_.fail_here("there is no module '" + name + "'", "define it with (module " + name + " ...) before it is imported");
    if (!module->ready)
      unit_.fail_here("the module '" + name + "' is imported while it is being defined",
                      "let modules that need each other share a third one");
    return {module->exported.begin(), module->exported.end()};
  }

  std::string name_of(const Names& names, Value v) {
    if (!is_symbol(v)) bad_set();
    std::string name = text_of(v);
    if (names.contains(name)) return name;
    std::string exported;
    for (const auto& [each, global] : names) exported += (exported.empty() ? "" : ", ") + each;
    unit_.fail_here("the module '" + module_ + "' exports no '" + name + "'",
                    exported.empty() ? "it exports nothing" : "what can be imported is " + exported);
  }

  Names only(const Names& names, const std::vector<Value>& parts) {
    Names out;
    for (Value part : parts) {
      std::string name = name_of(names, part);
      out[name] = names.at(name);
    }
    return out;
  }

  Names except(Names names, const std::vector<Value>& parts) {
    for (Value part : parts) names.erase(name_of(names, part));
    return names;
  }

  Names prefixed(const Names& names, const std::vector<Value>& parts) {
    if (parts.size() != 1 || !is_symbol(parts[0])) bad_set();
    Names out;
    for (const auto& [name, global] : names) out[text_of(parts[0]) + name] = global;
    return out;
  }

  Names renamed(Names names, const std::vector<Value>& parts) {
    Names added;
    for (Value part : parts) {
      if (!is_pair(part) || expander_.length_of(part, form_) != 2 || !is_symbol(car(cdr(part)))) bad_set();
      std::string name = name_of(names, car(part));
      added[text_of(car(cdr(part)))] = names.at(name);
      names.erase(name);
    }
    for (const auto& [name, global] : added) names[name] = global;
    return names;
  }

  Expander& expander_;
  Unit& unit_;
  Value form_;
  std::string module_;
};

// (import set ...)
void Expander::toplevel_import(Value form) {
  expect_items(form, 2, SIZE_MAX);
  for (Value set : items_of(cdr(form), form)) {
    Unit::At at(unit_, set);
    import_names(ImportSet(*this, form).read(set));
  }
}

// All or nothing: a name that is taken leaves everything as it was.
void Expander::import_names(const std::map<std::string, std::string>& names) {
  Module& here = module_ == nullptr ? modules().root : *module_;
  for (const auto& [name, global] : names) {
    auto known = here.imported.find(name);
    if (known != here.imported.end() && known->second != global)
      unit_.fail_here("'" + name + "' is imported already, as " + known->second,
                      "use (only ...), (prefix ...) or (rename ...)");
    bool is_taken = module_ != nullptr ? here.defined.contains(name) : is_taken_at_top(name);
    if (is_taken)
      unit_.fail_here("'" + name + "' is defined here and cannot be imported",
                      "use (only ...), (prefix ...) or (rename ...)");
    if (module_ != nullptr && here.outside.contains(name) && known == here.imported.end())
      unit_.fail_here("'" + name + "' was used before it is imported", "move the import to the top of the module");
  }
  for (const auto& [name, global] : names) here.imported[name] = global;
}

// Whether the program has given the global of that name a value, or made it a macro or special form's name.
bool Expander::is_taken_at_top(const std::string& name) {
  Denotation d{nullptr, symbol(name)};
  if (!is_nil(macro_of(d))) return true;
  return has_value(d.name) && !is_core(d);
}

}  // namespace terrace::syntax
