#include "stats.hpp"

#include <cstdio>

namespace terrace::cli {

namespace {

void row(std::string* text, const char* name, const std::string& value) {
  char line[128];
  std::snprintf(line, sizeof line, "%-20s %s\n", name, value.c_str());
  *text += line;
}

std::string per_compile(uint64_t compiles, uint64_t nanoseconds) {
  if (compiles == 0) return "0";
  char text[96];
  std::snprintf(text, sizeof text, "%llu, %.1f ms each from request to installed",
                static_cast<unsigned long long>(compiles),
                static_cast<double>(nanoseconds) / static_cast<double>(compiles) / 1e6);
  return text;
}

std::string of(uint64_t part, const char* word, const std::string& whole) {
  return std::to_string(part) + word + whole;
}

}  // namespace

std::string stats_text(const jit_stats_data& s) {
  std::string text;
  row(&text, "entries", of(s.entries, " of ", s.budget == 0 ? "none allowed" : std::to_string(s.budget)));
  row(&text, "  base, opt, pinned",
      std::to_string(s.base_entries) + ", " + std::to_string(s.opt_entries) + ", " + std::to_string(s.pinned));
  row(&text, "code bytes", of(s.bytes, " of ", s.budget_bytes == 0 ? "any" : std::to_string(s.budget_bytes)));
  row(&text, "threshold", s.threshold <= 0 ? "never" : std::to_string(s.threshold) + " calls");
  row(&text, "hits, misses", std::to_string(s.hits) + ", " + std::to_string(s.misses));
  row(&text, "evictions, resets", std::to_string(s.evictions) + ", " + std::to_string(s.resets));
  row(&text, "base compiles", per_compile(s.base_compiles, s.base_compile_ns));
  row(&text, "opt compiles", per_compile(s.opt_compiles, s.opt_compile_ns));
  row(&text, "queued, refused", std::to_string(s.queued) + ", " + std::to_string(s.refused));
  row(&text, "promotions", std::to_string(s.promotions));
  row(&text, "retired bytes", std::to_string(s.retired_bytes));
  row(&text, "workers", of(s.worker_starts, " started, ", std::to_string(s.worker_deaths) + " died"));
  row(&text, "store",
      std::to_string(s.store_hits) + " found, " + std::to_string(s.store_misses) + " not, " +
          std::to_string(s.store_writes) + " written, " + std::to_string(s.store_rejected) + " rejected");
  row(&text, "heap", of(s.heap_bytes, " bytes after ", std::to_string(s.heap_collections) + " collections"));
  return text;
}

}  // namespace terrace::cli
