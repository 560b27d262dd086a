// syntax/syntax_rules.cpp: syntax-rules: checking a transformer, matching a use, filling a template in.
//
// A transformer is a vector: ellipsis, literals, rules as pairs of pattern and template, env (frame/alias.hpp), and of the
// symbols in templates those that are core names (denote.cpp). Every symbol of a template that is no pattern variable
// becomes an alias, the same one for one symbol of one expansion; so what the template binds hides nothing of the use,
// and what it uses means what it meant where the macro was defined.
#include <algorithm>

#include "frame/alias.hpp"
#include "prims/equality.hpp"
#include "syntax/expander.hpp"
#include "text/printer.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;
using value::is_vector;

namespace {

enum Field : uint8_t { kEllipsis, kLiterals, kRules, kEnv, kCore, kFields };

bool is_member(Value item, Value list) {
  for (; is_pair(list); list = cdr(list))
    if (car(list) == item) return true;
  return false;
}

// What patterns and templates are read with.
struct Notation {
  Value ellipsis;  // symbol or keyword; nil: the usual one
  Value literals;

  bool is_ellipsis(Value v) const {
    if (is_nil(v) || is_member(v, literals)) return false;
    return is_nil(ellipsis) ? is_named(v, "...") : v == ellipsis;
  }
  // (item ellipsis . more)
  bool repeats(Value list) const { return is_pair(cdr(list)) && is_ellipsis(car(cdr(list))); }
  bool is_variable(Value v) const {
    return is_symbol(v) && !is_member(v, literals) && !is_ellipsis(v) && !is_named(v, "_");
  }
};

Value list_of(VmState* vm, Value vector) {
  auto* v = value::as<value::Vector>(vector);
  return frame::list_of_vector(vm, v, 0, v->length);
}

Value vector_of(VmState* vm, const Value* items, size_t count) {
  auto* made = frame::heap_of(vm).make<value::Vector>(value::Type::kVector, count * sizeof(Value));
  made->length = count;
  std::copy(items, items + count, value::words_of(made));
  return value::from_object(made);
}

}  // namespace

// --- definition
// -----------------------------------------------------------------------------------------------------------

class Expander::RulesMaker {
 public:
  RulesMaker(Expander& expander, Value form, Scope* scope)
      : expander_(expander), unit_(expander.unit_), form_(form), scope_(scope) {}

  // (syntax-rules [ellipsis] (literal ...) (pattern template) ...)
  Value make() {
    expander_.expect_items(form_, 2, SIZE_MAX);
    Value rest = cdr(form_);
    notation_ = {value::kNil, value::kNil};
    if (is_symbol(car(rest)) || value::is_keyword(car(rest))) {
      notation_.ellipsis = car(rest);
      rest = cdr(rest);
      if (!is_pair(rest)) expander_.bad_form(form_);
    }
    notation_.literals = car(rest);
    for (Value literal : expander_.items_of(notation_.literals, form_)) expander_.expect_symbol(literal, form_);
    Value rules = cdr(rest);
    for (Value rule : expander_.items_of(rules, form_)) check_rule(rule);
    rules = unit_.keep(copy(rules));
    notation_.literals = unit_.keep(copy(notation_.literals));
    Value core = frame::make_list(unit_.vm(), core_.data(), core_.size());
    Value env = expander_.module_ == nullptr ? value::kNil : expander_.symbol(expander_.module_->name);
    if (scope_ != nullptr) env = value::make_fixnum(expander_.number_of(scope_));
    Value fields[kFields] = {notation_.ellipsis, notation_.literals, rules, env, core};
    return unit_.keep(vector_of(unit_.vm(), fields, kFields));
  }

 private:
  [[noreturn]] void fail(const std::string& what, std::string_view remedy) { unit_.fail_here(what, remedy); }

  // Pairs and vectors that nobody else can change.
  Value copy(Value form) {
    unit_.check_depth();
    heap::RootedValues items(frame::heap_of(unit_.vm()));
    if (is_vector(form)) {
      form = unit_.keep(list_of(unit_.vm(), form));
      for (; is_pair(form); form = cdr(form)) items.push(copy(car(form)));
      return vector_of(unit_.vm(), items.data(), items.size());
    }
    for (; is_pair(form); form = cdr(form)) items.push(copy(car(form)));
    items.push(is_vector(form) ? copy(form) : form);
    return frame::make_list(unit_.vm(), items.data(), items.size() - 1, items.back());
  }

  void check_rule(Value rule) {
    Unit::At at(unit_, rule);
    if (!is_pair(rule) || expander_.length_of(rule, rule) != 2 || !is_pair(car(rule)))
      fail("a rule is not well formed", "write it as ((_ pattern ...) template)");
    depths_.clear();
    check_pattern(cdr(car(rule)), 0);
    check_template(car(cdr(rule)), 0, false);
  }

  void check_pattern(Value p, int depth) {
    unit_.check_depth();
    expander_.pairs_of(p);
    if (is_vector(p)) p = unit_.keep(list_of(unit_.vm(), p));
    bool repeated = false;
    for (; is_pair(p); p = cdr(p)) {
      if (notation_.is_ellipsis(car(p))) fail("an ellipsis follows nothing", "write it behind a pattern");
      bool repeats = notation_.repeats(p);
      if (repeats && repeated) fail("two ellipses in one list of a pattern", "leave one of them");
      check_pattern(car(p), depth + (repeats ? 1 : 0));
      if (!repeats) continue;
      repeated = true;
      p = cdr(p);
    }
    if (is_vector(p)) return check_pattern(p, depth);
    if (notation_.is_ellipsis(p)) fail("an ellipsis stands behind a dot", "write it behind a pattern");
    if (notation_.is_variable(p) && !depths_.emplace(p.bits, depth).second)
      fail("the variable '" + text_of(p) + "' stands twice in a pattern", "choose different names");
  }

  void check_template(Value t, int depth, bool escaped) {
    unit_.check_depth();
    expander_.pairs_of(t);
    if (is_vector(t)) t = unit_.keep(list_of(unit_.vm(), t));
    if (!escaped && is_pair(t) && notation_.is_ellipsis(car(t))) {
      if (!is_pair(cdr(t)) || !is_nil(cdr(cdr(t))))
        fail("an ellipsis follows nothing in a template", "write (... ...) for an ellipsis of the expansion");
      return check_template(car(cdr(t)), depth, true);
    }
    for (; is_pair(t); t = cdr(t)) {
      Value item = car(t);
      int more = 0;
      for (; !escaped && notation_.repeats(t); t = cdr(t)) ++more;
      if (more > 0 && deepest(item) < depth + more)
        fail("nothing before the ellipsis of a template repeats", "write a variable that has an ellipsis in the pattern");
      check_template(item, depth + more, escaped);
    }
    if (is_vector(t)) check_template(t, depth, escaped);
    if (is_symbol(t)) check_symbol(t, depth);
  }

  void check_symbol(Value t, int depth) {
    auto found = depths_.find(t.bits);
    if (found != depths_.end() && found->second > depth)
      fail("the variable '" + text_of(t) + "' needs an ellipsis in the template", "write ... behind it");
    if (found == depths_.end() && scope_ == nullptr &&
        std::find(core_.data(), core_.data() + core_.size(), t) == core_.data() + core_.size() &&
        expander_.is_core(expander_.denote_from(nullptr, t)))
      core_.push(t);
  }

  // The largest ellipsis depth among the variables in `t`; -1: there are none.
  int deepest(Value t) {
    unit_.check_depth();
    if (is_vector(t)) t = unit_.keep(list_of(unit_.vm(), t));
    int depth = -1;
    for (; is_pair(t); t = cdr(t)) depth = std::max(depth, deepest(car(t)));
    if (is_vector(t)) depth = std::max(depth, deepest(t));
    auto found = is_symbol(t) ? depths_.find(t.bits) : depths_.end();
    return found == depths_.end() ? depth : std::max(depth, found->second);
  }

  Expander& expander_;
  Unit& unit_;
  Value form_;
  Scope* scope_;
  Notation notation_{};
  heap::RootedValues core_{frame::heap_of(unit_.vm())};
  std::unordered_map<uint64_t, int> depths_;
};

Value Expander::make_rules(Value form, Scope* scope) {
  Unit::At at(unit_, form);
  return RulesMaker(*this, form, scope).make();
}

// --- use
// ------------------------------------------------------------------------------------------------------------------

class Expander::RulesUse {
 public:
  RulesUse(Expander& expander, Value rules, Value form)
      : expander_(expander),
        unit_(expander.unit_),
        fields_(value::words_of(value::as<value::Vector>(rules))),
        form_(form),
        notation_{fields_[kEllipsis], fields_[kLiterals]} {}

  Value expand() {
    for (Value rule = fields_[kRules]; is_pair(rule); rule = cdr(rule)) {
      Bindings bindings;
      if (match(cdr(car(car(rule))), cdr(form_), bindings)) return build(car(cdr(car(rule))), bindings, false);
    }
    no_rule();
  }

 private:
  // What a pattern variable stands for: a form, or with an ellipsis any number of these.
  struct Match {
    Value form = value::kNil;
    bool many = false;
    std::vector<Match> each{};
  };
  using Bindings = std::unordered_map<uint64_t, Match>;

  [[noreturn]] void no_rule() {
    std::string shapes;
    int shown = 0;
    for (Value rule = fields_[kRules]; is_pair(rule); rule = cdr(rule)) {
      constexpr size_t kLong = 60;
      if (++shown > 4) {
        shapes += " or ...";
        break;
      }
      if (shown > 1) shapes += " or ";
      Value shape = unit_.keep(frame::heap_of(unit_.vm()).cons(car(form_), cdr(car(car(rule)))));
      text::print(shapes, shape, text::Style::kWrite, shapes.size() + kLong);
    }
    unit_.fail_here("no rule of the macro '" + text_of(car(form_)) + "' fits this use", "write " + shapes);
  }

  // --- matching

  bool match(Value p, Value form, Bindings& bindings) {
    unit_.check_depth();
    for (; is_pair(p); p = cdr(p), form = cdr(form)) {
      if (notation_.repeats(p)) return match_repeated(p, form, bindings);
      if (!is_pair(form) || !match(car(p), car(form), bindings)) return false;
    }
    if (is_symbol(p)) return match_symbol(p, form, bindings);
    if (is_vector(p))
      return is_vector(form) && match(unit_.keep(list_of(unit_.vm(), p)), unit_.keep(list_of(unit_.vm(), form)), bindings);
    Value same = prims::equal(unit_.vm(), p, form);
    if (same == value::kUnwind) unit_.give_up();
    return same == value::kTrue;
  }

  bool match_symbol(Value p, Value form, Bindings& bindings) {
    if (is_member(p, notation_.literals)) return is_symbol(form) && is_same_name(p, form);
    if (notation_.is_variable(p)) bindings[p.bits] = Match{form};
    return true;
  }

  // A literal is matched by the name that means the same here as it does where the macro was defined.
  bool is_same_name(Value literal, Value name) {
    Value env = fields_[kEnv];
    const Scope* scope = nullptr;
    if (value::is_fixnum(env)) {
      auto found = expander_.scopes_.find(value::fixnum_value(env));
      if (found != expander_.scopes_.end()) scope = found->second;
    }
    Denotation there = expander_.denote_from(scope, literal);
    Denotation here = expander_.denote(name);
    if (there.local != nullptr || here.local != nullptr) return there.local == here.local;
    return frame::written_symbol(literal) == frame::written_symbol(name);
  }

  // (item ellipsis after ... . tail)
  bool match_repeated(Value p, Value form, Bindings& bindings) {
    Value item = car(p), after = cdr(cdr(p));
    size_t available = expander_.pairs_of(form), needed = expander_.pairs_of(after);
    if (available < needed) return false;
    std::vector<uint64_t> variables;
    collect_variables(item, variables);
    for (uint64_t v : variables) bindings[v] = Match{value::kNil, true};
    for (size_t i = needed; i < available; ++i, form = cdr(form)) {
      Bindings one;
      if (!match(item, car(form), one)) return false;
      for (uint64_t v : variables) bindings[v].each.push_back(std::move(one[v]));
    }
    return match(after, form, bindings);
  }

  void collect_variables(Value p, std::vector<uint64_t>& variables) {
    unit_.check_depth();
    if (is_vector(p)) p = unit_.keep(list_of(unit_.vm(), p));
    for (; is_pair(p); p = cdr(p)) collect_variables(car(p), variables);
    if (is_vector(p)) collect_variables(p, variables);
    if (notation_.is_variable(p)) variables.push_back(p.bits);
  }

  // --- filling in

  Value build(Value t, const Bindings& bindings, bool escaped) {
    unit_.check_depth();
    if (is_symbol(t)) {
      auto found = bindings.find(t.bits);
      return found == bindings.end() ? rename(t) : found->second.form;
    }
    if (is_vector(t)) {
      heap::RootedValues items(frame::heap_of(unit_.vm()));
      build_items(unit_.keep(list_of(unit_.vm(), t)), bindings, escaped, items);
      return vector_of(unit_.vm(), items.data(), items.size());
    }
    if (!is_pair(t)) return t;
    if (!escaped && notation_.is_ellipsis(car(t))) return build(car(cdr(t)), bindings, true);
    heap::RootedValues items(frame::heap_of(unit_.vm()));
    Value rest = build_items(t, bindings, escaped, items);
    items.push(is_nil(rest) ? rest : build(rest, bindings, escaped));
    return frame::make_list(unit_.vm(), items.data(), items.size() - 1, items.back());
  }

  // Answers what follows the last pair.
  Value build_items(Value t, const Bindings& bindings, bool escaped, heap::RootedValues& items) {
    for (; is_pair(t); t = cdr(t)) {
      Value item = car(t);
      int depth = 0;
      for (; !escaped && notation_.repeats(t); t = cdr(t)) ++depth;
      if (depth == 0)
        items.push(build(item, bindings, escaped));
      else
        build_repeated(item, depth, bindings, items);
    }
    return t;
  }

  void build_repeated(Value item, int depth, const Bindings& bindings, heap::RootedValues& items) {
    std::vector<uint64_t> variables;
    collect_variables(item, variables);
    Bindings one;
    std::vector<std::pair<uint64_t, const Match*>> repeated;
    for (uint64_t v : variables) {
      auto found = bindings.find(v);
      if (found == bindings.end()) continue;
      if (found->second.many)
        repeated.emplace_back(v, &found->second);
      else
        one[v] = found->second;
    }
    for (size_t i = 0; i < repeated[0].second->each.size(); ++i) {
      for (auto [v, match] : repeated) {
        if (match->each.size() != repeated[0].second->each.size())
          unit_.fail_here("variables that repeat together in the template of '" + text_of(car(form_)) +
                              "' stand for different numbers of forms",
                          "give as many of one as of the other");
        one[v] = match->each[i];
      }
      if (depth > 1)
        build_repeated(item, depth - 1, one, items);
      else
        items.push(build(item, one, false));
    }
  }

  Value rename(Value symbol) {
    auto [place, fresh] = names_.emplace(symbol.bits, value::kNil);
    if (!fresh) return place->second;
    Value env = is_member(symbol, fields_[kCore]) ? value::kTrue : fields_[kEnv];
    return place->second = unit_.keep(frame::make_alias(unit_.vm(), symbol, env));
  }

  Expander& expander_;
  Unit& unit_;
  const Value* fields_;  // alive while the macro is in scope or global, and in apply_macro's frame
  Value form_;
  Notation notation_;
  std::unordered_map<uint64_t, Value> names_;
};

Value Expander::expand_rules(Value rules, Value form) {
  return unit_.keep(RulesUse(*this, unit_.keep(rules), form).expand());
}

}  // namespace terrace::syntax
