// shim/store.cpp: the store on disk, looked at and emptied without an engine.
#include "call.hpp"
#include "text.hpp"

using namespace terrace;
using namespace terrace::shim;

namespace {

std::optional<std::string> option_of(const char* store_path) {
  return store_path ? std::optional<std::string>(store_path) : std::nullopt;
}

}  // namespace

jit_status jit_store_json(const char* store_path, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return guarded("jit_store_json", err, [&](Report& report) -> jit_status {
    if (!wanted) return report.no_output("text");
    *text = text_for_host(engine::store_json(option_of(store_path)));
    return JIT_OK;
  });
}

jit_status jit_store_clear(const char* store_path, uint64_t* removed, jit_error** err) {
  uint64_t count = 0;
  clear(removed);
  return guarded("jit_store_clear", err, [&](Report& report) -> jit_status {
    std::string why;
    const bool done = engine::clear_store(option_of(store_path), &count, &why);
    if (removed) *removed = count;
    return done ? JIT_OK : report.fail(JIT_E_STATE, "%s", why.c_str());
  });
}
