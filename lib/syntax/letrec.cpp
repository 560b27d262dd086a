// syntax/letrec.cpp: letrec* and internal definitions as nested Let and Fix.
//
// After Waddell, Sarkar, Dybvig, "Fixing Letrec" (2005), in a small form: values are bound in order; functions, whose
// making has no effect, are made as late as possible, at the latest before the first value whose expression may call
// them. Only a variable that is mentioned by something evaluated before it has its value pays: it is set late and
// checked at every read.
#include <algorithm>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

// What a body is wrapped in, from outside to inside, is collected as steps.
class Expander::LetrecSteps {
 public:
  LetrecSteps(Expander& expander, std::vector<LetrecItem>& items) : expander_(expander), items_(items) {
    for (size_t i = 0; i < items_.size(); ++i) {
      if (items_[i].variable == nullptr) continue;
      index_[items_[i].variable] = i;
      if (!is_function(items_[i])) continue;
      lambda_of(items_[i])->self = items_[i].variable;
      items_[i].variable->function = lambda_of(items_[i]);
    }
  }

  Node* wrap(Node* body) {
    for (size_t i = 0; i < items_.size(); ++i) {
      if (is_function(items_[i])) continue;
      place_functions(items_[i], i);
      add_value(items_[i]);
    }
    place_rest();
    for (size_t i = steps_.size(); i-- > 0;) body = wrap_step(steps_[i], body);
    return expander_.let_node(late_, body);
  }

 private:
  // A Let, a Fix, or something that is evaluated first.
  struct Step {
    std::vector<Binding> bindings;
    std::vector<Lambda*> functions;
    Node* effect = nullptr;
  };

  static bool is_function(const LetrecItem& item) {
    return item.variable != nullptr && item.init->kind == NodeKind::kLambda && !item.variable->assigned;
  }
  static Lambda* lambda_of(const LetrecItem& item) { return static_cast<LambdaNode*>(item.init)->lambda; }

  LetrecItem* item_of(Variable* v) {
    auto found = index_.find(v);
    return found == index_.end() ? nullptr : &items_[found->second];
  }

  // Makes the functions that `from`, which stands at `now`, may reach and that are not made yet.
  void place_functions(const LetrecItem& from, size_t now) {
    std::vector<const LetrecItem*> work{&from};
    Step step;
    while (!work.empty()) {
      const LetrecItem* item = work.back();
      work.pop_back();
      note_early(*item, now);
      for (Variable* v : item->mentions) {
        LetrecItem* mentioned = item_of(v);
        if (mentioned == nullptr || !is_function(*mentioned) || mentioned->placed) continue;
        mentioned->placed = true;
        step.functions.push_back(lambda_of(*mentioned));
        work.push_back(mentioned);
      }
    }
    if (!step.functions.empty()) steps_.push_back(std::move(step));
  }

  // Whoever is evaluated or made at `now` and mentions a value that is bound there or later sees it too early.
  void note_early(const LetrecItem& item, size_t now) {
    for (Variable* v : item.mentions) {
      auto found = index_.find(v);
      if (found == index_.end() || found->second < now || is_function(items_[found->second]) || v->checked) continue;
      v->checked = true;
      late_.push_back({v, expander_.constant(value::kUnset)});
    }
  }

  void add_value(const LetrecItem& item) {
    if (item.variable == nullptr) {
      steps_.push_back({{}, {}, item.init});
    } else if (item.variable->checked) {
      steps_.push_back({{}, {}, expander_.set_local(item.variable, item.init)});
    } else if (!steps_.empty() && !steps_.back().bindings.empty()) {
      steps_.back().bindings.push_back({item.variable, item.init});
    } else {
      steps_.push_back({{{item.variable, item.init}}, {}, nullptr});
    }
  }

  void place_rest() {
    Step rest;
    for (LetrecItem& item : items_)
      if (is_function(item) && !item.placed) rest.functions.push_back(lambda_of(item));
    steps_.push_back(std::move(rest));
  }

  Node* wrap_step(Step& step, Node* body) {
    if (step.effect != nullptr) {
      std::vector<Node*> both{step.effect, body};
      return expander_.sequence(both);
    }
    return step.bindings.empty() ? expander_.fix_node(step.functions, body) : expander_.let_node(step.bindings, body);
  }

  Expander& expander_;
  std::vector<LetrecItem>& items_;
  std::unordered_map<Variable*, size_t> index_;
  std::vector<Step> steps_;
  std::vector<Binding> late_;  // variables that start without a value
};

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

Node* Expander::letrec(std::vector<LetrecItem>& items, Node* body) { return LetrecSteps(*this, items).wrap(body); }

}  // namespace terrace::syntax
