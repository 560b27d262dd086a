// bytecode/code.hpp: instructions and the immutable code of one function.
//
// Answers for: the shape of bytecode. Not for: constants as values (they are in the vm's Proto), encoding for files and workers
// (bytecode/encoding.hpp), checking (bytecode/verifier.hpp).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.hpp"

namespace terrace::bytecode {

enum class Op : uint8_t {
#define T_OP(name, format, ends, effect, text) k##name,
#include "bytecode/opcodes.def"
#undef T_OP
  kCount
};

// One fixed-size instruction. Jump distances use x (high) and c (low) as one signed 24-bit number, relative to the next one.
struct Instr {
  uint8_t op;
  uint8_t x;
  uint16_t a;
  uint16_t b;
  uint16_t c;
};
static_assert(sizeof(Instr) == 8);

// Type feedback: what the interpreter saw at an instruction of arithmetic or an access to a vector (takes_feedback), or-ed into its x
// field, which has no other meaning there. Two fixnums with a fixnum result, a divisor above zero, and an element of a generic vector
// leave no trace, so the common case costs nothing. At an access to a vector, floats are a vector of doubles, and mixed is one
// that gave a hole or became generic, or one of both kinds. The content hash is taken before anything runs, so it does not depend on
// feedback; the encoding for the worker carries it.
inline constexpr uint8_t kSawFloats = 1;  // two floats
inline constexpr uint8_t kSawMixed = 2;   // a fixnum and a float
inline constexpr uint8_t kSawOther = 4;   // anything else, or a result that is no fixnum
// At the first such instruction in a loop: what the loop's code took for granted before its first turn did not hold.
inline constexpr uint8_t kLeftBeforeLoop = 8;
// Where a loop adds to its counter: what the loop's code took for granted of how far it counts did not hold.
inline constexpr uint8_t kLeftBeforeCounting = 16;
// At an access to a vector of doubles: code that took it to have no holes was left.
inline constexpr uint8_t kLeftForHoles = 32;
// Where a loop adds to its counter: arguments that the loop's code took to be small (worker/emit/intervals.hpp) were not.
inline constexpr uint8_t kLeftNotSmall = 64;
// At the first such instruction in a loop: what its turns carry as a double, or as an integer modulo 2^64, was none before the first.
inline constexpr uint8_t kLeftNotCarried = 128;
constexpr bool is_arithmetic(Op op) {
  return op == Op::kAdd || op == Op::kSub || op == Op::kMul || op == Op::kDiv || op == Op::kAddImm;
}
constexpr bool takes_feedback(Op op) {
  return is_arithmetic(op) || op == Op::kQuotient || op == Op::kRemainder || op == Op::kModulo || op == Op::kVectorRef ||
         op == Op::kVectorSet || op == Op::kBytesRef || op == Op::kBytesSet;
}
// At a Global, the same field says of a record type that was found there which of its first fields are words in new records;
// note_record_types of bytecode/encoding.hpp puts it there.
constexpr bool names_record_type(Op op) { return op == Op::kGlobal; }
// Code is shared by all threads that run it; a lost bit is seen again the next time.
inline void note_feedback(const Instr* at, uint8_t saw) { const_cast<Instr*>(at)->x |= saw; }

constexpr int32_t jump_distance(Instr i) {
  return static_cast<int32_t>(static_cast<uint32_t>(i.x) << 24 | static_cast<uint32_t>(i.c) << 8) >> 8;
}
constexpr void set_jump_distance(Instr& i, int32_t d) {
  i.x = static_cast<uint8_t>(d >> 16);
  i.c = static_cast<uint16_t>(d);
}
constexpr int32_t int_operand(Instr i) { return static_cast<int32_t>(uint32_t{i.c} << 16 | i.b); }
inline constexpr int32_t kMaxJump = (1 << 23) - 1;

// Where a captured value comes from when a closure is made.
struct CaptureSource {
  bool from_register;  // else from the maker's own captures
  uint16_t index;
};

// While pc is in [start, end), an unwind that comes out of an instruction goes to `handler`.
struct HandlerRegion {
  uint32_t start;
  uint32_t end;
  uint32_t handler;
};

struct LineEntry {  // from `pc` on, until the next entry
  uint32_t pc;
  uint32_t line;
  uint32_t column;
};

// What a constant is, so that a reader needs no vm: data is quoted, a global is a cell, a function a nested Proto.
enum class ConstantKind : uint8_t { kData, kGlobal, kFunction };

// A keyword parameter: the keyword among the constants, and whether every call must give it.
struct KeyParameter {
  uint16_t constant;
  bool required;
};

using Hash = std::array<uint8_t, 32>;

inline constexpr uint32_t kMaxRegisters = 4096;
inline constexpr uint32_t kMaxCallArguments = 250;
// Set in expected_argc() of functions with optional, keyword or rest parameters; frame/calling.hpp calls it kNormalised.
inline constexpr uint64_t kNormalisedArgc = uint64_t{1} << 16;

// The instructions at which compiled code was left because something it took for granted did not hold. Any thread; a mark that is lost
// is made again the next time.
class LeftAt {
 public:
  LeftAt() = default;
  ~LeftAt() { delete[] marks_.load(); }
  LeftAt(const LeftAt&) = delete;
  LeftAt(LeftAt&& other) noexcept : marks_(other.marks_.exchange(nullptr)) {}
  LeftAt& operator=(LeftAt&& other) noexcept {
    delete[] marks_.exchange(other.marks_.exchange(nullptr));
    return *this;
  }
  bool has(uint32_t pc) const;
  void add(uint32_t pc, size_t instructions);  // how many the function has

 private:
  std::atomic<std::atomic<bool>*> marks_{nullptr};  // by pc; made with the first
};

// How many own a code. What is moved elsewhere is another code there, with one owner.
struct ReferenceCount : std::atomic<uint32_t> {
  ReferenceCount() : std::atomic<uint32_t>(1) {}
  ReferenceCount(ReferenceCount&&) noexcept : ReferenceCount() {}
};

// Immutable once made, but for what was learnt about it; shared by all vms of an engine; reference counted because closures of many vms point here.
struct FunctionCode {
  ReferenceCount references;
  std::string name;
  std::string source;  // file or the name given to eval
  uint16_t required = 0;
  uint16_t optional = 0;
  bool rest = false;
  bool rest_has_keys = false;  // the rest parameter gets the keyword arguments too, else what stands behind them
  bool other_keys = false;     // keywords that are not among `keys` are skipped
  std::vector<KeyParameter> keys;
  uint16_t register_count = 0;
  std::vector<Instr> code;
  std::vector<ConstantKind> constants;
  std::vector<CaptureSource> captures;
  std::vector<HandlerRegion> handlers;  // innermost first
  std::vector<LineEntry> lines;
  mutable LeftAt left_at;
  Hash hash{};  // of everything that decides what the function does: code, constants, shape; not name, source and lines

  // Required, optional, keyword and rest parameters have the first registers, in this order.
  uint32_t parameter_slots() const {
    return required + optional + static_cast<uint32_t>(keys.size()) + (rest ? 1u : 0u);
  }
  bool takes_plain_arguments() const { return optional == 0 && keys.empty() && !other_keys && !rest; }
  // How many arguments a call may have; -1: any number.
  int max_arguments() const { return rest || !keys.empty() || other_keys ? -1 : required + optional; }
  // The argc with which the fast path of an entry is taken; see frame/calling.hpp.
  uint64_t expected_argc() const;
  const HandlerRegion* handler_at(uint32_t pc) const;
  bool has_nested_loops() const;
  LineEntry line_at(uint32_t pc) const;
};

// The name under which object files ask for the engine's record of the function of that content, and back; false for other names.
std::string record_symbol(const Hash& hash);
bool parse_record_symbol(std::string_view name, Hash* hash);

void retain(FunctionCode* f);
void release(FunctionCode* f);

}  // namespace terrace::bytecode
