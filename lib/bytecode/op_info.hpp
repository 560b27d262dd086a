// bytecode/op_info.hpp: opcodes.def as a table that can be asked at run time.
//
// Answers for: name, operand format, way of ending and effect of each opcode. Not for: what an opcode does.
#pragma once

#include <string_view>

#include "bytecode/code.hpp"

namespace terrace::bytecode {

enum class Ends : uint8_t { knext, kjump, kstop };
enum class OpEffect : uint8_t { knone, kstore, krun, kprimitive };

struct OpInfo {
  std::string_view name;
  std::string_view format;  // see opcodes.def
  Ends ends;
  OpEffect effect;
  std::string_view text;
};

const OpInfo& op_info(Op op);
inline Op op_of(Instr i) { return static_cast<Op>(i.op); }
inline bool is_known_op(Instr i) { return i.op < static_cast<uint8_t>(Op::kCount); }
// True when the instruction has a jump distance in x:c.
inline bool has_jump(Op op) { return op_info(op).format[2] == 'j'; }
// True when x counts arguments.
inline bool has_arguments(Op op) { return op_info(op).format.size() == 4; }

}  // namespace terrace::bytecode
