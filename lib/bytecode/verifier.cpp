// bytecode/verifier.cpp: the checks, one function per kind of rule.
//
// Two passes: the shape of every instruction, then a forward flow over basic blocks which shows that every register is
// written before it is read, on every path. A handler may be entered from any instruction of its region, so it is taken
// to know only what is written at the region's start.
#include "bytecode/verifier.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "bytecode/op_info.hpp"

namespace terrace::bytecode {
namespace {

class Verifier {
 public:
  Verifier(const FunctionCode& function, AcceptsPrimitive accepts)
      : f_(function), accepts_(accepts), size_(function.code.size()) {}

  bool run(std::string* reason) {
    bool good = check_shape() && check_regions() && check_instructions() && check_flow();
    if (!good && reason != nullptr) *reason = reason_;
    return good;
  }

 private:
  using Written = std::vector<uint64_t>;  // one bit per register

  bool fail(size_t pc, std::string what) {
    reason_ = "pc " + std::to_string(pc) + ": " + std::move(what);
    return false;
  }

  bool check_shape() {
    if (size_ == 0) return fail(0, "no instructions");
    if (f_.register_count > kMaxRegisters) return fail(0, "too many registers");
    if (f_.parameter_slots() > f_.register_count) return fail(0, "more parameters than registers");
    if (f_.constants.size() > UINT16_MAX + size_t{1}) return fail(0, "too many constants");
    for (KeyParameter key : f_.keys)
      if (key.constant >= f_.constants.size() || f_.constants[key.constant] != ConstantKind::kData)
        return fail(0, "a keyword parameter without its keyword");
    return true;
  }

  bool check_regions() {
    is_handler_.assign(size_, false);
    for (const HandlerRegion& region : f_.handlers) {
      if (region.start >= region.end || region.end > size_) return fail(region.start, "handler region out of range");
      if (region.handler >= size_) return fail(region.start, "handler out of range");
      if (op_of(f_.code[region.handler]) != Op::kCatch)
        return fail(region.handler, "handler does not start with Catch");
      if (region.handler >= region.start && region.handler < region.end)
        return fail(region.handler, "handler inside its own region");
      is_handler_[region.handler] = true;
      handlers_from_[region.start].push_back(region.handler);
    }
    return check_nesting();
  }

  // Regions lie inside each other or apart, and the inner one stands first in the list.
  bool check_nesting() {
    std::vector<uint32_t> order(f_.handlers.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
      const HandlerRegion &x = f_.handlers[a], &y = f_.handlers[b];
      if (x.start != y.start) return x.start < y.start;
      return x.end != y.end ? x.end > y.end : a > b;
    });
    std::vector<uint32_t> open;
    for (uint32_t i : order) {
      const HandlerRegion& region = f_.handlers[i];
      while (!open.empty() && f_.handlers[open.back()].end <= region.start) open.pop_back();
      if (!open.empty() && (f_.handlers[open.back()].end < region.end || open.back() < i))
        return fail(region.start, "handler regions overlap or are out of order");
      open.push_back(i);
    }
    return true;
  }

  bool check_instructions() {
    for (size_t pc = 0; pc < size_; ++pc)
      if (!check_instruction(pc)) return false;
    return true;
  }

  bool check_instruction(size_t pc) {
    Instr i = f_.code[pc];
    if (!is_known_op(i)) return fail(pc, "unknown opcode");
    const OpInfo& info = op_info(op_of(i));
    if (info.ends != Ends::kstop && pc + 1 >= size_) return fail(pc, "control falls off the end");
    if (!check_operand(pc, info.format[0], i.a) || !check_operand(pc, info.format[1], i.b)) return false;
    if (info.format[2] == 'j') {
      if (!check_jump(pc)) return false;
    } else if (!check_operand(pc, info.format[2], i.c)) {
      return false;
    }
    return check_arguments(pc) && check_special_rules(pc) && check_catch(pc);
  }

  bool check_operand(size_t pc, char letter, uint16_t field) {
    if ((letter == 'r' || letter == 'w') && field >= f_.register_count)
      return fail(pc, "register " + std::to_string(field) + " out of range");
    if (letter == 'k' && field >= f_.constants.size()) return fail(pc, "constant out of range");
    return true;
  }

  bool check_jump(size_t pc) {
    Instr i = f_.code[pc];
    int64_t target = static_cast<int64_t>(pc) + 1 + jump_distance(i);
    if (target < 0 || target >= static_cast<int64_t>(size_)) return fail(pc, "jump target out of range");
    if (op_of(i) == Op::kLoop && target > static_cast<int64_t>(pc)) return fail(pc, "Loop jumps forwards");
    // Without Loop nobody could stop it.
    if (op_of(i) != Op::kLoop && target <= static_cast<int64_t>(pc)) return fail(pc, "a jump backwards that is no Loop");
    if (is_handler_[static_cast<size_t>(target)]) return fail(pc, "jump to a handler");
    return true;
  }

  bool check_arguments(size_t pc) {
    Instr i = f_.code[pc];
    if (!has_arguments(op_of(i))) return true;
    if (i.x > kMaxCallArguments) return fail(pc, "too many arguments");
    size_t end = op_of(i) == Op::kPrim ? size_t{i.b} + i.x : size_t{i.a} + 1 + i.x;
    if (end > f_.register_count) return fail(pc, "argument registers out of range");
    if (op_of(i) == Op::kPrim && !accepts_(i.c, i.x)) return fail(pc, "no primitive of that number with so many arguments");
    return true;
  }

  bool check_special_rules(size_t pc) {
    Instr i = f_.code[pc];
    switch (op_of(i)) {
      case Op::kSpecial:
        return i.b <= value::kEof.bits >> 8 || fail(pc, "special value out of range");
      case Op::kCapture:
        return i.b < f_.captures.size() || fail(pc, "capture out of range");
      case Op::kClosure:
        return check_kind(pc, ConstantKind::kFunction);
      case Op::kGlobal:
      case Op::kSetGlobal:
      case Op::kDefineGlobal:
      case Op::kCallGlobal:
      case Op::kTailCallGlobal:
      case Op::kJumpNotSelf:
        return check_kind(pc, ConstantKind::kGlobal);
      case Op::kConst:
      case Op::kJumpEqConst:
      case Op::kJumpNotEqConst:
        return check_kind(pc, ConstantKind::kData);
      default:
        return true;
    }
  }

  bool check_kind(size_t pc, ConstantKind kind) {
    return f_.constants[f_.code[pc].b] == kind || fail(pc, "constant of the wrong kind");
  }

  bool check_catch(size_t pc) {
    if (op_of(f_.code[pc]) != Op::kCatch) return true;
    if (!is_handler_[pc]) return fail(pc, "Catch outside a handler entry");
    if (pc != 0 && op_info(op_of(f_.code[pc - 1])).ends != Ends::kstop) return fail(pc, "control falls into a handler");
    return true;
  }

  // --- definedness
  // -------------------------------------------------------------------------------------------------------

  bool check_flow() {
    find_leaders();
    Written start(words(), 0);
    for (uint32_t r = 0; r < f_.parameter_slots(); ++r) set(start, r);
    meet_into(0, start);
    while (!work_.empty()) {
      size_t block = work_.back();
      work_.pop_back();
      flow_block(block);
    }
    return report_reads();
  }

  size_t words() const { return (size_t{f_.register_count} + 63) / 64; }
  static void set(Written& w, size_t r) { w[r / 64] |= uint64_t{1} << (r % 64); }
  static bool test(const Written& w, size_t r) { return (w[r / 64] >> (r % 64)) & 1; }

  void find_leaders() {
    leader_.assign(size_, false);
    at_.assign(size_, {});
    leader_[0] = true;
    for (size_t pc = 0; pc < size_; ++pc) {
      Instr i = f_.code[pc];
      if (has_jump(op_of(i))) leader_[target(pc)] = true;
      if (op_info(op_of(i)).ends != Ends::knext && pc + 1 < size_) leader_[pc + 1] = true;
    }
    for (const HandlerRegion& region : f_.handlers) leader_[region.start] = leader_[region.handler] = true;
  }

  size_t target(size_t pc) const {
    return static_cast<size_t>(static_cast<int64_t>(pc) + 1 + jump_distance(f_.code[pc]));
  }

  void meet_into(size_t pc, const Written& incoming) {
    Written& known = at_[pc];
    if (known.empty()) {
      known = incoming;
      if (known.empty()) known.assign(1, 0);
      work_.push_back(pc);
      return;
    }
    bool changed = false;
    for (size_t i = 0; i < incoming.size(); ++i) {
      uint64_t both = known[i] & incoming[i];
      changed |= both != known[i];
      known[i] = both;
    }
    if (changed) work_.push_back(pc);
  }

  void flow_block(size_t pc) {
    Written now = at_[pc];
    if (auto found = handlers_from_.find(pc); found != handlers_from_.end())
      for (uint32_t handler : found->second) meet_into(handler, now);
    for (;; ++pc) {
      Instr i = f_.code[pc];
      write(now, i);
      if (has_jump(op_of(i))) meet_into(target(pc), now);
      if (op_info(op_of(i)).ends == Ends::kstop) return;
      if (leader_[pc + 1]) {
        meet_into(pc + 1, now);
        return;
      }
    }
  }

  static void write(Written& now, Instr i) {
    const OpInfo& info = op_info(op_of(i));
    if (info.format[0] == 'w') set(now, i.a);
    if (info.format[2] == 'w') set(now, i.c);
  }

  bool report_reads() {
    Written now;
    bool reachable = false;
    for (size_t pc = 0; pc < size_; ++pc) {
      if (leader_[pc]) {
        reachable = !at_[pc].empty();
        now = at_[pc];
      }
      if (!reachable) continue;
      if (!check_reads(pc, now)) return false;
      write(now, f_.code[pc]);
    }
    return true;
  }

  bool check_reads(size_t pc, const Written& now) {
    Instr i = f_.code[pc];
    const OpInfo& info = op_info(op_of(i));
    bool scratch_a = op_of(i) == Op::kCallGlobal || op_of(i) == Op::kTailCallGlobal;
    if (info.format[0] == 'r' && !scratch_a && !check_read(pc, now, i.a)) return false;
    if (info.format[1] == 'r' && !(op_of(i) == Op::kPrim && i.x == 0) && !check_read(pc, now, i.b)) return false;
    if (info.format[2] == 'r' && !check_read(pc, now, i.c)) return false;
    if (!has_arguments(op_of(i))) return true;
    size_t first = op_of(i) == Op::kPrim ? i.b : i.a + size_t{1};
    for (size_t r = first; r < first + i.x; ++r)
      if (!check_read(pc, now, r)) return false;
    return true;
  }

  bool check_read(size_t pc, const Written& now, size_t r) {
    return test(now, r) || fail(pc, "register " + std::to_string(r) + " may be read before it is written");
  }

  const FunctionCode& f_;
  AcceptsPrimitive accepts_;
  size_t size_;
  std::string reason_;
  std::vector<bool> is_handler_;
  std::unordered_map<size_t, std::vector<uint32_t>> handlers_from_;  // by the start of their regions
  std::vector<bool> leader_;
  std::vector<Written> at_;  // per leader: registers written on every path to it; empty while unreached
  std::vector<size_t> work_;
};

}  // namespace

bool verify(const FunctionCode& function, AcceptsPrimitive accepts, std::string* reason) {
  return Verifier(function, accepts).run(reason);
}

}  // namespace terrace::bytecode
