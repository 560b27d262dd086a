// state.hpp: what all loaded versions of the NIF share: the opened library and the two threads.
//
// The emulator loads a new version beside the old one when code is upgraded; its priv_data is handed on, so both use
// one State. It is never destroyed: its threads run, and resources may exist, until the process ends.
#pragma once

#include <mutex>
#include <string>

#include "housekeeper.hpp"
#include "library.hpp"
#include "ticker.hpp"

namespace terrace::erlang {

struct State {
  // Grows with every change of State, of what it holds, or of a resource's layout: versions that differ cannot share.
  static constexpr unsigned kLayout = 1;
  const unsigned layout = kLayout;
  Ticker ticker;
  Housekeeper housekeeper;

  // The library, opened under this path unless it is open already. Null: *problem says why.
  const Library* open(const std::string& path, std::string* problem);
  // Null before it was opened.
  const Library* library() const { return library_.load(std::memory_order_acquire); }

 private:
  std::mutex mutex_;
  std::atomic<const Library*> library_{nullptr};
};

// The State of this version: its own, or the one of the version before.
State& state();
void adopt_state(State* shared);

// The library. Precondition: an object of it exists.
inline const Library& lib() { return *state().library(); }

}  // namespace terrace::erlang
