// engine/report.cpp: what an engine did, for people and as JSON: the tiers, the hottest functions, the events that are kept.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "bytecode/op_info.hpp"
#include "engine/state.hpp"

namespace terrace::engine {
namespace {

using cache::FunctionReport;
using Json = nlohmann::ordered_json;

constexpr const char* kTierNames[] = {"interp", "base", "opt"};
constexpr size_t kTiers = std::size(kTierNames);

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

[[gnu::format(printf, 2, 3)]] void line(std::string* text, const char* format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  *text += buffer;
  *text += '\n';
}

using Number = unsigned long long;

// Everything that a report says of functions.
struct Functions {
  std::array<uint64_t, kTiers> tiers{};
  uint64_t compiling = 0;
  std::vector<FunctionReport> hottest;
};

Functions look(Engine::State& state) {
  Functions found;
  std::vector<FunctionReport> all = state.cache.report(state.settings.loop_turns);
  for (const FunctionReport& f : all) {
    found.tiers[std::min<size_t>(f.tier, kTiers - 1)]++;
    found.compiling += f.requested != cache::kInterp;
  }
  const auto most = std::min<size_t>(all.size(), static_cast<size_t>(state.settings.report_functions));
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(most), all.end(),
                    [](const FunctionReport& a, const FunctionReport& b) {
                      return a.calls != b.calls ? a.calls > b.calls : a.name < b.name;
                    });
  all.resize(most);
  found.hottest = std::move(all);
  return found;
}

std::string bound(uint64_t most, const char* none) { return most == 0 ? none : "of " + std::to_string(most); }

std::string milliseconds_each(uint64_t times, uint64_t ns) {
  if (times == 0) return "";
  char text[64];
  snprintf(text, sizeof text, ", %.1f ms each from request to use",
           static_cast<double>(ns) / static_cast<double>(times) / 1e6);
  return text;
}

void add_figures(std::string* out, const Statistics& s) {
  line(out, "code cache    %llu %s entries (%llu base, %llu opt), %llu %s bytes, %llu pinned", Number{s.entries},
       bound(s.budget, "of no").c_str(), Number{s.base_entries}, Number{s.opt_entries}, Number{s.bytes},
       bound(s.budget_bytes, "of any").c_str(), Number{s.pinned});
  line(out, "              %llu hits, %llu misses, %llu evicted, %llu dropped, %llu bytes retired", Number{s.hits},
       Number{s.misses}, Number{s.evictions}, Number{s.resets}, Number{s.retired_bytes});
  line(out, "compiled      base %llu%s", Number{s.base_compiles},
       milliseconds_each(s.base_compiles, s.base_compile_ns).c_str());
  line(out, "              opt %llu%s", Number{s.opt_compiles}, milliseconds_each(s.opt_compiles, s.opt_compile_ns).c_str());
  line(out, "              %llu left in the middle, %llu given up for it", Number{s.deopts}, Number{s.invalidations});
  line(out, "queue         %llu waiting or in work, %llu workers (%llu started, %llu died)", Number{s.queued},
       Number{s.workers}, Number{s.worker_starts}, Number{s.worker_deaths});
  line(out, "refused       %llu", Number{s.refused});
  for (const auto& [reason, count] : s.refusals) line(out, "              %s %llu", reason.c_str(), Number{count});
  line(out, "heap          %llu bytes after %llu collections", Number{s.heap_bytes}, Number{s.heap_collections});
}

std::string notes_of(const FunctionReport& f) {
  std::string notes;
  if (f.pinned) notes += ", pinned";
  if (f.requested != cache::kInterp) notes += std::string(", being compiled for ") + kTierNames[f.requested];
  if (f.tier == cache::kInterp && f.reason != observe::Reason::kNone)
    notes += ", " + std::string(observe::reason_text(f.reason).json);
  if (f.users > 1) notes += ", shared by " + std::to_string(f.users);
  return notes.empty() ? "" : "  (" + notes.substr(2) + ")";
}

std::string shown_name(const std::string& name) { return name.empty() ? "(no name)" : name; }

void add_functions(std::string* out, const Functions& found) {
  if (found.hottest.empty()) return;
  line(out, "%12s  %-6s %8s %8s %6s  %s", "calls", "tier", "bytes", "ms", "deopts", "function");
  for (const FunctionReport& f : found.hottest)
    line(out, "%12llu  %-6s %8llu %8.1f %6llu  %s%s", Number{f.calls}, kTierNames[f.tier], Number{f.bytes},
         static_cast<double>(f.compile_ns) / 1e6, Number{f.deopts}, shown_name(f.name).c_str(), notes_of(f).c_str());
}

Json to_json(const FunctionReport& f) {
  Json json{{"name", f.name},         {"tier", kTierNames[f.tier]}, {"calls", f.calls},         {"bytes", f.bytes},
            {"compile_ns", f.compile_ns}, {"deopts", f.deopts},     {"misjudged", f.misjudged}, {"drops", f.drops},
            {"pinned", f.pinned},     {"users", f.users}};
  if (f.requested != cache::kInterp) json["compiling_for"] = kTierNames[f.requested];
  if (f.reason != observe::Reason::kNone) json["reason"] = observe::reason_text(f.reason).json;
  return json;
}

Json to_json(const observe::Event& event) {
  Json json{{"event", observe::event_info(event.kind).json},
            {"number", event.number},
            {"time_ns", event.time_ns},
            {"text", observe::describe(event)}};
  if (!event.function.empty()) json["function"] = event.function;
  if (!event.tier.empty()) json["tier"] = event.tier;
  if (event.reason != observe::Reason::kNone) json["reason"] = observe::reason_text(event.reason).json;
  return json;
}

}  // namespace

std::string Engine::report() {
  std::string text;
  const Functions found = look(*state_);
  uint64_t known = 0;
  for (uint64_t n : found.tiers) known += n;
  line(&text, "functions     %llu that were looked at: %llu interpreted, %llu base, %llu opt, %llu being compiled",
       Number{known}, Number{found.tiers[0]}, Number{found.tiers[1]}, Number{found.tiers[2]}, Number{found.compiling});
  add_figures(&text, statistics());
  add_functions(&text, found);
  return text;
}

std::string Engine::report_json() {
  const Functions found = look(*state_);
  Json tiers;
  for (size_t i = 0; i < kTiers; i++) tiers[kTierNames[i]] = found.tiers[i];
  tiers["compiling"] = found.compiling;
  auto functions = Json::array();
  for (const FunctionReport& f : found.hottest) functions.push_back(to_json(f));
  return dump(Json{{"tiers", tiers}, {"functions", functions}});
}

std::string Engine::poll_events() {
  auto events = Json::array();
  for (const observe::Event& event : state_->events.poll()) events.push_back(to_json(event));
  return events.empty() ? "" : dump(events);
}

std::string place_text(const bytecode::FunctionCode& code, uint32_t pc) {
  std::string text;
  if (pc < code.code.size()) text = bytecode::op_info(bytecode::op_of(code.code[pc])).name;
  const bytecode::LineEntry at = code.line_at(pc);
  if (at.line != 0) text += " in " + code.source + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  return text;
}

}  // namespace terrace::engine
