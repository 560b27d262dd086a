// addon/events.cpp: the way of one event.
//
//   thread of the library                      thread of JavaScript
//   happened(name, text) -> queue of the       deliver(name, text) -> listener
//                           threadsafe function
//
// Invariant: the threadsafe function is used only while the sink is open, under its lock; the environment's end closes
// the sink before Node lets the threadsafe function go.
#include "events.hpp"

#include <atomic>
#include <mutex>

#include "js.hpp"

namespace terrace::node {

namespace {

constexpr size_t kLongestQueue = 10000;

struct Event {
  std::string name;
  std::string text;
};

class Sink {
 public:
  static void happened(void* env, const char* name, const char* text) { static_cast<Sink*>(env)->push(name, text); }

  // The library has no more use for the sink.
  static void finished(void* env) {
    auto* sink = static_cast<Sink*>(env);
    sink->close();
    sink->let_go();
  }
  // The environment ends; Node has no more use for the sink.
  static void environment_ends(void* env) {
    auto* sink = static_cast<Sink*>(env);
    sink->close();
    sink->let_go();
  }

  napi_status open(napi_env env, napi_value listener) {
    napi_value name = make_text(env, "terrace event");
    napi_status status = napi_create_threadsafe_function(env, listener, nullptr, name, kLongestQueue, 1, nullptr,
                                                         nullptr, nullptr, &deliver, &function_);
    if (status != napi_ok) return status;
    napi_unref_threadsafe_function(env, function_);
    return napi_add_env_cleanup_hook(env, &environment_ends, this);
  }

 private:
  static void deliver(napi_env env, napi_value listener, void*, void* data) {
    std::unique_ptr<Event> event(static_cast<Event*>(data));
    if (!env || !listener) return;
    try {
      Scope scope(env);
      napi_value arguments[] = {make_text(env, event->name), make_text(env, event->text)};
      napi_call_function(env, undefined(env), listener, 2, arguments, nullptr);
    } catch (const Pending&) {
    }
  }

  void push(const char* name, const char* text) {
    std::lock_guard lock(mutex_);
    if (!function_) return;
    auto event = std::make_unique<Event>(Event{name, text});
    const napi_status status = napi_call_threadsafe_function(function_, event.get(), napi_tsfn_nonblocking);
    if (status == napi_ok) event.release();
    if (status == napi_closing) function_ = nullptr;
  }

  void close() {
    std::lock_guard lock(mutex_);
    if (!function_) return;
    napi_release_threadsafe_function(function_, napi_tsfn_release);
    function_ = nullptr;
  }

  // Two hold the sink: the library and the environment.
  void let_go() {
    if (holders_.fetch_sub(1) == 1) delete this;
  }

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
  std::atomic<int> holders_{2};
};

}  // namespace

void listen(Environment& environment, napi_value listener, jit_engine_options* options) {
  auto sink = std::make_unique<Sink>();
  check(environment.env(), sink->open(environment.env(), listener));
  options->on_event = &Sink::happened;
  options->event_env = sink.release();
  options->event_finalizer = &Sink::finished;
}

void unlisten(const jit_engine_options& options) {
  if (options.event_finalizer) options.event_finalizer(options.event_env);
}

}  // namespace terrace::node
