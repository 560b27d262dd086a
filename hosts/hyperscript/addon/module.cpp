// addon/module.cpp: what Node loads. May be loaded by any number of environments at once; each has its own Environment.
#include "exports.hpp"

namespace {

using namespace terrace::node;

// setup(imports, isWorker): before anything else, once for each environment
napi_value set_up(const Arguments& arguments) {
  arguments.environment.set_up(arguments[0], truth_of(arguments.env(), arguments[1]));
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  try {
    check(env, Environment::install(env));
    Exports all(env, exports);
    all.add<set_up>("setup");
    export_engine(all);
    export_vm(all);
    export_running(all);
    export_values(all);
  } catch (const Pending&) {
    return nullptr;
  }
  return exports;
}
