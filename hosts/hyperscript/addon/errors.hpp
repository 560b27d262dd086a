// addon/errors.hpp: errors of the library as TerraceError, and what JavaScript threw as errors of the library.
#pragma once

#include "handles.hpp"

namespace terrace::node {

// The TerraceError of a failed call, which takes the error over. `vm` may be null.
napi_value make_error(Environment& environment, const Library& lib, VmHandle* vm, jit_status status, jit_error* error);
// Throws it.
[[noreturn]] void throw_failure(Environment& environment, const Library& lib, VmHandle* vm, jit_status status,
                                jit_error* error);
// Throws when the status is a failure. The error is a reference, for it is often an output of the call that stands
// before it.
void check_status(VmHandle& vm, jit_status status, jit_error* const& error);
void check_status(EngineHandle& engine, jit_status status, jit_error* const& error);
// Throws "closed" when the vm or engine was closed.
void check_open(VmHandle& vm);
void check_open(EngineHandle& engine);
// Takes the pending exception of JavaScript and makes an error of it for a host function to answer.
jit_error* take_exception(VmHandle& vm);

}  // namespace terrace::node
