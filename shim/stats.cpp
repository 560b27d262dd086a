// shim/stats.cpp: figures as a struct and as JSON.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "call.hpp"
#include "convert.hpp"
#include "text.hpp"

using namespace terrace;
using namespace terrace::shim;

namespace {

jit_stats_data to_struct(const engine::Statistics& from) {
  jit_stats_data to{};
#define T_STATISTIC(name) to.name = from.name;
#include "engine/statistics.def"
#undef T_STATISTIC
  return to;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void add_member(std::string& out, std::string_view name, const std::string& json) {
  if (out.back() != '{') out += ",";
  out += quoted(name) + ":" + json;
}

std::string counts_json(const std::vector<std::pair<std::string, uint64_t>>& counts) {
  std::string out = "{";
  for (const auto& [name, count] : counts) add_member(out, name, std::to_string(count));
  return out + "}";
}

std::string to_json(const engine::Statistics& from) {
  std::string out = "{";
#define T_STATISTIC(name) add_member(out, #name, std::to_string(from.name));
#include "engine/statistics.def"
#undef T_STATISTIC
  add_member(out, "refusals", counts_json(from.refusals));
  add_member(out, "store_problems", counts_json(from.store_problems));
  return out + "}";
}

}  // namespace

jit_status jit_stats(jit_engine* engine, jit_stats_data* stats, jit_error** err) {
  const size_t size = stats ? stats->size : 0;
  const size_t known = std::min(size, sizeof(jit_stats_data));
  if (known >= sizeof size) {
    std::memset(stats, 0, size);
    stats->size = size;
  }
  return with_engine("jit_stats", engine, err, [&](engine::Engine& e, Report& report) -> jit_status {
    if (!stats) return report.no_output("stats");
    if (known < sizeof size)
      return report.fail(JIT_E_ARGUMENT, "the struct's size field is %zu; set it to sizeof(jit_stats_data)", size);
    jit_stats_data data = to_struct(e.statistics());
    data.size = size;
    std::memcpy(stats, &data, known);
    return JIT_OK;
  });
}

jit_status jit_stats_json(jit_engine* engine, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return with_engine("jit_stats_json", engine, err, [&](engine::Engine& e, Report& report) -> jit_status {
    if (!wanted) return report.no_output("text");
    *text = text_for_host(to_json(e.statistics()));
    return JIT_OK;
  });
}

void jit_text_release(char* text) { free(text); }

jit_status jit_report(jit_engine* engine, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return with_engine("jit_report", engine, err, [&](engine::Engine& e, Report& report) -> jit_status {
    if (!wanted) return report.no_output("text");
    *text = text_for_host(e.report());
    return JIT_OK;
  });
}

jit_status jit_report_json(jit_engine* engine, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return with_engine("jit_report_json", engine, err, [&](engine::Engine& e, Report& report) -> jit_status {
    if (!wanted) return report.no_output("text");
    *text = text_for_host("{\"statistics\":" + to_json(e.statistics()) + "," + e.report_json().substr(1));
    return JIT_OK;
  });
}

jit_status jit_events_poll(jit_engine* engine, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return with_engine("jit_events_poll", engine, err, [&](engine::Engine& e, Report& report) -> jit_status {
    if (!wanted) return report.no_output("text");
    const std::string events = e.poll_events();
    if (!events.empty()) *text = text_for_host(events);
    return JIT_OK;
  });
}

jit_status jit_explain(jit_vm* vm, const jit_value* function, char** text, jit_error** err) {
  const bool wanted = clear(text);
  return inside("jit_explain", vm, err, [&](Call& call) -> jit_status {
    if (!wanted) return call.report.no_output("text");
    Value f;
    if (jit_status status = function_from_host(call, function, &f)) return status;
    *text = text_for_host(call.instance().explain_json(f));
    return JIT_OK;
  });
}
