// engine/json_values.cpp: what the engine says as JSON, as values of SX.
#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/state.hpp"
#include "prims/build.hpp"
#include "prims/dict_table.hpp"

namespace terrace::engine {
namespace {

using namespace value;
using Json = nlohmann::ordered_json;

Value value_of(VmState* vm, const Json& json);

Value dict_of(VmState* vm, const Json& json) {
  Value dict = prims::make_dict(vm, json.size());
  if (dict == kUnwind) return kUnwind;
  for (const auto& [key, member] : json.items()) {
    Value v = value_of(vm, member);
    if (v == kUnwind || !prims::dict_insert(vm, dict, frame::vm_of(vm).intern(with_dashes(key)), v)) return kUnwind;
  }
  return dict;
}

Value list_of(VmState* vm, const Json& json) {
  prims::ListBuilder list(vm);
  for (const Json& member : json) {
    Value v = value_of(vm, member);
    if (v == kUnwind) return kUnwind;
    list.push(v);
  }
  return list.list();
}

Value value_of(VmState* vm, const Json& json) {
  if (json.is_object()) return dict_of(vm, json);
  if (json.is_array()) return list_of(vm, json);
  if (json.is_string()) return frame::make_string(vm, json.get_ref<const std::string&>());
  if (json.is_boolean()) return make_bool(json.get<bool>());
  if (json.is_number()) return frame::make_integer(vm, json.get<int64_t>());
  return kNil;
}

}  // namespace

std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

Value value_of_json(VmState* vm, const std::string& text) { return value_of(vm, Json::parse(text)); }

}  // namespace terrace::engine
