// syntax/letrec.cpp: letrec* and internal definitions as nested Let and Fix.
//
// After Waddell, Sarkar, Dybvig, "Fixing Letrec" (2005), in a small form: values are bound in order; functions, whose making has no effect, are
// made as late as possible, at the latest before the first value whose expression may call them. Only a variable that is
// mentioned by something evaluated before it has its value pays: it is set late and checked at every read.
#include <algorithm>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {
namespace {

// What the body is wrapped in, from outside to inside.
struct Step {
  std::vector<Binding> bindings;    // a Let, or
  std::vector<Lambda*> functions;   // a Fix, or
  Node* effect = nullptr;           // something evaluated first
};

}  // namespace

Expander::LetrecItem Expander::letrec_item(const BodyItem& item) {
  Mentions mentions(*this);
  Unit::At at(unit_, item.form);
  LetrecItem made{item.variable, nullptr, {}};
  if (item.parameters != value::kUnset) {
    Lambda* lambda = make_lambda(item.variable->name, item.parameters, item.form, item.form);
    lambda->at = item.at;
    made.init = node<LambdaNode>(NodeKind::kLambda, lambda);
  } else {
    made.init = item.variable != nullptr ? named_value(item.variable->name, item.form) : expand(item.form);
  }
  made.mentions = mentions.seen();
  return made;
}

Node* Expander::letrec(std::vector<LetrecItem>& items, Node* body) {
  auto is_function = [](const LetrecItem& item) {
    return item.variable != nullptr && item.init->kind == NodeKind::kLambda && !item.variable->assigned;
  };
  std::unordered_map<Variable*, size_t> index;
  for (size_t i = 0; i < items.size(); ++i)
    if (items[i].variable != nullptr) index[items[i].variable] = i;
  std::vector<Step> steps;
  std::vector<Binding> late;

  // Whoever mentions a value that is bound at or after `now` sees it too early.
  auto note_early = [&](const LetrecItem& item, size_t now) {
    for (Variable* v : item.mentions) {
      auto found = index.find(v);
      if (found == index.end() || found->second < now || is_function(items[found->second]) || v->checked) continue;
      v->checked = true;
      late.push_back({v, constant(value::kUnset)});
    }
  };
  // Makes the functions that `from` may reach, now.
  auto place_functions = [&](const LetrecItem& from, size_t now) {
    std::vector<const LetrecItem*> work{&from};
    Step step;
    while (!work.empty()) {
      const LetrecItem* item = work.back();
      work.pop_back();
      note_early(*item, now);
      for (Variable* v : item->mentions) {
        auto found = index.find(v);
        if (found == index.end() || !is_function(items[found->second]) || items[found->second].placed) continue;
        items[found->second].placed = true;
        step.functions.push_back(static_cast<LambdaNode*>(items[found->second].init)->lambda);
        work.push_back(&items[found->second]);
      }
    }
    if (!step.functions.empty()) steps.push_back(std::move(step));
  };

  for (size_t i = 0; i < items.size(); ++i)
    if (is_function(items[i])) {
      Lambda* lambda = static_cast<LambdaNode*>(items[i].init)->lambda;
      lambda->self = items[i].variable;
      items[i].variable->function = lambda;
    }
  for (size_t i = 0; i < items.size(); ++i) {
    if (is_function(items[i])) continue;
    place_functions(items[i], i);
    Step step;
    if (items[i].variable == nullptr)
      step.effect = items[i].init;
    else if (items[i].variable->checked)
      step.effect = set_local(items[i].variable, items[i].init);
    else if (!steps.empty() && !steps.back().bindings.empty()) {
      steps.back().bindings.push_back({items[i].variable, items[i].init});
      continue;
    } else {
      step.bindings.push_back({items[i].variable, items[i].init});
    }
    steps.push_back(std::move(step));
  }
  Step rest;
  for (LetrecItem& item : items)
    if (is_function(item) && !item.placed) rest.functions.push_back(static_cast<LambdaNode*>(item.init)->lambda);
  steps.push_back(std::move(rest));

  for (size_t i = steps.size(); i-- > 0;) {
    if (steps[i].effect != nullptr) {
      std::vector<Node*> both{steps[i].effect, body};
      body = sequence(both);
    } else {
      body = steps[i].bindings.empty() ? fix_node(steps[i].functions, body) : let_node(steps[i].bindings, body);
    }
  }
  return let_node(late, body);
}

}  // namespace terrace::syntax
