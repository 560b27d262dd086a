// bytecode/disassembler.cpp: code as text for people and golden tests.
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "bytecode/op_info.hpp"
#include "bytecode/verifier.hpp"

namespace terrace::bytecode {
namespace {

[[gnu::format(printf, 2, 3)]] void append(std::string& out, const char* format, ...) {
  char line[160];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  out += line;
}

const char* constant_letter(const FunctionCode& f, uint16_t index) {
  if (index >= f.constants.size()) return "?";
  switch (f.constants[index]) {
    case ConstantKind::kData:
      return "data";
    case ConstantKind::kGlobal:
      return "global";
    case ConstantKind::kFunction:
      return "function";
  }
  return "?";
}

void append_operand(std::string& out, const FunctionCode& f, char letter, uint16_t field) {
  switch (letter) {
    case 'r':
    case 'w':
      append(out, " r%u", field);
      break;
    case 'k':
      append(out, " k%u:%s", field, constant_letter(f, field));
      break;
    case 'i':
      append(out, " %d", static_cast<int16_t>(field));
      break;
    case 'u':
      append(out, " %u", field);
      break;
    default:
      break;
  }
}

void append_operands(std::string& out, const FunctionCode& f, uint32_t pc) {
  Instr i = f.code[pc];
  const OpInfo& info = op_info(op_of(i));
  append_operand(out, f, info.format[0], i.a);
  if (info.format[1] == '3') {
    append(out, " %d", int_operand(i));
    return;
  }
  append_operand(out, f, info.format[1], i.b);
  if (info.format[2] == 'j')
    append(out, " -> %" PRId64, static_cast<int64_t>(pc) + 1 + jump_distance(i));
  else
    append_operand(out, f, info.format[2], i.c);
  if (has_arguments(op_of(i))) append(out, " argc=%u", i.x);
}

void append_shape(std::string& out, const FunctionCode& f) {
  append(out, "registers %u, parameters %u", f.register_count, f.required);
  if (f.optional != 0) append(out, " optional %u", f.optional);
  if (!f.keys.empty()) append(out, " keys %zu", f.keys.size());
  if (f.rest) out += " rest";
  for (const CaptureSource& source : f.captures)
    append(out, ", captures %s%u", source.from_register ? "r" : "capture ", source.index);
  out += '\n';
}

void append_line(std::string& out, const FunctionCode& f, uint32_t pc) {
  Instr i = f.code[pc];
  LineEntry at = f.line_at(pc);
  append(out, "%4u %u:%u ", pc, at.line, at.column);
  if (!is_known_op(i)) {
    append(out, "? opcode %u\n", i.op);
    return;
  }
  out += op_info(op_of(i)).name;
  append_operands(out, f, pc);
  out += '\n';
}

}  // namespace

std::string disassemble(const FunctionCode& function) {
  std::string out;
  append_shape(out, function);
  for (uint32_t pc = 0; pc < function.code.size(); ++pc) append_line(out, function, pc);
  for (const HandlerRegion& region : function.handlers)
    append(out, "region [%u, %u) -> %u\n", region.start, region.end, region.handler);
  return out;
}

}  // namespace terrace::bytecode
