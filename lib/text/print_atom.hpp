// text/print_atom.hpp: values as text that contain no other value, for the printer.
#pragma once

#include "text/printer.hpp"

namespace terrace::text {

// Appends the text of a value that is no pair, vector, tuple, dict, box, record or error. Packed vectors stop when
// `out` has grown beyond `end` bytes.
void print_atom(std::string& out, Value v, Style style, size_t end);

}  // namespace terrace::text
