// state.cpp: finding the State.
#include "state.hpp"

namespace terrace::erlang {

namespace {
State* adopted = nullptr;
}

State& state() {
  if (!adopted) adopted = new State;
  return *adopted;
}

void adopt_state(State* shared) { adopted = shared; }

const Library* State::open(const std::string& path, std::string* problem) {
  std::lock_guard lock(mutex_);
  const Library* open = library_;
  if (open && (path.empty() || open->path == path)) return open;
  if (open) {
    *problem = "the library is open already as " + open->path + ", and a process uses only one";
    return nullptr;
  }
  library_ = open_library(path, problem);
  return library_;
}

}  // namespace terrace::erlang
