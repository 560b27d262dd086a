#include "sizes.hpp"

#include <charconv>
#include <limits>
#include <string_view>

namespace terrace::cli {

std::optional<uint64_t> parse_size(const std::string& text) {
  uint64_t number = 0;
  auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) return std::nullopt;
  std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  if (unit.empty()) return number;
  size_t power = std::string_view("KMG").find(unit.front());
  if (unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  unsigned shift = 10 * (static_cast<unsigned>(power) + 1);
  if (number > std::numeric_limits<uint64_t>::max() >> shift) return std::nullopt;
  return number << shift;
}

}  // namespace terrace::cli
