// addon/to_js.hpp: values of the library to values of JavaScript.
//
//   nil -> null                       unspecified -> undefined   boolean, string -> the same
//   exact integer -> number, or bigint beyond 2^53   double -> number    ratio -> Ratio    character -> Char
//   symbol -> Symbol.for(name)        keyword -> Keyword         function -> function
//   list, vector -> Array             tuple -> Tuple             dict -> Map (or object)   improper list -> Pair
//   f64-vector -> Float64Array on the same memory   bytes -> Uint8Array   i64-vector -> BigInt64Array
//   error -> TerraceError             a host's object -> itself  everything else -> SxObject
#pragma once

#include "handles.hpp"

namespace terrace::node {

// Takes a reference in the value over. Throws Pending when the value cannot be shown.
napi_value to_js(VmHandle& vm, jit_value value);
// The same for a value that is only borrowed.
napi_value to_js_borrowed(VmHandle& vm, const jit_value& value);
// All elements of a list as an array.
napi_value list_to_js(VmHandle& vm, const jit_ref* list);

}  // namespace terrace::node
