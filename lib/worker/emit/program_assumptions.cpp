// worker/emit/program_assumptions.cpp: what is assumed of globals, and the links that hold what was found there.
#include <algorithm>

#include "base/hash.hpp"
#include "prims/primitive.hpp"
#include "worker/emit/program.hpp"

namespace terrace::worker::emit {

void narrow(frame::TypeShape& shape, const frame::TypeShape& other) {
  shape.least = std::max(shape.least, other.least);
  shape.most = std::min(shape.most, other.most);
  shape.words |= other.words;
}

namespace {

bool names_global(Op op) { return op == Op::kCallGlobal || op == Op::kTailCallGlobal || op == Op::kJumpNotSelf; }

// The Global that names the type for the record primitive at `pc`, and what the primitive asks of that type.
std::pair<uint32_t, frame::TypeShape> type_named(const Flow& flow, const std::vector<Instr>& code, uint32_t pc) {
  const Instr i = code[pc];
  if (op_of(i) != Op::kPrim) return {Flow::kNoWriter, {}};
  frame::TypeShape shape;
  uint16_t type = i.b + 1u;
  switch (static_cast<prims::Id>(i.c)) {
    case prims::Id::k_make_record:
      type = i.b;
      shape.least = shape.most = i.x - 1u;
      break;
    case prims::Id::k_record_ref:
    case prims::Id::k_record_set:
      if (const int32_t index = flow.known_integer(pc, i.b + 2u); index >= 0) shape.least = static_cast<uint32_t>(index) + 1;
      break;
    case prims::Id::k_is_record_of:
      break;
    default:
      return {Flow::kNoWriter, {}};
  }
  const uint32_t writer = flow.writer_before(pc, type);
  if (writer == Flow::kNoWriter || op_of(code[writer]) != Op::kGlobal) return {Flow::kNoWriter, shape};
  shape.words = code[writer].x;
  return {writer, shape};
}

}  // namespace

// Whether all closures of one prototype do the same: none can tell which one it is.
bool Program::is_one_closure(size_t function) const {
  const bytecode::FunctionCode& code = functions_[function].code->code;
  return code.captures.empty() &&
         std::none_of(code.code.begin(), code.code.end(), [](Instr i) { return op_of(i) == Op::kSelf; });
}

// By pc, in order: the functions that globals are taken to hold.
std::map<uint32_t, size_t> Program::guesses(size_t caller) const {
  std::map<uint32_t, size_t> found;
  const auto& code = functions_[caller].code->code.code;
  for (auto [pc, callee] : functions_[caller].callees)
    if (names_global(op_of(code[pc]))) found.emplace(pc, callee);
  for (uint32_t pc = 0; pc < code.size(); pc++)
    if (op_of(code[pc]) == Op::kJumpNotSelf && is_one_closure(caller)) found.emplace(pc, caller);
  return found;
}

const std::string& Program::global_at(size_t function, uint32_t pc) const {
  const bytecode::PortableFunction& code = *functions_[function].code;
  return code.constants[code.code.code[pc].b].bytes;
}

// By pc of the Global, in order: those that name the type of a record, as far as the instructions between tell, and what that asks of it.
std::map<uint32_t, frame::TypeShape> Program::types_named(size_t function) const {
  std::map<uint32_t, frame::TypeShape> found;
  const auto& code = functions_[function].code->code.code;
  for (uint32_t pc = 0; pc < code.size(); pc++) {
    const auto [global, shape] = type_named(*functions_[function].flow, code, pc);
    if (global != Flow::kNoWriter) narrow(found[global], shape);
  }
  return found;
}

frame::TypeShape Program::type_known(size_t function, uint32_t pc) const {
  const Member& member = functions_[function];
  const uint32_t global = type_named(*member.flow, member.code->code.code, pc).first;
  if (global == Flow::kNoWriter || !member.assumed.contains(global)) return {};
  return assumptions_[member.assumed.at(global)].type;
}

std::optional<uint8_t> Program::raw_fields(size_t function, uint32_t pc) const {
  const auto [global, shape] = type_named(*functions_[function].flow, functions_[function].code->code.code, pc);
  if (global == Flow::kNoWriter) return std::nullopt;
  return static_cast<uint8_t>(~shape.words);
}

// The globals that held something else when code was entered, or called by them, once.
std::set<std::string> Program::mistaken_globals() const {
  std::set<std::string> found;
  for (size_t n = 0; n < functions_.size(); n++) {
    const bytecode::FunctionCode& code = functions_[n].code->code;
    const auto note = [&](uint32_t pc) {
      if (code.left_at.has(pc)) found.insert(global_at(n, pc));
    };
    for (const auto& [pc, callee] : guesses(n)) note(pc);
    for (const auto& [pc, shape] : types_named(n)) note(pc);
  }
  return found;
}

void Program::find_assumptions() {
  const bytecode::FunctionCode& root = function(0).code;
  if (!module_.plan().specialises || !root.handlers.empty() || root.register_count > kMostRegisters) return;
  const std::set<std::string> mistaken = mistaken_globals();
  std::vector<size_t> callers = {0};
  for (size_t at = 0; at < callers.size(); at++) assume_callees(callers[at], mistaken, &callers);
  for (size_t caller : callers) assume_types(caller, mistaken);
}

void Program::assume_callees(size_t caller, const std::set<std::string>& mistaken, std::vector<size_t>* callers) {
  for (auto [pc, callee] : guesses(caller)) {
    if (mistaken.contains(global_at(caller, pc))) continue;
    functions_[caller].assumed[pc] = assumption({caller, pc, callee, {}});
    if (std::find(callers->begin(), callers->end(), callee) == callers->end()) callers->push_back(callee);
  }
}

void Program::assume_types(size_t function, const std::set<std::string>& mistaken) {
  for (const auto& [pc, shape] : types_named(function)) {
    if (!mistaken.contains(global_at(function, pc))) functions_[function].assumed[pc] = assumption({function, pc, kNoCallee, shape});
  }
}

// The number of the assumption about the same global in the same way, which may be a new one.
size_t Program::assumption(const Assumption& wanted) {
  const auto says_the_same = [&](const Assumption& other) {
    const bool is_own = wanted.callee == wanted.caller, other_is_own = other.callee == other.caller;
    return is_own == other_is_own && (wanted.callee == kNoCallee) == (other.callee == kNoCallee) &&
           global_at(wanted.caller, wanted.pc) == global_at(other.caller, other.pc);
  };
  const auto found = std::find_if(assumptions_.begin(), assumptions_.end(), says_the_same);
  if (found != assumptions_.end()) {
    narrow(found->type, wanted.type);
    return static_cast<size_t>(found - assumptions_.begin());
  }
  assumptions_.push_back(wanted);
  return assumptions_.size() - 1;
}

uint32_t Program::assumptions_key() const {
  std::string text;
  for (const Assumption& a : assumptions_) {
    text += global_at(a.caller, a.pc) + '\0' + std::to_string(a.caller) + ' ' + std::to_string(a.pc) + ' ';
    if (a.callee == kNoCallee)
      text += std::to_string(frame::shape_word(a.type));
    else
      text.append(hash(a.callee).begin(), hash(a.callee).end());
  }
  return static_cast<uint32_t>(base::hash_bytes(text.data(), text.size())) >> 1;
}

// The one link through which all others call it; what it calls of itself by its global is the same closure.
void Program::find_link_of(size_t function) {
  std::optional<size_t> found;
  for (size_t caller = 0; caller < functions_.size(); caller++) {
    for (auto [pc, callee] : functions_[caller].callees) {
      if (callee != function) continue;
      if (!assumes(caller, pc)) return;
      if (caller == function) continue;
      if (found && *found != link_at(caller, pc)) return;
      found = link_at(caller, pc);
    }
  }
  functions_[function].link = found;
}

// A function that is one closure calls itself without them.
void Program::find_users_of_links() {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t n = 0; n < functions_.size(); n++) {
      Member& member = functions_[n];
      if (member.uses_links) continue;
      const auto is_used = [&](const auto& assumed) {
        const size_t callee = assumptions_[assumed.second].callee;
        const bool is_call = callee != kNoCallee && op_of(member.code->code.code[assumed.first]) != Op::kJumpNotSelf;
        return callee == kNoCallee || (is_call && !(callee == n && is_one_closure(n)));
      };
      const auto calls_user = [&](const auto& call) { return functions_[call.second].uses_links; };
      member.uses_links = member.link || std::any_of(member.assumed.begin(), member.assumed.end(), is_used) ||
                          std::any_of(member.callees.begin(), member.callees.end(), calls_user);
      changed |= member.uses_links;
    }
  }
}

std::optional<RecordUse> Program::type_named_by(size_t function, uint32_t pc) const {
  const Member& member = functions_[function];
  const uint32_t global = type_named(*member.flow, member.code->code.code, pc).first;
  const auto assumed = member.assumed.find(global);
  if (global == Flow::kNoWriter || assumed == member.assumed.end()) return std::nullopt;
  const frame::TypeShape type = assumptions_[assumed->second].type;
  const auto raw = static_cast<uint8_t>(~type.words);
  return RecordUse{assumed->second, type.least, raw, raw, true};
}

}  // namespace terrace::worker::emit
