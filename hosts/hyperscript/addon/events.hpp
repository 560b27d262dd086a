// addon/events.hpp: events of the library's threads, brought to JavaScript's.
#pragma once

#include "environment.hpp"
#include "library.hpp"

namespace terrace::node {

// Sets the event fields of the options so that `listener` is called with name and text, later, on its own thread. The
// queue is bounded: when JavaScript does not come to it, events are dropped. Does not keep the process alive.
void listen(Environment& environment, napi_value listener, jit_engine_options* options);
// For options that were never used.
void unlisten(const jit_engine_options& options);

}  // namespace terrace::node
