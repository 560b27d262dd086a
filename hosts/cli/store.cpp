#include "store.hpp"

#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

namespace terrace::cli {

namespace {

using nlohmann::json;

bool is_good(const json& item) { return item.at("problem") == ""; }

std::string day_of(int64_t seconds) {
  time_t time = seconds;
  tm parts{};
  char text[32] = "?";
  if (localtime_r(&time, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

void show_entry(const json& entry) {
  if (!is_good(entry)) {
    std::cout << entry.at("file").get<std::string>() << "  " << entry.at("reason").get<std::string>() << "\n";
    return;
  }
  char line[96];
  std::snprintf(line, sizeof line, "%s  %-4s %8llu bytes  %6.1f ms  %s  ",
                day_of(entry.at("used_at").get<int64_t>()).c_str(), entry.at("tier").get<std::string>().c_str(),
                entry.at("bytes").get<unsigned long long>(), entry.at("compile_ns").get<double>() / 1e6,
                entry.at("compiler").get<std::string>().c_str());
  const auto name = entry.at("name").get<std::string>();
  std::cout << line << (name.empty() ? "(no name)" : name) << "\n";
}

void show_info(const json& store) {
  size_t base = 0, opt = 0, bad = 0;
  for (const json& entry : store.at("entries")) {
    if (!is_good(entry)) {
      bad++;
    } else {
      (entry.at("tier") == "base" ? base : opt)++;
    }
  }
  std::cout << "directory   " << store.at("path").get<std::string>() << "\n"
            << "entries     " << base + opt << ": " << base << " base, " << opt << " opt\n"
            << "not good    " << bad << "\n"
            << "unfinished  " << store.at("unfinished") << "\n"
            << "bytes       " << store.at("bytes") << "\n";
}

// True when all are good.
bool verify(const json& store) {
  size_t bad = 0;
  for (const json& entry : store.at("entries")) {
    if (is_good(entry)) continue;
    bad++;
    show_entry(entry);
  }
  std::cout << store.at("entries").size() - bad << " entries are good, " << bad << " are not";
  std::cout << (bad == 0 ? "\n" : "; they are never loaded, and replaced when their functions are compiled again\n");
  return bad == 0;
}

bool clear(const Library& library, const char* path) {
  uint64_t removed = 0;
  jit_error* error = nullptr;
  if (library.store_clear(path, &removed, &error) == JIT_OK) {
    std::cout << "removed " << removed << " entries\n";
    return true;
  }
  std::cerr << "terrace: " << library.error_message(error) << std::endl;
  library.error_release(error);
  return false;
}

json read_store(const Library& library, const char* path) {
  char* text = nullptr;
  if (library.store_json(path, &text, nullptr) != JIT_OK) return {};
  json store = json::parse(text, nullptr, false);
  library.text_release(text);
  return store;
}

}  // namespace

bool tend_store(const Library& library, const std::optional<std::string>& store, const std::string& action) {
  const char* path = store ? store->c_str() : nullptr;
  if (action == "clear") return clear(library, path);
  const json found = read_store(library, path);
  if (!found.is_object()) {
    std::cerr << "terrace: the store could not be read" << std::endl;
    return false;
  }
  if (!is_good(found)) {
    const auto place = found.at("path").get<std::string>();
    std::cout << place << (place.empty() ? "" : ": ") << found.at("reason").get<std::string>() << "\n";
    return found.at("problem") == "off" || found.at("problem") == "absent";
  }
  if (action == "verify") return verify(found);
  if (action == "info") show_info(found);
  if (action == "list") {
    for (const json& entry : found.at("entries")) show_entry(entry);
  }
  return true;
}

}  // namespace terrace::cli
