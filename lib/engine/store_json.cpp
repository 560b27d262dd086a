// engine/store_json.cpp: the store on disk as people look at it, without an engine.
#include <nlohmann/json.hpp>

#include "engine/engine.hpp"
#include "store/store.hpp"

namespace terrace::engine {
namespace {

using nlohmann::ordered_json;

void add_problem(ordered_json& json, store::Problem problem) {
  const bool is_well = problem == store::Problem::kNone;
  json["problem"] = is_well ? "" : std::string(store::problem_text(problem).json);
  json["reason"] = is_well ? "" : std::string(store::problem_text(problem).sentence);
}

ordered_json entry_json(const store::Listed& listed) {
  ordered_json json;
  json["file"] = listed.file.name;
  json["bytes"] = listed.file.bytes;
  json["used_at"] = listed.file.used_at;
  add_problem(json, listed.problem);
  if (listed.problem != store::Problem::kNone) return json;
  json["name"] = listed.entry.name;
  json["tier"] = listed.entry.key.tier == jobs::Tier::kBase ? "base" : "opt";
  json["compiler"] = listed.entry.compiler;
  json["cpu"] = listed.entry.key.cpu;
  json["compile_ns"] = listed.entry.compile_ns;
  return json;
}

}  // namespace

std::string store_json(const std::optional<std::string>& store_path) {
  const store::Listing listing = store::list(store::find_place(store_path));
  ordered_json json;
  json["path"] = listing.place.path;
  add_problem(json, listing.problem);
  uint64_t bytes = 0;
  for (const store::Listed& listed : listing.entries) bytes += listed.file.bytes;
  json["bytes"] = bytes;
  json["unfinished"] = listing.unfinished.size();
  json["entries"] = ordered_json::array();
  for (const store::Listed& listed : listing.entries) json["entries"].push_back(entry_json(listed));
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

bool clear_store(const std::optional<std::string>& store_path, uint64_t* removed, std::string* why) {
  const store::Place place = store::find_place(store_path);
  const store::Problem problem = store::clear(place, removed);
  if (problem == store::Problem::kNone) return true;
  *why = place.path.empty() ? "" : place.path + ": ";
  *why += store::problem_text(problem).sentence;
  return false;
}

}  // namespace terrace::engine
