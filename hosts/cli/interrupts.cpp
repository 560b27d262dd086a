#include "interrupts.hpp"

#include <sys/time.h>

namespace terrace::cli {

namespace {

// What a handler may touch: set before it is installed, and only read by it.
struct Target {
  decltype(Library::interrupt) interrupt = nullptr;
  jit_vm* vm = nullptr;
};
Target keyboard_target;
Target time_target;
volatile std::sig_atomic_t time_passed = 0;

void on_keyboard(int) { keyboard_target.interrupt(keyboard_target.vm); }

void on_time(int) {
  time_passed = 1;
  time_target.interrupt(time_target.vm);
}

struct sigaction install(int signal, void (*handler)(int)) {
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, &before);
  return before;
}

void set_timer(unsigned first, unsigned then) {
  itimerval timer{{then, 0}, {first, 0}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

KeyboardInterrupt::KeyboardInterrupt(const Library& library, jit_vm* vm) {
  keyboard_target = {library.interrupt, vm};
  before_ = install(SIGINT, on_keyboard);
}

KeyboardInterrupt::~KeyboardInterrupt() { sigaction(SIGINT, &before_, nullptr); }

TimeLimit::TimeLimit(const Library& library, jit_vm* vm, unsigned seconds) {
  time_target = {library.interrupt, vm};
  time_passed = 0;
  before_ = install(SIGALRM, on_time);
  set_timer(seconds, 1);
}

TimeLimit::~TimeLimit() {
  set_timer(0, 0);
  sigaction(SIGALRM, &before_, nullptr);
}

bool TimeLimit::passed() const { return time_passed != 0; }

}  // namespace terrace::cli
