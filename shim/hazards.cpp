// shim/hazards.cpp: the list of cells, and the fence.
#include "hazards.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace terrace::shim::hazards {
namespace {

const Slot nothing;
// What threads have that never asked for a cell, and those that get none.
constinit Hazard not_asked{&nothing}, none{&nothing};
constinit std::atomic<Hazard*> cells{nullptr};

long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }
bool prepare_fence() { return membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0; }

// Every thread of the process passes a fence; false when the system refuses.
bool fence_all() {
  if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0) return true;
  return prepare_fence() && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
}

Hazard* free_cell() {
  for (Hazard* cell = cells.load(std::memory_order_acquire); cell; cell = cell->next)
    if (!cell->is_taken.exchange(true, std::memory_order_acquire)) return cell;
  auto* made = new (std::nothrow) Hazard;
  if (!made) return nullptr;
  made->is_taken.store(true, std::memory_order_relaxed);
  made->next = cells.load(std::memory_order_relaxed);
  while (!cells.compare_exchange_weak(made->next, made, std::memory_order_seq_cst)) {
  }
  return made;
}

// Gives the thread's cell back when the thread ends, unless it ended in the middle of a call.
struct Lease {
  ~Lease() {
    Hazard* cell = std::exchange(of_this_thread, &none);
    if (!cell->slot.load(std::memory_order_relaxed)) cell->is_taken.store(false, std::memory_order_release);
  }
};

}  // namespace

constinit thread_local Hazard* of_this_thread = &not_asked;

Hazard* take() noexcept {
  static const bool has_fence = prepare_fence();
  if (of_this_thread != &not_asked) return nullptr;
  Hazard* cell = has_fence ? free_cell() : nullptr;
  of_this_thread = cell ? cell : &none;
  if (cell) {
    static thread_local Lease lease;
    static_cast<void>(lease);
  }
  return cell;
}

bool may_name(const Slot* slot) noexcept {
  if (!cells.load(std::memory_order_seq_cst)) return false;
  if (!fence_all()) return true;
  for (const Hazard* cell = cells.load(std::memory_order_acquire); cell; cell = cell->next)
    if (cell->slot.load(std::memory_order_acquire) == slot) return true;
  return false;
}

}  // namespace terrace::shim::hazards
