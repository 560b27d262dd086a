// worker/emit/layout.cpp: noting an order, and making blocks in it.
#include "worker/emit/layout.hpp"

namespace terrace::worker::emit {

Layout::Layout(const Layout& noted, Function body) : body_(body), ready_(noted.made_) {
  for (size_t number : noted.order_) ready_[number] = gcc_jit_function_new_block(body, nullptr);
}

Block Layout::make() {
  if (!ready_.empty()) return ready_[made_++];
  Block block = gcc_jit_function_new_block(body_, nullptr);
  number_[block] = made_++;
  return block;
}

void Layout::written(Block block) {
  if (ready_.empty()) order_.push_back(number_[block]);
}

}  // namespace terrace::worker::emit
