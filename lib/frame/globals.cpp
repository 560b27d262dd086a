// frame/globals.cpp: storing and watching.
#include "frame/globals.hpp"

#include "heap/heap.hpp"

namespace terrace::frame {

namespace {
// Each change makes all code of the vm look again, so a cell that changes all the time is not worth watching.
constexpr uint16_t kMostChanges = 32;
}  // namespace

void store_global(VmState* vm, value::Cell* cell, Value v) {
  if ((cell->flags & value::kWatched) && cell->value != v) {
    cell->flags &= static_cast<uint8_t>(~value::kWatched);
    cell->aux++;
    vm->watch_epoch++;
  }
  cell->value = v;
  cell->version++;
  heap::Heap::write_barrier(cell);
}

bool watch(value::Cell* cell) {
  if (cell->aux > kMostChanges) return false;
  cell->flags |= value::kWatched;
  return true;
}

}  // namespace terrace::frame
