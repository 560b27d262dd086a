// bytecode/op_info.cpp: the table made from opcodes.def, and what can be checked about it at compile time.
#include "bytecode/op_info.hpp"

#include <array>

namespace terrace::bytecode {
namespace {

constexpr std::array kOps = {
#define T_OP(name, format, ends, effect, text) OpInfo{#name, format, Ends::k##ends, OpEffect::k##effect, text},
#include "bytecode/opcodes.def"
#undef T_OP
};

constexpr bool formats_are_well_formed() {
  for (const OpInfo& info : kOps) {
    if (info.format.size() != 3 && !(info.format.size() == 4 && info.format[3] == 'n')) return false;
    for (char letter : info.format)
      if (std::string_view("rwkiuj-n32").find(letter) == std::string_view::npos) return false;
    bool jumps = info.format[2] == 'j';
    if (info.ends == Ends::kjump && !jumps) return false;
    if (jumps && info.ends == Ends::knext) return false;
  }
  return true;
}
static_assert(formats_are_well_formed(), "a format of opcodes.def uses unknown letters or contradicts its ending");
static_assert(kOps.size() == static_cast<size_t>(Op::kCount));

}  // namespace

const OpInfo& op_info(Op op) { return kOps[static_cast<size_t>(op)]; }

}  // namespace terrace::bytecode
