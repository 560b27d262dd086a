// syntax/parameters.cpp: parameter lists.
//
//   (required ... [&optional option ...] [&key option ... [&allow-other-keys]] [&rest name])
//
// An option is name, (name default) or (name default supplied?); of a keyword parameter the name may be (:keyword name),
// and the default &required. &rest before &key gets the keyword arguments too. (a . name) and a name alone are &rest.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

class Expander::ParameterList {
 public:
  ParameterList(Expander& expander, Lambda* lambda) : expander_(expander), unit_(expander.unit_), lambda_(lambda) {}

  void read(Value list) {
    expander_.pairs_of(list);
    for (; is_pair(list); list = cdr(list)) {
      Unit::At at(unit_, list);
      Value item = car(list);
      if (is_symbol(item) && frame::symbol_name(item).starts_with('&'))
        begin(item, cdr(list));
      else
        add(item);
    }
    if (!is_nil(list)) {
      enter(Section::kRest, "the dot");
      add(list);
    }
    if (section_ == Section::kRest) fail("&rest has no name", "write one behind it");
    size_t slots = lambda_->required.size() + lambda_->optional.size();
    if (slots >= bytecode::kMaxCallArguments)
      fail("a function with too many parameters", "take a list or a vector instead");
  }

 private:
  enum class Section : uint8_t { kRequired, kOptional, kKey, kOtherKeys, kRest, kEnd };

  [[noreturn]] void fail(const std::string& what, std::string_view remedy) { unit_.fail_here(what, remedy); }

  void begin(Value marker, Value rest) {
    std::string name = text_of(marker);
    if (name == "&optional") {
      enter(Section::kOptional, name);
    } else if (name == "&key") {
      enter(Section::kKey, name);
    } else if (name == "&rest") {
      enter(Section::kRest, name);
    } else if (name == "&allow-other-keys") {
      if (section_ != Section::kKey) fail("&allow-other-keys stands elsewhere", "put it behind the &key parameters");
      section_ = Section::kOtherKeys;
      lambda_->other_keys = true;
    } else {
      fail("unknown marker '" + name + "' among parameters", "use &optional, &key, &allow-other-keys or &rest");
    }
    if (is_nil(rest) && section_ == Section::kRest) fail("&rest has no name", "write one behind it");
  }

  // &optional, &key and &rest stand once each; &key may follow &rest.
  void enter(Section next, const std::string& name) {
    bool good = next == Section::kRest ? lambda_->rest == nullptr && section_ != Section::kRest
                : next == Section::kKey
                    ? !keyed_ && section_ != Section::kRest
                    : section_ == Section::kRequired;
    if (!good)
      fail("the parameter list is not well formed at " + name,
           "write (required ... &optional ... &key ... &rest name), each marker once");
    if (next == Section::kKey) {
      keyed_ = true;
      lambda_->rest_has_keys = lambda_->rest != nullptr;
    }
    section_ = next;
  }

  void add(Value item) {
    switch (section_) {
      case Section::kRequired:
        lambda_->required.push_back(expander_.bind_parameter(item));
        break;
      case Section::kOptional:
      case Section::kKey:
        add_optional(item, section_ == Section::kKey);
        break;
      case Section::kRest:
        lambda_->rest = expander_.bind_parameter(item);
        section_ = Section::kEnd;
        break;
      case Section::kOtherKeys:
      case Section::kEnd:
        fail("a parameter stands behind the end of the list", "write &rest and one name, then nothing, or &key");
    }
  }

  // name, (name default), (name default supplied?)
  void add_optional(Value item, bool keyed) {
    Optional made{nullptr, expander_.constant(value::kNil)};
    Value name = item, supplied = value::kNil;
    if (is_pair(item)) {
      std::vector<Value> parts = expander_.items_of(item, item);
      if (parts.size() > 3) fail("an optional parameter is not well formed", "write name, (name default) or (name default supplied?)");
      name = parts[0];
      if (parts.size() > 2) supplied = parts[2];
      if (parts.size() > 1 && keyed && is_named(parts[1], "&required"))
        made.required = true;
      else if (parts.size() > 1)
        made.initial = expander_.expand(parts[1]);
    }
    if (keyed) made.keyword = keyword_of(&name);
    made.variable = expander_.bind_parameter(name);
    if (!is_nil(supplied)) made.supplied = expander_.bind_parameter(supplied);
    lambda_->optional.push_back(made);
  }

  // The keyword of `name`, or the one that is written out: (:keyword name).
  Value keyword_of(Value* name) {
    Value keyword;
    if (is_pair(*name)) {
      std::vector<Value> parts = expander_.items_of(*name, *name);
      if (parts.size() != 2 || !value::is_keyword(parts[0]))
        fail("a keyword parameter is not well formed", "write name, (name default) or ((:keyword name) default)");
      keyword = parts[0];
      *name = parts[1];
    } else {
      if (!is_symbol(*name)) fail("a variable's name is not a symbol", "write a name");
      keyword = unit_.keep(frame::vm_of(unit_.vm()).keyword(frame::symbol_name(*name)));
    }
    for (const Optional& other : lambda_->optional)
      if (other.keyword == keyword)
        fail("two parameters have the keyword :" + text_of(keyword), "choose different keywords");
    return keyword;
  }

  Expander& expander_;
  Unit& unit_;
  Lambda* lambda_;
  Section section_ = Section::kRequired;
  bool keyed_ = false;
};

void Expander::read_parameters(Lambda* lambda, Value parameters) { ParameterList(*this, lambda).read(parameters); }

Variable* Expander::bind_parameter(Value name) {
  if (!is_symbol(name)) unit_.fail_here("a variable's name is not a symbol", "write a name");
  if (scope_->binds(name)) unit_.fail_here("the name '" + text_of(name) + "' is bound twice", "choose different names");
  Variable* variable = unit_.make_variable(name);
  scope_->bind(name, variable);
  return variable;
}

}  // namespace terrace::syntax
