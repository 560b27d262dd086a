// syntax/assembler.cpp: drafts of instructions and their final places.
#include "syntax/assembler.hpp"

#include <algorithm>

#include "bytecode/op_info.hpp"
#include "value/objects.hpp"

namespace terrace::syntax {

using bytecode::ConstantKind;
using bytecode::Ends;
using bytecode::Instr;

void Assembler::append(Instr instr, Label label) {
  if (!reachable_) return;
  drafts_.push_back({instr, label, at_});
  reachable_ = bytecode::op_info(bytecode::op_of(instr)).ends != Ends::kstop;
}

void Assembler::emit(Op op, uint16_t a, uint16_t b, uint16_t c, uint8_t x) {
  if (op == Op::kMove && a == b) return;
  append(Instr{static_cast<uint8_t>(op), x, a, b, c}, -1);
}

void Assembler::emit_int(uint16_t a, int32_t n) {
  auto bits = static_cast<uint32_t>(n);
  emit(Op::kInt, a, static_cast<uint16_t>(bits), static_cast<uint16_t>(bits >> 16));
}

void Assembler::jump(Op op, uint16_t a, uint16_t b, Label to) {
  if (!reachable_) return;
  used_[static_cast<size_t>(to)] = true;
  append(Instr{static_cast<uint8_t>(op), 0, a, b, 0}, to);
}

Assembler::Label Assembler::label() {
  labels_.push_back(SIZE_MAX);
  used_.push_back(false);
  return static_cast<Label>(labels_.size() - 1);
}

void Assembler::bind(Label label) {
  labels_[static_cast<size_t>(label)] = drafts_.size();
  reachable_ = reachable_ || used_[static_cast<size_t>(label)];
}

Assembler::Marker Assembler::marker() {
  if (reachable_) {
    drafts_.push_back({Instr{}, -1, at_, true});
  }
  return static_cast<Marker>(drafts_.size()) - 1;
}

bool Assembler::end_region(size_t start, Label handler) {
  auto may_unwind = [](const Draft& d) { return !d.is_marker && bytecode::op_of(d.instr) != Op::kJump; };
  if (std::none_of(drafts_.begin() + static_cast<ptrdiff_t>(start), drafts_.end(), may_unwind)) return false;
  regions_.push_back({start, drafts_.size(), handler});
  return true;
}

void Assembler::bind_handler(Label label) {
  labels_[static_cast<size_t>(label)] = drafts_.size();
  reachable_ = true;
}

uint16_t Assembler::add_constant(Constant constant) {
  if (constants_.size() > UINT16_MAX)
    unit_.fail(at_, "a function with more than 65536 constants", "split it into several functions");
  constants_.push_back(constant);
  return static_cast<uint16_t>(constants_.size() - 1);
}

uint16_t Assembler::constant(ConstantKind kind, Value v) {
  auto [place, fresh] = constant_index_.emplace(v.bits, 0);
  if (fresh) place->second = add_constant({kind, v, nullptr});
  return place->second;
}

uint16_t Assembler::function_constant(Lambda* lambda) {
  return add_constant({ConstantKind::kFunction, value::kNil, lambda});
}

// --- final form
// -------------------------------------------------------------------------------------------------------

// Where a jump to the label really ends: past jumps that only go on.
size_t Assembler::landing(Label label) const {
  size_t at = labels_[static_cast<size_t>(label)];
  for (int hops = 0; hops < 16 && at < drafts_.size(); ++hops) {
    const Draft& draft = drafts_[at];
    if (draft.is_marker || bytecode::op_of(draft.instr) != Op::kJump) break;
    at = labels_[static_cast<size_t>(draft.label)];
  }
  return at;
}

bool Assembler::is_idle_jump(size_t i) const {
  const Draft& draft = drafts_[i];
  return !draft.is_marker && bytecode::op_of(draft.instr) == Op::kJump && landing(draft.label) == i + 1;
}

std::vector<uint32_t> Assembler::final_places() const {
  std::vector<uint32_t> places(drafts_.size() + 1, 0);
  for (size_t i = 0; i < drafts_.size(); ++i) {
    size_t size = is_idle_jump(i) ? 0 : 1;
    if (drafts_[i].is_marker) {
      auto found = insertions_.find(static_cast<Marker>(i));
      size = found == insertions_.end() ? 0 : found->second.size();
    }
    places[i + 1] = places[i] + static_cast<uint32_t>(size);
  }
  return places;
}

uint16_t Assembler::final_register(uint16_t r, uint32_t parameters) const {
  if (r >= kPreloadBase) return static_cast<uint16_t>(parameters + (r - kPreloadBase));
  return static_cast<uint16_t>(r < parameters ? r : r + preloads_);
}

void Assembler::renumber(Instr& instr, uint32_t parameters) const {
  std::string_view format = bytecode::op_info(bytecode::op_of(instr)).format;
  auto is_register = [](char letter) { return letter == 'r' || letter == 'w'; };
  if (is_register(format[0])) instr.a = final_register(instr.a, parameters);
  if (is_register(format[1])) instr.b = final_register(instr.b, parameters);
  if (is_register(format[2])) instr.c = final_register(instr.c, parameters);
}

void Assembler::place(bytecode::FunctionCode& code, Instr instr, Position at, uint32_t parameters) const {
  renumber(instr, parameters);
  auto pc = static_cast<uint32_t>(code.code.size());
  if (code.lines.empty() ? at.line != 0 : code.lines.back().line != at.line || code.lines.back().column != at.column)
    code.lines.push_back({pc, at.line, at.column});
  code.code.push_back(instr);
}

void Assembler::finish(bytecode::FunctionCode& code, uint32_t parameters) {
  std::vector<uint32_t> places = final_places();
  if (places.back() > static_cast<uint32_t>(bytecode::kMaxJump))
    unit_.fail(at_, "a function with too many instructions", "split it into several functions");
  for (size_t i = 0; i < drafts_.size(); ++i) {
    const Draft& draft = drafts_[i];
    if (draft.is_marker) {
      auto found = insertions_.find(static_cast<Marker>(i));
      if (found == insertions_.end()) continue;
      for (Instr load : found->second) place(code, load, draft.at, parameters);
    } else if (!is_idle_jump(i)) {
      Instr instr = draft.instr;
      if (draft.label >= 0) {
        bool back = bytecode::op_of(instr) == Op::kLoop;
        size_t target = back ? labels_[static_cast<size_t>(draft.label)] : landing(draft.label);
        bytecode::set_jump_distance(instr, static_cast<int32_t>(places[target]) - static_cast<int32_t>(places[i]) - 1);
      }
      place(code, instr, draft.at, parameters);
    }
  }
  for (const Region& region : regions_) {
    uint32_t start = places[region.start], end = places[region.end];
    if (start < end) code.handlers.push_back({start, end, places[labels_[static_cast<size_t>(region.handler)]]});
  }
  for (const Constant& constant : constants_) code.constants.push_back(constant.kind);
}

}  // namespace terrace::syntax
