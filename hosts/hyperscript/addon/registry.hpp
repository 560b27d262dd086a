// addon/registry.hpp: the vms of the process by number, so that another thread can stop what one is running.
//
// Answers for: the way from a number to a live vm, from any thread. Not for: handles of JavaScript, which stay on their
// thread.
#pragma once

#include <cstdint>

namespace terrace::node {

class VmHandle;

// The vm's number from now on, never used twice.
uint32_t register_vm(VmHandle& vm);
void forget_vm(uint32_t id) noexcept;
// Asks what the vm is running to end; false when there is no such vm any more.
bool stop_vm(uint32_t id);

}  // namespace terrace::node
