// syntax/records.cpp: define-record-type as definitions of ordinary functions over the record primitives.
//
//   (define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))
//
// The name may be (name parent): then fields are counted from behind the parent's, and the constructor takes all
// fields, the parent's first. Fields that a constructor does not take start as false. The expansion means the
// forms and primitives of the language whatever the program calls by their names.
#include <algorithm>

#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;

// The parts of one define-record-type, and the forms they become.
class Expander::RecordForm {
 public:
  RecordForm(Expander& expander, Value form)
      : expander_(expander), vm_(frame::vm_of(expander.unit_.vm())), form_(form), made_(vm_.heap) {
    parts_ = expander_.items_of(form, form);
    if (parts_.size() < 4) expander_.bad_form(form);
    type_ = parts_[1];
    if (is_pair(type_)) {
      if (expander_.length_of(type_, form) != 2) expander_.bad_form(form);
      parent_ = car(cdr(type_));
      type_ = car(type_);
    }
    symbol(type_);
    for (size_t i = 4; i < parts_.size(); ++i)
      fields_.push_back(symbol(is_pair(parts_[i]) ? car(parts_[i]) : parts_[i]));
  }

  // (begin (define ...) ...)
  Value definitions() {
    made_.push(name("begin"));
    define_type();
    if (parts_[2] != value::kFalse) define_constructor(parts_[2]);
    if (parts_[3] != value::kFalse) define_predicate(parts_[3]);
    for (size_t i = 4; i < parts_.size(); ++i)
      if (is_pair(parts_[i])) define_field(parts_[i], i - 4);
    return frame::make_list(&vm_.state, made_.data(), made_.size());
  }

 private:
  Value symbol(Value v) { return expander_.expect_symbol(v, form_); }
  Value name(std::string_view text) { return expander_.core(text); }
  Value list(std::initializer_list<Value> items) { return frame::make_list(&vm_.state, items.begin(), items.size()); }
  Value list(const std::vector<Value>& items) { return frame::make_list(&vm_.state, items.data(), items.size()); }
  Value quote(Value v) { return list({name("quote"), v}); }

  // (define who (fn parameters body))
  void define_function(Value who, Value parameters, Value body) {
    Value function = list({name("fn"), parameters, body});
    made_.push(list({name("define"), symbol(who), function}));
  }

  void define_type() {
    Value fields = quote(list(fields_));
    Value maker = name("make-record-type");
    Value type = is_nil(parent_) ? list({maker, quote(type_), fields}) : list({maker, quote(type_), fields, parent_});
    made_.push(list({name("define"), type_, type}));
  }

  // make, or (make field ...)
  void define_constructor(Value constructor) {
    std::vector<Value> parameters = fields_;
    if (is_pair(constructor)) {
      parameters = expander_.items_of(cdr(constructor), form_);
      constructor = car(constructor);
    }
    std::vector<Value> call{name("make-record"), type_};
    if (is_nil(parent_)) {
      for (Value parameter : parameters) require_field(parameter);
      for (Value field : fields_) call.push_back(is_among(field, parameters) ? field : value::kFalse);
    } else {
      for (Value parameter : parameters) call.push_back(symbol(parameter));
    }
    define_function(constructor, list(parameters), list(call));
  }

  static bool is_among(Value v, const std::vector<Value>& values) {
    return std::find(values.begin(), values.end(), v) != values.end();
  }

  void require_field(Value v) {
    if (!is_among(symbol(v), fields_))
      expander_.unit_.fail_here("the constructor takes '" + text_of(v) + "', which is no field",
                                "list it among the fields");
  }

  void define_predicate(Value who) {
    Value object = name("%record");
    define_function(who, list({object}), list({name("record-of?"), object, type_}));
  }

  // (field accessor [modifier])
  void define_field(Value spec, size_t number) {
    std::vector<Value> names = expander_.items_of(spec, form_);
    if (names.size() > 3) expander_.bad_form(form_);
    Value object = name("%record"), next = name("%value");
    if (names.size() > 1)
      define_function(names[1], list({object}), list({name("record-ref"), object, type_, place(number)}));
    if (names.size() > 2)
      define_function(names[2], list({object, next}), list({name("record-set!"), object, type_, place(number), next}));
  }

  // The form for the field's number among all fields of the type.
  Value place(size_t number) {
    Value own = value::make_fixnum(static_cast<int64_t>(number));
    if (is_nil(parent_)) return own;
    Value inherited = list({name("length"), list({name("record-type-fields"), parent_})});
    return list({name("+"), inherited, own});
  }

  Expander& expander_;
  frame::Vm& vm_;
  Value form_;  // keeps all its parts alive
  std::vector<Value> parts_;
  Value type_;
  Value parent_ = value::kNil;
  std::vector<Value> fields_;
  heap::RootedValues made_;
};

// The name of the type; precondition: record_definitions(form) answered.
Value Expander::record_name(Value form) {
  Value type = car(cdr(form));
  return is_pair(type) ? car(type) : type;
}

Value Expander::record_definitions(Value form) { return unit_.keep(RecordForm(*this, form).definitions()); }

}  // namespace terrace::syntax
