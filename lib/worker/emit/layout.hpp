// worker/emit/layout.hpp: the order in which a function's blocks stand in its code.
//
// In base GCC guesses nothing about jumps and keeps the order in which blocks were made, but a block must be made before the first jump to it. So
// each function is written twice there: the first time only notes the order in which blocks were written, the second makes them in that order.
// Where GCC orders blocks itself, once is enough.
#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "worker/emit/module.hpp"

namespace terrace::worker::emit {

class Layout {
 public:
  // Makes blocks of `body` as they are asked for, and notes when each is written.
  explicit Layout(Function body) : body_(body) {}
  // Makes the blocks of `body` that an equal run asked of `noted`, in the order in which that run wrote them.
  Layout(const Layout& noted, Function body);

  Block make();
  void written(Block block);  // its first statement is about to be added

 private:
  Function body_;
  std::vector<Block> ready_;  // by number of request; empty when nothing was noted
  size_t made_ = 0;
  std::unordered_map<Block, size_t> number_;  // by block: the request that made it
  std::vector<size_t> order_;                 // numbers as they were written
};

}  // namespace terrace::worker::emit
