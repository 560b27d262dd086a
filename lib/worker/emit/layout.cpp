// worker/emit/layout.cpp: counting, and handing out what was counted.
#include "worker/emit/layout.hpp"

namespace terrace::worker::emit {

Layout::Layout(const Layout& counted, Function body) : body_(body), ordered_(true) {
  for (const Section& model : counted.sections_) {
    Section section{.head = gcc_jit_function_new_block(body, nullptr)};
    for (size_t i = 0; i < model.made; i++) section.ready.push_back(gcc_jit_function_new_block(body, nullptr));
    sections_.push_back(std::move(section));
  }
}

size_t Layout::new_section() {
  if (!ordered_) sections_.push_back(Section{.head = gcc_jit_function_new_block(body_, nullptr)});
  return section_count_++;
}

Block Layout::next() {
  Section& section = sections_[current_];
  if (ordered_) return section.ready[section.made++];
  section.made++;
  return gcc_jit_function_new_block(body_, nullptr);
}

}  // namespace terrace::worker::emit
