// store/entry.hpp: one compiled function as a file.
//
// Answers for: what a file says, the name it has, and telling a good file from anything else. Not for: where files are
// (directory.hpp), whether the code in them can be loaded (native/).
//
//   "terrace\n" | u32 format | key | name | compiler | u64 compile_ns | types | object | BLAKE2b of all before, 32 bytes
//
// The key says what the code does and who may run it: the content of the function and of those that were compiled along, tier, layout version, the worker
// that compiled it, the instruction set. It does not hold the types that the interpreter had seen when the code was
// asked for: opt code tests what it takes for granted and leaves where that does not hold, so each object is right for
// every input, and one key has one object. The types are kept beside it, since code that was made for less than has been
// seen by now would leave all the time: such an entry is passed over, and what is compiled instead replaces it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bytecode/code.hpp"
#include "jobs/protocol.hpp"
#include "store/problems.hpp"

namespace terrace::store {

inline constexpr uint32_t kFormat = 1;
inline constexpr size_t kMaxEntryBytes = size_t{64} << 20;

struct Key {
  bytecode::Hash function{};
  bytecode::Hash companions{};  // hash_of() those that were compiled along; zero: none
  jobs::Tier tier = jobs::Tier::kBase;
  uint32_t abi_version = 0;  // bytecode::kAbiVersion
  std::string worker;        // worker_identity()
  std::string cpu;           // base::cpu_level()

  bool operator==(const Key&) const = default;
};

struct Entry {
  Key key;
  std::string name;            // of the function, for people
  std::string compiler;        // "gcc 12.2.0"
  uint64_t compile_ns = 0;     // from request to code, when it was made
  std::vector<uint8_t> types;  // what the interpreter had seen, one set of bits for each place that has some
  std::vector<uint8_t> object;
};

// Of the names and contents of functions that travel with a request.
bytecode::Hash hash_of(const std::vector<jobs::Companion>& companions);
// The name of the file for a key: 40 hexadecimal digits.
std::string file_name(const Key& key);
// Whether a file may be called so.
bool is_file_name(std::string_view name);

std::vector<uint8_t> pack(const Entry& entry);
// kNone, kDamaged or kForeign (another format).
Problem unpack(std::span<const uint8_t> bytes, Entry* entry);

// Whether code made for types seen `before` also stands for what is seen `now`.
bool covers(std::span<const uint8_t> before, std::span<const uint8_t> now);

// Tells one build of the worker from another, by the size and time of its file, without starting it. Empty when there
// is no such file.
std::string worker_identity(const std::string& path);

}  // namespace terrace::store
