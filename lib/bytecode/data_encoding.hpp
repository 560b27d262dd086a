// bytecode/data_encoding.hpp: quoted data as bytes, for hashing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "value/value.hpp"

namespace terrace::bytecode {

// Equal for equal data made by the reader in any vm and process. Shared and circular parts are written as references
// back. Objects without a written form (functions, host objects) are written by identity, so they equal nothing else.
std::vector<uint8_t> encode_data(Value v);
// The float that these bytes are when they are a boxed one and nothing else.
std::optional<double> float_in(std::string_view encoded);

}  // namespace terrace::bytecode
