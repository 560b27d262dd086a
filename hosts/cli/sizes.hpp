// cli/sizes.hpp: sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace terrace::cli {

// "64", "64K", "64M", "2G" (powers of 1024); nothing when it is no size.
std::optional<uint64_t> parse_size(const std::string& text);

}  // namespace terrace::cli
