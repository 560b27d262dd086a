// native/allowed_symbols.hpp: the addresses of the functions in allowed_symbols.def.
#pragma once

#include <cstdint>
#include <string_view>

namespace terrace::native {

// Zero when the name is not on the list.
uintptr_t allowed_symbol(std::string_view name);

}  // namespace terrace::native
