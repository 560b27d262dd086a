// addon/registry.cpp: one table with one lock.
#include "registry.hpp"

#include <mutex>
#include <unordered_map>

#include "handles.hpp"

namespace terrace::node {

namespace {

struct Table {
  std::mutex mutex;
  std::unordered_map<uint32_t, VmHandle*> vms;
  uint32_t last = 0;
};

Table& table() {
  static auto* const the_table = new Table;
  return *the_table;
}

}  // namespace

uint32_t register_vm(VmHandle& vm) {
  Table& all = table();
  std::lock_guard lock(all.mutex);
  all.vms[++all.last] = &vm;
  return all.last;
}

void forget_vm(uint32_t id) noexcept {
  Table& all = table();
  std::lock_guard lock(all.mutex);
  all.vms.erase(id);
}

bool stop_vm(uint32_t id) {
  Table& all = table();
  std::lock_guard lock(all.mutex);
  auto found = all.vms.find(id);
  if (found == all.vms.end()) return false;
  found->second->stop = true;
  return Watch::set(found->second->alarm, Clock::now());
}

}  // namespace terrace::node
