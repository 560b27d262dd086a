// prims/control.hpp: the numbers by which primitives reach the engine's controls.
//
// Answers for: the meaning of the `control` argument of frame::Hooks::control. Not for: carrying it out (engine/).
#pragma once

#include <cstdint>

namespace terrace::prims {

enum class Control : uint32_t {
#define T_CONTROL(name, text) k##name,
#include "prims/controls.def"
#undef T_CONTROL
  kCount
};

}  // namespace terrace::prims
