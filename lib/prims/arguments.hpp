// prims/arguments.hpp: checking the arguments of primitives, and the words every family uses.
//
// Answers for: turning an argument into an index, a size or a part, with the error raised when it is none. Not for:
// what is done with it. Functions that answer bool answer false with an error pending; those that answer a Value answer
// kUnwind then.
#pragma once

#include <cstdint>
#include <string_view>

#include "frame/vm.hpp"
#include "prims/primitive.hpp"

namespace terrace::prims {

using frame::ErrorKind;
using frame::heap_of;
using frame::raise_error;
using frame::raise_type;
using frame::vm_of;
using heap::Heap;
using heap::RootedValues;
using value::as;
using value::as_pair;
using value::from_object;
using value::kFalse;
using value::kNil;
using value::kTrue;
using value::kUnspecified;
using value::kUnwind;
using value::make_bool;
using value::make_fixnum;
using value::Type;

// No object that a program asks for may be larger; what passes it is a heap-limit error like any other.
inline constexpr uint64_t kMaxObjectBytes = uint64_t{1} << 40;
inline constexpr uint64_t kMaxStringBytes = (uint64_t{1} << 31) - 1;

// A part of a sequence: start <= end <= length.
struct Part {
  uint64_t start;
  uint64_t end;
  uint64_t size() const { return end - start; }
};

// A count chosen by the program: an exact integer, 0 or more; what is larger than any memory is given as UINT64_MAX.
bool size_argument(VmState* vm, const char* who, Value v, uint64_t* out);
// An index below `length`.
bool index_argument(VmState* vm, const char* who, Value v, uint64_t length, uint64_t* out);
// The optional arguments args[at] = start and args[at + 1] = end.
bool part_arguments(VmState* vm, const char* who, const Value* args, uint64_t argc, uint64_t at, uint64_t length,
                    Part* out);
// An exact integer within 64 bits with sign.
bool int64_argument(VmState* vm, const char* who, Value v, int64_t* out);
// Any real number as a double.
bool double_argument(VmState* vm, const char* who, Value v, double* out);

bool string_argument(VmState* vm, const char* who, Value v, std::string_view* out);
bool type_argument(VmState* vm, const char* who, Value v, Type type, const char* expected);
bool function_argument(VmState* vm, const char* who, Value v);

// "vector-ref: index 10 is outside a length of 4", with index and length as irritants.
Value raise_index(VmState* vm, const char* who, Value index, uint64_t length);
// "make-vector: 800000000 bytes are more than the heap may hold".
Value raise_too_large(VmState* vm, const char* who);

}  // namespace terrace::prims
