// addon/environment.hpp: what belongs to one Node environment: the main thread or a worker thread.
//
// Answers for: the JavaScript functions that the addon calls, the list of live handles, and letting go of them when the
// environment ends. Not for: what the handles do. Invariants: an Environment is used by its own thread only. After
// `ended`, no JavaScript is called.
#pragma once

#define NAPI_VERSION 8
#include <node_api.h>

#include <initializer_list>
#include <memory>

namespace terrace::node {

// What JavaScript gives in setup(), by the names it has there: symbols that mark values, constructors, and small
// questions.
#define TERRACE_NODE_IMPORTS(X)                                                                                      \
  X(kindSymbol)                                                                                                      \
  X(handleSymbol) X(payloadSymbol) X(makeSymbol) X(symbolName) X(makeKeyword) X(makeChar) X(makeBigInt) X(makeRatio) \
      X(makeTuple) X(makePair) X(makeDict) X(makeFunction) X(makeObject) X(makeErrorValue) X(makeError) X(makeStep)  \
          X(classify) X(describeThrown) X(nothing)

enum class Import : uint32_t {
#define TERRACE_NODE_ENUMERATOR(name) name,
  TERRACE_NODE_IMPORTS(TERRACE_NODE_ENUMERATOR)
#undef TERRACE_NODE_ENUMERATOR
      kCount
};

class Handle;

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  explicit Environment(napi_env env) : env_(env) {}
  Environment(const Environment&) = delete;
  static Environment& of(napi_env env);
  // Makes the environment's data and registers its end; the module's first act.
  static napi_status install(napi_env env);

  napi_env env() const { return env_; }
  bool ended() const { return ended_; }
  bool is_worker() const { return is_worker_; }
  // False when the environment is being stopped, so that JavaScript cannot be run any more.
  bool can_run();

  void set_up(napi_value imports, bool is_worker);
  napi_value import(Import which);
  napi_value call(Import function, std::initializer_list<napi_value> arguments);

  void add(Handle& handle);
  void remove(Handle& handle);
  // Lets go of what belongs to a vm but of the memory that arrays of JavaScript show.
  void release_all_of(const Handle& vm);

 private:
  void end();
  napi_env env_;
  bool ended_ = false;
  bool is_worker_ = false;
  napi_ref imports_ = nullptr;  // an array, for a reference to a symbol is not possible in every Node
  Handle* first_ = nullptr;
};

}  // namespace terrace::node
