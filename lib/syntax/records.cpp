// syntax/records.cpp: define-record-type as definitions of ordinary functions over the record primitives.
//
//   (define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))
//
// The name may be (name parent-type). Fields that the constructor does not take start as false.
#include "syntax/expander.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using value::car;
using value::cdr;
using value::is_nil;
using value::is_pair;
using value::is_symbol;

namespace {

// Builds forms whose heads are the functions themselves, so that no user name can get in the way.
class FormBuilder {
 public:
  explicit FormBuilder(VmState* vm) : vm_(frame::vm_of(vm)) {}
  Value symbol(std::string_view name) { return vm_.intern(name); }
  Value list(std::initializer_list<Value> items) {
    return frame::make_list(&vm_.state, items.begin(), items.size());
  }
  Value list(const std::vector<Value>& items) { return frame::make_list(&vm_.state, items.data(), items.size()); }
  Value quote(Value v) { return list({symbol("quote"), v}); }
  Value function(Value parameters, Value body) { return list({symbol("fn"), parameters, body}); }
  Value define(Value name, Value value) { return list({symbol("define"), name, value}); }

 private:
  frame::Vm& vm_;
};

}  // namespace

// (begin (define ...) ...); the pieces are kept alive by the unit through the whole.
Value Expander::record_definitions(Value form) {
  expect_items(form, 4, SIZE_MAX);
  std::vector<Value> parts = items_of(form, form);
  FormBuilder make(unit_.vm());
  Value type = parts[1], parent = value::kNil;
  if (is_pair(type)) {
    if (length_of(type, form) != 2) bad_form(form);
    parent = car(cdr(type));
    type = car(type);
  }
  expect_symbol(type, form);
  heap::RootedValues fields(frame::heap_of(unit_.vm()));
  for (size_t i = 4; i < parts.size(); ++i)
    fields.push(expect_symbol(is_pair(parts[i]) ? car(parts[i]) : parts[i], form));
  auto field_number = [&](Value name) -> int64_t {
    for (size_t i = 0; i < fields.size(); ++i)
      if (fields[i] == name) return static_cast<int64_t>(i);
    bad_form(form);
  };
  heap::RootedValues made(frame::heap_of(unit_.vm()));
  made.push(make.symbol("begin"));
  Value list_of_fields = make.quote(frame::make_list(unit_.vm(), fields.data(), fields.size()));
  Value new_type = is_nil(parent) ? make.list({make.symbol("make-record-type"), make.quote(type), list_of_fields})
                                  : make.list({make.symbol("make-record-type"), make.quote(type), list_of_fields, parent});
  made.push(make.define(type, new_type));

  Value offset_base = is_nil(parent) ? value::kNil : parent;
  auto field_index = [&](Value name) -> Value {
    Value own = value::make_fixnum(field_number(name));
    if (is_nil(offset_base)) return own;
    Value inherited = make.list({make.symbol("length"), make.list({make.symbol("record-type-fields"), offset_base})});
    return make.list({make.symbol("+"), inherited, own});
  };
  Value constructor = parts[2];
  if (constructor != value::kFalse) {
    std::vector<Value> parameters;
    Value name = constructor;
    if (is_pair(constructor)) {
      parameters = items_of(cdr(constructor), form);
      name = car(constructor);
    } else {
      for (size_t i = 0; i < fields.size(); ++i) parameters.push_back(fields[i]);
    }
    expect_symbol(name, form);
    heap::RootedValues call(frame::heap_of(unit_.vm()));
    call.push(make.symbol("make-record"));
    call.push(type);
    if (is_nil(parent)) {
      for (Value parameter : parameters) field_number(expect_symbol(parameter, form));
      for (size_t i = 0; i < fields.size(); ++i) {
        bool given = false;
        for (Value parameter : parameters) given |= parameter == fields[i];
        call.push(given ? fields[i] : value::kFalse);
      }
    } else {
      for (Value parameter : parameters) call.push(expect_symbol(parameter, form));
    }
    made.push(make.define(name, make.function(make.list(parameters), frame::make_list(unit_.vm(), call.data(), call.size()))));
  }
  Value object = make.symbol("record");
  if (parts[3] != value::kFalse)
    made.push(make.define(expect_symbol(parts[3], form),
                          make.function(make.list({object}), make.list({make.symbol("record-of?"), object, type}))));
  for (size_t i = 4; i < parts.size(); ++i) {
    if (!is_pair(parts[i])) continue;
    size_t count = length_of(parts[i], form);
    if (count > 3) bad_form(form);
    if (count > 1) {
      Value body = make.list({make.symbol("record-ref"), object, type, field_index(car(parts[i]))});
      made.push(make.define(expect_symbol(car(cdr(parts[i])), form), make.function(make.list({object}), body)));
    }
    if (count > 2) {
      Value next = make.symbol("value");
      Value body = make.list({make.symbol("record-set!"), object, type, field_index(car(parts[i])), next});
      made.push(make.define(expect_symbol(car(cdr(cdr(parts[i]))), form), make.function(make.list({object, next}), body)));
    }
  }
  return unit_.keep(frame::make_list(unit_.vm(), made.data(), made.size()));
}

}  // namespace terrace::syntax
