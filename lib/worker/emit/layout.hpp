// worker/emit/layout.hpp: the order in which a function's blocks stand in its code.
//
// At -O0 GCC keeps the order in which blocks were made, but a block must be made before the first jump to it. So each function
// is written twice there: the first time only counts the blocks, the second takes them from a list made in the right order.
// Where GCC orders blocks itself, once is enough.
//
// A section is a head block, to which others jump, and the blocks that were made while it was written.
#pragma once

#include <cstddef>
#include <vector>

#include "worker/emit/module.hpp"

namespace terrace::worker::emit {

class Layout {
 public:
  // Makes blocks of `body` as they are asked for, and counts them.
  explicit Layout(Function body) : body_(body) {}
  // Makes blocks of `body` for what an equal run asked of `counted`, in the order of its sections.
  Layout(const Layout& counted, Function body);

  // A new section behind all that exist.
  size_t new_section();
  Block head(size_t section) const { return sections_[section].head; }
  // What is made from here on belongs to the section.
  void enter(size_t section) { current_ = section; }
  // A block of the current section.
  Block next();

 private:
  struct Section {
    Block head;
    size_t made = 0;
    std::vector<Block> ready;
  };
  Function body_;
  bool ordered_ = false;
  size_t current_ = 0;
  size_t section_count_ = 0;
  std::vector<Section> sections_;
};

}  // namespace terrace::worker::emit
