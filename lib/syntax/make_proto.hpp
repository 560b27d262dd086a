// syntax/make_proto.hpp: code that is finished, as a prototype of a vm.
#pragma once

#include <memory>
#include <span>

#include "bytecode/code.hpp"
#include "frame/vm.hpp"

namespace terrace::syntax {

struct ReleaseCode {
  void operator()(bytecode::FunctionCode* code) const { bytecode::release(code); }
};
using CodeHandle = std::unique_ptr<bytecode::FunctionCode, ReleaseCode>;

// The constants and the name, a symbol or kFalse, are kept alive by the caller. Hooks::proto_made is for the caller to call, when the
// code has its hash.
value::Proto* make_proto(VmState* vm, CodeHandle code, std::span<const Value> constants, Value name);

}  // namespace terrace::syntax
