// native/extract.hpp: from an object file that holds many functions, the smallest object file that holds one of them.
//
// Answers for: taking the sections that the function reaches, and what names and relocations say about them, into a file
// of the same kind, so that load() takes it as it took the first. Not for: whether the code may be run; load() judges
// that. What is written depends on the function's code alone: not on its neighbours, nor on the name it had among them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observe/reasons.hpp"

namespace terrace::native {

// The name that the function has in what extract() writes.
inline constexpr std::string_view kExtractedName = "code";

// kNone with the file in *out; else why not, with *text for people. Never crashes, whatever the bytes are.
observe::Reason extract(std::span<const uint8_t> object, std::string_view wanted, std::vector<uint8_t>* out,
                        std::string* text);

}  // namespace terrace::native
