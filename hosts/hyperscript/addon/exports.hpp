// addon/exports.hpp: how the files of the addon give their functions to Node.
#pragma once

#include "js.hpp"

namespace terrace::node {

class Exports {
 public:
  Exports(napi_env env, napi_value object) : env_(env), object_(object) {}
  template <napi_value (*body)(const Arguments&)>
  void add(const char* name) {
    napi_value function;
    check(env_, napi_create_function(env_, name, NAPI_AUTO_LENGTH, &entry<body>, nullptr, &function));
    check(env_, napi_set_named_property(env_, object_, name, function));
  }

 private:
  napi_env env_;
  napi_value object_;
};

void export_engine(Exports& exports);
void export_vm(Exports& exports);
void export_running(Exports& exports);
void export_values(Exports& exports);

}  // namespace terrace::node
