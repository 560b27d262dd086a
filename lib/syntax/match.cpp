// syntax/match.cpp: match as decisions: tests and jumps, without closures.
//
// After Wadler's chapter in Peyton Jones, "The Implementation of Functional Programming Languages" (1987). A row is a
// clause with what of its pattern is still to be tested, each part with the variable that holds what it is about. The
// first tests of the rows decide: rows one after the other that begin with a test of the same variable for the same shape
// share it, and its parts are taken out once for all of them. When none of them takes the value, the rows behind are
// tried: an Attempt node, in which Fail jumps there. Nothing is generated twice.
//
// Patterns inside of or, not and ... are tests with an answer: rows of one clause whose end is true. What they bind is
// handed out in variables that are set.
#include <algorithm>

#include "syntax/expander.hpp"
#include "syntax/pattern.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;
using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;
using Kind = Pattern::Kind;

class Expander::MatchForm {
 public:
  MatchForm(Expander& expander, Value form)
      : expander_(expander),
        form_(form),
        reader_(expander.unit_, [this](Value name) { return expander_.is_record_type(name); }) {}

  // (match value clause ...)
  Node* make() {
    std::vector<Binding> bindings{{variable(), expander_.expand(car(cdr(form_)))}};
    Variable* subject = bindings[0].variable;
    Inside scope(expander_);
    std::vector<Row> rows;
    for (Value clauses = cdr(cdr(form_)); is_pair(clauses); clauses = cdr(clauses))
      rows.push_back(clause(subject, car(clauses)));
    Node* none = prim(Id::k_no_match, {local(subject)});
    return expander_.let_node(bindings, attempt(none, [&] { return decide(rows); }));
  }

 private:
  struct Column {
    Variable* subject;
    const Pattern* pattern;
  };
  struct Bound {
    Value name;
    Variable* variable;
  };
  struct Row {
    std::vector<Column> columns;  // the next one last
    std::vector<Bound> bound;
    std::function<Node*(const Row&)> success;
    bool may_decline = false;  // its success may be a Fail
  };
  using Rows = std::vector<Row>;

  // --- small nodes
  Variable* variable() { return expander_.unit_.make_variable(value::kNil); }
  Node* local(Variable* v) { return expander_.local(v); }
  Node* constant(Value v) { return expander_.constant(v); }
  Node* number(size_t n) { return constant(value::make_fixnum(static_cast<int64_t>(n))); }
  Node* prim(Id id, std::initializer_list<Node*> args) { return expander_.primitive(id, args); }
  Node* fail() { return expander_.node<FailNode>(NodeKind::kFail, attempt_); }
  Node* both(Node* first, Node* second) {
    std::vector<Node*> items{first, second};
    return expander_.list_node(NodeKind::kAnd, items, nullptr);
  }

  Node* attempt(Node* otherwise, const std::function<Node*()>& make_body) {
    AttemptNode* around = attempt_;
    auto* made = expander_.node<AttemptNode>(NodeKind::kAttempt, nullptr, otherwise);
    attempt_ = made;
    made->body = make_body();
    attempt_ = around;
    return made;
  }

  // --- clauses

  // (pattern [(when test)] body ...)
  Row clause(Variable* subject, Value clause) {
    Unit::At at(expander_.unit_, clause);
    if (!is_pair(clause) || expander_.length_of(clause, form_) < 2)
      expander_.unit_.fail_here("a clause of match is not well formed", "write it as (pattern [(when test)] body ...)");
    Row row{{{subject, reader_.read_clause(car(clause))}}, {}, nullptr};
    Value body = cdr(clause);
    row.may_decline = is_guard(car(body)) && is_pair(cdr(body));
    row.success = [this, clause, body, guarded = row.may_decline](const Row& r) {
      Unit::At there(expander_.unit_, clause);
      return answer(r, guarded ? car(cdr(car(body))) : value::kUnset, guarded ? cdr(body) : body, clause);
    };
    return row;
  }

  // (when test): the form when has more.
  static bool is_guard(Value v) {
    return is_pair(v) && is_named(car(v), "when") && is_pair(cdr(v)) && is_nil(cdr(cdr(v)));
  }

  // The body of a clause, with its names bound.
  Node* answer(const Row& row, Value test, Value body, Value whole) {
    Inside scope(expander_);
    std::vector<Binding> bindings;
    for (const Bound& b : row.bound) {
      Node* init = local(b.variable);
      bindings.push_back({expander_.bind_parameter(b.name), init});
    }
    Node* guard = test == value::kUnset ? nullptr : expander_.expand(test);
    Node* made = expander_.expand_body(body, whole);
    if (guard != nullptr) made = expander_.choose(guard, made, fail());
    return expander_.let_node(bindings, made);
  }

  // --- rows

  // What the first row that takes its values answers; Fail when none does.
  Node* decide(Rows& rows) {
    expander_.unit_.check_depth();
    if (rows.empty()) return fail();
    open_front(rows[0]);
    if (rows[0].columns.empty()) return succeed(rows);
    Rows group = take_group(rows);
    if (rows.empty()) return test_group(group);
    Node* otherwise = decide(rows);
    return attempt(otherwise, [&] { return test_group(group); });
  }

  Node* succeed(Rows& rows) {
    Row first = std::move(rows[0]);
    rows.erase(rows.begin());
    if (!first.may_decline || rows.empty()) return first.success(first);  // no row behind it is ever reached
    Node* otherwise = decide(rows);
    return attempt(otherwise, [&] { return first.success(first); });
  }

  // Does what needs no test: names, _, (and ...) at the front.
  void open_front(Row& row) {
    while (!row.columns.empty()) {
      auto [subject, pattern] = row.columns.back();
      if (pattern->kind == Kind::kVariable) {
        row.bound.push_back({pattern->value, subject});
      } else if (pattern->kind != Kind::kAny && pattern->kind != Kind::kAll) {
        return;
      }
      row.columns.pop_back();
      if (pattern->kind != Kind::kAll) continue;
      for (size_t i = pattern->parts.size(); i-- > 0;) row.columns.push_back({subject, pattern->parts[i]});
    }
  }

  // The rows from the first on that begin with the same test, taken out of `rows`.
  Rows take_group(Rows& rows) {
    size_t n = 1;
    for (; n < rows.size(); ++n) {
      open_front(rows[n]);
      if (rows[n].columns.empty() || !same_test(rows[0].columns.back(), rows[n].columns.back())) break;
    }
    auto end = rows.begin() + static_cast<ptrdiff_t>(n);
    Rows group(std::make_move_iterator(rows.begin()), std::make_move_iterator(end));
    rows.erase(rows.begin(), end);
    return group;
  }

  static bool same_test(const Column& a, const Column& b) {
    const Pattern &p = *a.pattern, &q = *b.pattern;
    if (a.subject != b.subject || p.kind != q.kind) return false;
    switch (p.kind) {
      case Kind::kPair:
      case Kind::kBox:
        return true;
      case Kind::kConstant:
        return p.value == q.value;
      case Kind::kVector:
      case Kind::kTuple:
        return p.parts.size() == q.parts.size() && p.open == q.open;
      case Kind::kRecord:
        return p.value == q.value && p.parts.size() == q.parts.size();
      default:
        return false;
    }
  }

  Node* test_group(Rows& group) {
    Column front = group[0].columns.back();
    expander_.unit_.check_depth();
    switch (front.pattern->kind) {
      case Kind::kConstant:
        return test_then(prim(Id::k_is_equal, {local(front.subject), constant(front.pattern->value)}), group, {});
      case Kind::kPair:
        return test_then(prim(Id::k_is_pair, {local(front.subject)}), group,
                         {prim(Id::k_car, {local(front.subject)}), prim(Id::k_cdr, {local(front.subject)})});
      case Kind::kBox:
        return test_then(prim(Id::k_is_box, {local(front.subject)}), group, {prim(Id::k_unbox, {local(front.subject)})});
      case Kind::kVector:
      case Kind::kTuple:
        return test_elements(front, group);
      case Kind::kRecord:
        return test_record(front, group);
      case Kind::kDict:
        return test_dict(front, group);
      case Kind::kTest:
        return test_function(front, group);
      case Kind::kEach:
        return test_each(front, group);
      case Kind::kSome:
        return test_some(front, group);
      default:
        return test_none(front, group);
    }
  }

  // When the test holds, the rows go on with the parts instead of the whole. A part that no row looks at is not taken out.
  Node* test_then(Node* test, Rows& group, const std::vector<Node*>& parts) {
    std::vector<Binding> bindings;
    std::vector<Variable*> subjects;
    for (size_t i = 0; i < parts.size(); ++i) {
      bool wanted = std::any_of(group.begin(), group.end(), [&](const Row& row) {
        return row.columns.back().pattern->parts[i]->kind != Kind::kAny;
      });
      subjects.push_back(wanted ? variable() : nullptr);
      if (wanted) bindings.push_back({subjects[i], parts[i]});
    }
    for (Row& row : group) {
      const Pattern* pattern = row.columns.back().pattern;
      row.columns.pop_back();
      for (size_t i = subjects.size(); i-- > 0;)
        if (subjects[i] != nullptr) row.columns.push_back({subjects[i], pattern->parts[i]});
    }
    Node* then = expander_.let_node(bindings, decide(group));
    return test == nullptr ? then : expander_.choose(test, then, fail());
  }

  Node* test_elements(const Column& front, Rows& group) {
    bool vector = front.pattern->kind == Kind::kVector;
    size_t count = front.pattern->parts.size() - front.pattern->open;
    Node* length = prim(vector ? Id::k_vector_length : Id::k_tuple_length, {local(front.subject)});
    Node* fits = prim(front.pattern->open ? Id::k_num_ge : Id::k_num_eq, {length, number(count)});
    Node* test = both(prim(vector ? Id::k_is_vector : Id::k_is_tuple, {local(front.subject)}), fits);
    std::vector<Node*> parts;
    for (size_t i = 0; i < count; ++i)
      parts.push_back(prim(vector ? Id::k_vector_ref : Id::k_tuple_ref, {local(front.subject), number(i)}));
    if (front.pattern->open) parts.push_back(elements_from(front.subject, vector, count));
    return test_then(test, group, parts);
  }

  Node* elements_from(Variable* subject, bool vector, size_t first) {
    if (vector) return prim(Id::k_vector_to_list, {local(subject), number(first)});
    return prim(Id::k_list_tail, {prim(Id::k_tuple_to_list, {local(subject)}), number(first)});
  }

  Node* test_record(const Column& front, Rows& group) {
    check_fields(*front.pattern);
    auto type = [&] { return expander_.reference(front.pattern->value); };
    Node* test = prim(Id::k_is_record_of, {local(front.subject), type()});
    std::vector<Node*> parts;
    for (size_t i = 0; i < front.pattern->parts.size(); ++i)
      parts.push_back(prim(Id::k_record_ref, {local(front.subject), type(), number(i)}));
    return test_then(test, group, parts);
  }

  // What is known of the type by now.
  void check_fields(const Pattern& pattern) {
    Denotation d = expander_.denote(pattern.value);
    if (d.local != nullptr || !expander_.has_value(d.name)) return;
    Value type = value::as<value::Cell>(value::as<value::Symbol>(d.name)->cell)->value;
    if (!value::is_type(type, value::Type::kRecordType)) return;
    const uint64_t fields = value::as<value::RecordType>(type)->count;
    if (pattern.parts.size() > fields)
      expander_.unit_.fail(pattern.at, "a pattern of a record has more parts than '" + text_of(pattern.value) + "' has fields",
                           "write at most " + std::to_string(fields));
  }

  // The value of each key is looked up once, with a default that is no value.
  Node* test_dict(const Column& front, Rows& group) {
    std::vector<Binding> bindings;
    std::vector<Node*> tests, parts;
    Value keys = front.pattern->value;
    for (; is_pair(keys); keys = cdr(keys)) {
      Node* found = prim(Id::k_dict_ref, {local(front.subject), constant(car(keys)), constant(value::kUnset)});
      bindings.push_back({variable(), found});
      tests.push_back(prim(Id::k_not, {prim(Id::k_is_eq, {local(bindings.back().variable), constant(value::kUnset)})}));
      parts.push_back(local(bindings.back().variable));
    }
    Node* present = expander_.list_node(NodeKind::kAnd, tests, constant(value::kTrue));
    Node* then = expander_.let_node(bindings, test_then(present, group, parts));
    return expander_.choose(prim(Id::k_is_dict, {local(front.subject)}), then, fail());
  }

  // (function value), written with a hidden name for the value so that any form may be the function.
  Node* test_function(const Column& front, Rows& group) {
    VmState* vm = expander_.unit_.vm();
    Value name = expander_.hidden_name("matched");
    expander_.scope_->bind(name, front.subject);
    Value call[] = {front.pattern->value, name};
    Node* test = expander_.expand(expander_.unit_.keep(frame::make_list(vm, call, 2)));
    return go_on(test, group[0], front, front.pattern->parts);
  }

  // One row, with `parts` about the same value in front when the test holds.
  Node* go_on(Node* test, Row& row, const Column& front, const std::vector<const Pattern*>& parts) {
    row.columns.pop_back();
    for (size_t i = parts.size(); i-- > 0;) row.columns.push_back({front.subject, parts[i]});
    Rows one;
    one.push_back(std::move(row));
    return expander_.choose(test, decide(one), fail());
  }

  // --- patterns as tests

  // Whether the pattern takes the value; `success` is evaluated then, and is true.
  Node* holds(Variable* subject, const Pattern* pattern, std::function<Node*(const Row&)> success) {
    Rows rows;
    rows.push_back({{{subject, pattern}}, {}, std::move(success)});
    return attempt(constant(value::kFalse), [&] { return decide(rows); });
  }

  // Variables that hand out what a test binds.
  std::vector<Binding> outlets(size_t count, Value first) {
    std::vector<Binding> made;
    for (size_t i = 0; i < count; ++i) made.push_back({variable(), constant(first)});
    return made;
  }

  static Variable* find(const Row& row, Value name) {
    for (const Bound& b : row.bound)
      if (b.name == name) return b.variable;
    return nullptr;
  }

  Node* test_some(const Column& front, Rows& group) {
    const std::vector<Value>& names = front.pattern->names;
    std::vector<Binding> outs = outlets(names.size(), value::kUnspecified);
    auto hand_out = [&](const Row& row) {
      std::vector<Node*> steps;
      for (size_t i = 0; i < names.size(); ++i)
        steps.push_back(expander_.set_local(outs[i].variable, local(find(row, names[i]))));
      steps.push_back(constant(value::kTrue));
      return expander_.sequence(steps);
    };
    std::vector<Node*> tests;
    for (const Pattern* each : front.pattern->parts) tests.push_back(holds(front.subject, each, hand_out));
    Node* any = expander_.list_node(NodeKind::kOr, tests, constant(value::kFalse));
    return bind_outlets(any, names, outs, [](Node* n) { return n; }, group[0]);
  }

  Node* test_none(const Column& front, Rows& group) {
    Node* taken = holds(front.subject, front.pattern->parts[0], [&](const Row&) { return constant(value::kTrue); });
    return go_on(prim(Id::k_not, {taken}), group[0], front, {});
  }

  // When the test holds, names stand for what `finish` makes of its outlets, which are not set any more.
  Node* bind_outlets(Node* test, const std::vector<Value>& names, std::vector<Binding>& outs,
                     const std::function<Node*(Node*)>& finish, Row& row) {
    std::vector<Binding> settled;
    for (size_t i = 0; i < names.size(); ++i) {
      settled.push_back({variable(), finish(local(outs[i].variable))});
      row.bound.push_back({names[i], settled[i].variable});
    }
    row.columns.pop_back();
    Rows one;
    one.push_back(std::move(row));
    Node* then = expander_.let_node(settled, decide(one));
    return expander_.let_node(outs, expander_.choose(test, then, fail()));
  }

  // Every element of a proper list. A name alone stands for the list itself.
  Node* test_each(const Column& front, Rows& group) {
    const Pattern* element = front.pattern->parts[0];
    if (element->kind == Kind::kAny || element->kind == Kind::kVariable)
      return go_on(prim(Id::k_is_list, {local(front.subject)}), group[0], front, {element});
    std::vector<Value> names;
    collect_names(element, names);
    std::vector<Binding> outs = outlets(names.size(), value::kNil);
    Node* test = each_loop(front.subject, element, names, outs);
    auto finish = [&](Node* n) { return prim(Id::k_reverse, {n}); };
    return bind_outlets(test, names, outs, finish, group[0]);
  }

  // A loop that is true at the end of the list, and false at the first element that is refused or at a bad end.
  Node* each_loop(Variable* list, const Pattern* element, const std::vector<Value>& names, std::vector<Binding>& outs) {
    Value name = expander_.unit_.keep(frame::vm_of(expander_.unit_.vm()).intern("match"));
    Lambda* loop = expander_.unit_.make_lambda(name, expander_.scope_->function(), expander_.unit_.here());
    Variable* self = expander_.unit_.make_variable(name);
    loop->self = self;
    self->function = loop;
    {
      Inside scope(expander_, loop);
      Variable *rest = variable(), *item = variable();
      loop->required.push_back(rest);
      auto gather = [&](const Row& row) {
        std::vector<Node*> steps;
        for (size_t i = 0; i < names.size(); ++i) {
          Node* more = prim(Id::k_cons, {local(find(row, names[i])), local(outs[i].variable)});
          steps.push_back(expander_.set_local(outs[i].variable, more));
        }
        steps.push_back(constant(value::kTrue));
        return expander_.sequence(steps);
      };
      Node* taken = holds(item, element, gather);
      Node* next = expander_.call_node(local(self), {prim(Id::k_cdr, {local(rest)})});
      std::vector<Binding> bindings{{item, prim(Id::k_car, {local(rest)})}};
      Node* step = expander_.let_node(bindings, expander_.choose(taken, next, constant(value::kFalse)));
      loop->body = expander_.choose(prim(Id::k_is_pair, {local(rest)}), step, prim(Id::k_is_null, {local(rest)}));
    }
    return expander_.loop(loop, expander_.call_node(local(self), {local(list)}));
  }

  static void collect_names(const Pattern* pattern, std::vector<Value>& names) {
    if (pattern->kind == Kind::kVariable) names.push_back(pattern->value);
    if (pattern->kind == Kind::kSome) {
      names.insert(names.end(), pattern->names.begin(), pattern->names.end());
      return;
    }
    for (const Pattern* part : pattern->parts) collect_names(part, names);
  }

  Expander& expander_;
  Value form_;
  PatternReader reader_;
  AttemptNode* attempt_ = nullptr;
};

// (match value (pattern [(when test)] body ...) ...)
Node* Expander::match_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  return MatchForm(*this, form).make();
}

// Whether the name stands for a type of records where it is used: by a definition that has been run, or by one in the
// body or form around.
bool Expander::is_record_type(Value name) {
  Denotation d = denote(name);
  if (d.local != nullptr) return d.local->variable != nullptr && d.local->variable->record_type;
  if (record_types_.contains(d.name.bits)) return true;
  return has_value(d.name) && value::is_type(value::as<value::Cell>(value::as<value::Symbol>(d.name)->cell)->value,
                                             value::Type::kRecordType);
}

}  // namespace terrace::syntax
