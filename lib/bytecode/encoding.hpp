// bytecode/encoding.hpp: bytecode as bytes, for the content hash, the compile worker and files.
//
// Answers for: one canonical encoding, so that equal functions have equal bytes; decoding with every length checked.
// Not for: whether decoded code is safe to run (bytecode/verifier.hpp). Little-endian, varints where noted in the .cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bytecode/code.hpp"
#include "value/objects.hpp"

namespace terrace::bytecode {

// Changes with any change of opcodes, primitives' order, object layouts or the calling convention; part of every hash.
inline constexpr uint32_t kAbiVersion = 13;

// A constant without a vm. `immediate` is the word itself for fixnums, self-tagged floats and specials, which are the
// same in every process; other data has is_immediate false and its printed or structural form in `bytes`.
struct PortableConstant {
  ConstantKind kind = ConstantKind::kData;
  bool is_immediate = false;
  Value immediate{0};
  std::string bytes;  // global: its name; other data: encoded
  Hash function_hash{};
  uint64_t function_expected = 0;  // expected_argc of a nested function
  std::vector<CaptureSource> function_captures;
};

struct PortableFunction {
  FunctionCode code;  // code.constants holds the kinds
  std::vector<PortableConstant> constants;
};

// Notes in the code of what shape the record types are that its globals hold now, for who compiles it.
void note_record_types(const value::Proto* proto);
// The bytes of one function: its own code and constants, nested functions by hash and shape only.
std::vector<uint8_t> encode(const value::Proto* proto);
// Sets function->hash from the encoding (without name, source and lines).
void compute_hash(value::Proto* proto);
// Null with *error set when the bytes are malformed. Needs no vm.
std::unique_ptr<PortableFunction> decode(std::span<const uint8_t> bytes, std::string* error);

}  // namespace terrace::bytecode
