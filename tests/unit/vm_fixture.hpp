// tests/unit/vm_fixture.hpp: a vm without an engine, whose collector also looks at the test's own stack.
#pragma once

#include "frame/vm.hpp"

namespace terrace::test {

class VmFixture {
 public:
  // `stack_base` is __builtin_frame_address(0) of the test: what it and the functions it calls hold is kept alive.
  explicit VmFixture(void* stack_base, const heap::HeapOptions& options = {}) : vm_(options, frame::Hooks{}) {
    vm_.heap.add_root_provider(
        [this, stack_base](heap::Marker& marker) { marker.conservative(vm_.heap.stack_edge(), stack_base); });
  }
  frame::Vm& vm() { return vm_; }
  frame::VmState* state() { return &vm_.state; }

  // Takes the pending error and answers its kind, or nothing when none is pending.
  std::string error_kind() {
    if (!frame::unwinding(state())) return "";
    Value error = frame::take_error(state());
    return std::string(frame::symbol_name(value::as<value::Error>(error)->kind));
  }
  std::string error_message() {
    if (!frame::unwinding(state())) return "";
    Value error = frame::take_error(state());
    return std::string(frame::string_view_of(value::as<value::Error>(error)->message));
  }

 private:
  frame::Vm vm_;
};

}  // namespace terrace::test
