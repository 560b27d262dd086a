// addon/to_sx.hpp: values of JavaScript to values of the library.
//
//   undefined, null -> nil            boolean -> boolean         string -> string        bigint -> exact integer
//   number: an integer other than -0 -> exact integer, else a double
//   Symbol.for(name) -> symbol        function -> the SX function it is, else a function of the host
//   Array -> vector (or list)         Map, plain object -> dict  Float64Array -> f64-vector
//   Uint8Array -> bytes               BigInt64Array -> i64-vector  Error -> error object
//   marked objects (lib/values.js) say what they are; any other object travels as itself
//
// Answers for: what is passed, and keeping it alive for the call. Not for: lists of options.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "handles.hpp"

namespace terrace::node {

// Marks of objects, as lib/values.js has them under kindSymbol.
enum class Mark : int32_t {
  kNone = 0,
  kKeyword = 1,
  kChar = 2,
  kRatio = 3,
  kFloat = 4,
  kList = 5,
  kTuple = 6,
  kPair = 7,
  kReference = 8,
  kView = 9,
  kError = 10
};

// What lib/values.js answers about an unmarked object: an array of keys and values in turn, or one of these.
enum class Class : int32_t { kOther = 0, kError = 1 };

// Converts the values of one call and owns what they need until it goes.
class ToSx {
 public:
  explicit ToSx(VmHandle& vm) : vm_(vm), env_(vm.env()) {}
  ~ToSx();
  ToSx(const ToSx&) = delete;
  // Throws Pending when the value cannot be passed. References in the answer are borrowed from this object.
  jit_value convert(napi_value value);
  // The same, but a reference in the answer belongs to the caller.
  jit_value give(napi_value value);
  // Whether the function is one of SX.
  bool is_sx_function(napi_value value) { return mark_of(value) == Mark::kReference; }
  // Every element of an array.
  std::vector<jit_value> convert_all(napi_value array);

 private:
  jit_value from_number(napi_value value);
  jit_value from_bigint(napi_value value);
  jit_value from_symbol(napi_value value);
  jit_value from_function(napi_value value);
  jit_value from_object(napi_value value);
  jit_value from_marked(napi_value value, Mark mark);
  jit_value from_unmarked(napi_value value);
  jit_value from_ratio(napi_value value);
  jit_value from_pair(napi_value value);
  jit_value from_error(napi_value value);
  jit_value from_reference(napi_value value);
  jit_value from_typed_array(napi_value value);
  jit_value from_items(napi_value array, decltype(&::jit_vector_new) make);
  jit_value i64_vector(const int64_t* data, size_t count);
  jit_value call_tool(Tool tool, const std::vector<jit_value>& arguments);
  jit_value text(uint32_t kind, napi_value value);
  jit_value keep_text(uint32_t kind, std::string text);
  jit_value keep(jit_ref* ref);
  Mark mark_of(napi_value value);
  napi_value payload(napi_value value);
  // Throws when the status is a failure.
  void done(jit_status status, jit_error* const& error);

  VmHandle& vm_;
  napi_env env_;
  std::deque<std::string> texts_;
  std::vector<jit_ref*> refs_;
  uint32_t depth_ = 0;
};

// A host function of the library as a value. `name` is for messages.
jit_ref* make_host_function(VmHandle& vm, const std::string& name, napi_value function);
// Defines it as a global.
void define_host_function(VmHandle& vm, const std::string& name, napi_value function);
// An object of JavaScript as a value, and back; null when the reference is none of ours.
jit_ref* make_host_object(VmHandle& vm, napi_value object);
napi_value host_object(VmHandle& vm, const jit_ref* ref);
// A Float64Array's own memory as a packed vector, which keeps the array alive.
jit_ref* borrow(VmHandle& vm, napi_value array);

}  // namespace terrace::node
