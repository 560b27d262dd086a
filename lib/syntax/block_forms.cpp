// syntax/block_forms.cpp: block, return-from and return: ways out that have a name of their own kind.
//
// A block is an escape like that of let/ec, bound to a hidden name in the scope: names of blocks and of variables do not
// meet. When every return-from stands in the same function with nothing to undo between, it is a jump (resolve.cpp); a
// block that nobody returns from is its body.
#include "frame/alias.hpp"
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_symbol;

// The name in the scope of a block called `name`, a symbol or nil. A template's name for a block is a template's name too.
Value Expander::block_name(Value name, Value form) {
  std::string text = is_nil(name) ? "nil" : text_of(expect_symbol(name, form));
  if (!value::is_alias(name)) return symbol("%block " + text);
  auto known = block_names_.find(name.bits);
  if (known != block_names_.end()) return known->second;
  auto* alias = value::as<value::Alias>(name);
  Value base = block_name(alias->base, form);
  return block_names_[name.bits] = unit_.keep(frame::make_alias(unit_.vm(), base, alias->env));
}

Node* Expander::in_block(Value name, const std::function<Node*()>& make) {
  Inside scope(*this);
  Variable* way_out = unit_.make_variable(name);
  scope_->bind(name, way_out);
  auto* made = node<EscapeNode>(NodeKind::kEscape, way_out, nullptr);
  way_out->escape = made;
  Node* body = make();
  if (!made->used) return body;
  made->body = body;
  return made;
}

// (block name body ...)
Node* Expander::block_form(Value form) {
  expect_items(form, 3, SIZE_MAX);
  return in_block(block_name(car(cdr(form)), form), [&] { return expand_body(cdr(cdr(form)), form); });
}

// (return-from name [value])
Node* Expander::return_from_form(Value form) {
  expect_items(form, 2, 3);
  return leave_block(car(cdr(form)), cdr(cdr(form)), form);
}

// (return [value])
Node* Expander::return_form(Value form) {
  expect_items(form, 1, 2);
  return leave_block(value::kNil, cdr(form), form);
}

Node* Expander::leave_block(Value name, Value rest, Value form) {
  const Meaning* meaning = denote(block_name(name, form)).local;
  if (meaning == nullptr && is_nil(name))
    unit_.fail_here("a return stands in no loop and no block of the name nil", "put it into do, while, dotimes or dolist");
  if (meaning == nullptr)
    unit_.fail_here("there is no block '" + text_of(name) + "' around this return-from",
                    "write (block " + text_of(name) + " ...) around it");
  meaning->variable->escape->used = true;
  Node* value = is_nil(rest) ? constant(value::kNil) : expand(car(rest));
  return call_node(local(meaning->variable), {value});
}

}  // namespace terrace::syntax
