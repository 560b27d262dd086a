// syntax/generate_values.cpp: several values into registers.
//
// A receiver's init is made for the target `values`, which branches, bodies, loops and blocks hand on as they do any
// other target. A call of the primitive values that meets it puts its arguments straight into the registers; whatever
// else answers is counted and taken apart there.
#include <algorithm>

#include "syntax/generate.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using prims::Id;

void Generator::receive(ReceiveNode* n, Target t) {
  std::vector<Variable*> variables(n->variables.begin(), n->variables.end());
  if (n->rest != nullptr) variables.push_back(n->rest);
  Receiver receiver{{}, n->rest != nullptr};
  for (size_t i = 0; i < variables.size(); ++i) receiver.registers.push_back(allocate());
  make(n->init, Target::values(&receiver));
  for (size_t i = 0; i < variables.size(); ++i) settle_parameter(variables[i], receiver.registers[i]);
  make(n->body, t);
}

// (values arg ...) as moves; false when nobody takes exactly that many. None of the registers can be read by an argument:
// their variables begin after it.
bool Generator::direct_values(Nodes args, Target t) {
  if (args.size() == 1) return make(args[0], t), true;
  if (t.is_effect()) {
    for (Node* arg : args) make(arg, t);
    return true;
  }
  if (!t.is_values()) return false;
  const Receiver& to = *t.receiver;
  if (args.size() < to.fixed() || (args.size() > to.fixed() && !to.rest)) return false;
  for (size_t i = 0; i < to.fixed(); ++i) make(args[i], Target::value(to.registers[i]));
  Nodes left = args.subspan(to.fixed());
  if (to.rest && left.empty()) load(to.registers.back(), value::kNil);
  if (to.rest && !left.empty())
    general_primitive(static_cast<uint16_t>(Id::k_list), left, Target::value(to.registers.back()));
  return true;
}

// What a register holds, one value or the object of several, into the receiver's registers.
void Generator::spread(const Receiver& to, uint16_t values) {
  Temporaries temporaries(*this);
  uint16_t all = allocate(), number = allocate(), open = allocate();
  asm_.emit(Op::kMove, all, values);
  load(number, value::make_fixnum(static_cast<int64_t>(to.fixed())));
  load(open, value::make_bool(to.rest));
  call_primitive(Id::k_take_values, all, all, 3);
  if (to.rest) call_primitive(Id::k_values_rest, to.registers.back(), all, 2);
  for (size_t i = 0; i < to.fixed(); ++i) {
    load(number, value::make_fixnum(static_cast<int64_t>(i)));
    call_primitive(Id::k_values_ref, to.registers[i], all, 2);
  }
}

}  // namespace terrace::syntax
