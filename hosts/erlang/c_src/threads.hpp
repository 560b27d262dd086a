// threads.hpp: threads of the NIF's own.
#pragma once

#include <functional>

namespace terrace::erlang {

// Starts a thread that never ends: with all signals blocked, which are the emulator's, and the default floating-point
// environment. False when the system gives none.
bool start_thread(std::function<void()> body);

}  // namespace terrace::erlang
