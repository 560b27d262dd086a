// worker/emit/program.cpp: members, calls and variants. What is assumed of globals is in program_assumptions.cpp.
#include "worker/emit/program.hpp"

#include <algorithm>
#include <functional>

#include "bytecode/verifier.hpp"
#include "prims/primitive.hpp"

namespace terrace::worker::emit {

namespace {

// More sets of forms than this share the variant that takes words.
constexpr size_t kManyVariants = 6;
// Variants that call each other without a look at the stack have no more registers together: a few kilobytes of the reserve
// that is kept below the limit.
constexpr size_t kMostUnchecked = 256;

std::unique_ptr<bytecode::PortableFunction> decode(std::span<const uint8_t> encoding, const std::string& name, std::string* error) {
  auto function = bytecode::decode(encoding, error);
  std::string reason;
  if (function && !bytecode::verify(function->code, prims::accepts, &reason)) {
    *error = name + ": " + reason;
    return nullptr;
  }
  if (!function) *error = name + ": " + *error;
  return function;
}

}  // namespace

bool Program::add(const jobs::Job& job, std::string* error) {
  symbol_ = job.symbol;
  if (!add_member(job.symbol, job.encoding, job.hash, error)) return false;
  for (const jobs::Companion& companion : job.companions) {
    if (!add_member(companion.global, companion.encoding, companion.hash, error)) return false;
    by_global_.emplace(companion.global, functions_.size() - 1);
  }
  for (size_t n = 0; n < functions_.size(); n++) find_callees(n);
  for (size_t n = 0; n < functions_.size(); n++) functions_[n].recurs = reaches_itself(n);
  for (size_t n = 0; n < functions_.size(); n++) find_unchecked(n);
  find_assumptions();
  for (size_t n = 0; n < functions_.size(); n++) find_reached(n);
  find_quiet();
  find_keepers_of_records();
  for (size_t n = 1; n < functions_.size(); n++) find_link_of(n);
  find_users_of_links();
  for (size_t n = 0; n < functions_.size(); n++) find_doubts(n);
  return true;
}

bool Program::add_member(const std::string& name, std::span<const uint8_t> encoding, const bytecode::Hash& hash, std::string* error) {
  Member member;
  member.code = decode(encoding, name, error);
  if (!member.code) return false;
  member.hash = hash;
  member.flow = std::make_unique<Flow>(*member.code);
  functions_.push_back(std::move(member));
  return true;
}

void Program::find_callees(size_t caller) {
  Member& member = functions_[caller];
  const auto& code = member.code->code.code;
  for (uint32_t pc = 0; pc < code.size(); pc++) {
    size_t callee = callee_at(caller, pc);
    if (callee != kNone && can_be_variant(callee, code[pc].x)) member.callees.emplace(pc, callee);
  }
}

// A function is taken to call itself where it calls a global of its own name: a guess, like all of these, which the code confirms or tests.
size_t Program::callee_at(size_t caller, uint32_t pc) const {
  const Member& member = functions_[caller];
  Instr i = member.code->code.code[pc];
  if (op_of(i) == Op::kCall) return member.flow->holds_self(pc, i.a) ? caller : kNone;
  if (op_of(i) != Op::kCallGlobal && op_of(i) != Op::kTailCallGlobal) return kNone;
  const std::string& name = member.code->constants[i.b].bytes;
  auto found = by_global_.find(name);
  // A tail call becomes a call and a return where that cannot go on: chains of tail calls must not need stack.
  if (op_of(i) == Op::kTailCallGlobal) return found != by_global_.end() && ends_soon(found->second, {caller}) ? found->second : kNone;
  if (found != by_global_.end()) return functions_[found->second].hash == member.hash ? caller : found->second;
  return name == member.code->code.name ? caller : kNone;
}

// Whether a chain of tail calls that goes on with this function has an end as far as is known, and was never seen to go elsewhere.
bool Program::ends_soon(size_t function, std::set<size_t> before) const {
  const Member& member = functions_[function];
  if (!before.insert(function).second) return false;
  const auto& code = member.code->code.code;
  for (uint32_t pc = 0; pc < code.size(); pc++) {
    if (op_of(code[pc]) == Op::kTailCall) return false;
    if (op_of(code[pc]) != Op::kTailCallGlobal) continue;
    const auto found = by_global_.find(member.code->constants[code[pc].b].bytes);
    if (found == by_global_.end() || member.code->code.left_at.has(pc) || !ends_soon(found->second, before)) return false;
  }
  return true;
}

// What is called in other ways than as a variant looks for itself.
size_t Program::find_unchecked(size_t function) {
  Member& member = functions_[function];
  if (member.unchecked) return *member.unchecked;
  size_t below = 0;
  if (!member.recurs)
    for (const auto& [pc, callee] : member.callees) below = std::max(below, find_unchecked(callee));
  const size_t together = size_t{member.code->code.register_count} + below;
  member.unchecked = member.recurs || together > kMostUnchecked ? 0 : together;
  return *member.unchecked;
}

// On the way that is usual: behind an assumed call that was left its caller is left, too. What is not assumed may be any function.
bool Program::runs_other_code(size_t function, uint32_t pc) const {
  const Member& member = functions_[function];
  Instr i = member.code->code.code[pc];
  switch (op_of(i)) {
    case Op::kCall:
    case Op::kTailCall:
    case Op::kCallGlobal:
    case Op::kTailCallGlobal: {
      auto callee = member.callees.find(pc);
      return callee == member.callees.end() || !member.assumed.contains(pc) || !functions_[callee->second].is_quiet;
    }
    case Op::kSetGlobal:
    case Op::kDefineGlobal:
      return true;
    case Op::kPrim: {
      prims::Effect effect = prims::all()[i.c].effect;
      return effect == prims::Effect::kCall || effect == prims::Effect::kTail;
    }
    default:
      return false;
  }
}

void Program::find_reached(size_t function) {
  Member& member = functions_[function];
  const auto& code = member.code->code.code;
  member.reached.assign(code.size(), false);
  std::vector<uint32_t> open = {0};
  for (const Loop& loop : member.flow->loops()) open.push_back(loop.head);
  for (const auto& region : member.code->code.handlers) open.push_back(region.handler);
  while (!open.empty()) {
    uint32_t pc = open.back();
    open.pop_back();
    for (bool goes_on = true; goes_on && !member.reached[pc]; pc++) {
      member.reached[pc] = true;
      if (has_jump(op_of(code[pc])) && !stays(function, pc)) open.push_back(target_of(pc, code[pc]));
      goes_on = op_info(op_of(code[pc])).ends != bytecode::Ends::kstop;
    }
  }
}

// All are taken to be, until one is found that is not.
void Program::find_quiet() {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t n = 0; n < functions_.size(); n++) {
      if (!functions_[n].is_quiet) continue;
      const auto size = static_cast<uint32_t>(function(n).code.code.size());
      for (uint32_t pc = 0; pc < size && functions_[n].is_quiet; pc++) functions_[n].is_quiet = !functions_[n].reached[pc] || !runs_other_code(n, pc);
      changed |= !functions_[n].is_quiet;
    }
  }
}

// A loop's safepoint in a callee may run anything; of those in the function itself its own code takes care (back_after_other_code).
void Program::find_keepers_of_records() {
  for (Member& member : functions_) member.keeps_records = member.flow->loops().empty();
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t n = 0; n < functions_.size(); n++) {
      Member& member = functions_[n];
      const auto size = static_cast<uint32_t>(member.code->code.code.size());
      for (uint32_t pc = 0; pc < size && member.keeps_records; pc++)
        if (member.reached[pc] && changes_records(n, pc)) {
          member.keeps_records = false;
          changed = true;
        }
    }
  }
}

bool Program::changes_records(size_t function, uint32_t pc) const {
  const Member& member = functions_[function];
  const Instr i = member.code->code.code[pc];
  switch (op_of(i)) {
    case Op::kCall:
    case Op::kTailCall:
    case Op::kCallGlobal:
    case Op::kTailCallGlobal: {
      const auto callee = member.callees.find(pc);
      if (callee == member.callees.end() || member.code->code.left_at.has(pc)) return true;
      return !member.assumed.contains(pc) || !functions_[callee->second].keeps_records;
    }
    case Op::kSetGlobal:  // the interpreter may go on with other callees than are known here
    case Op::kDefineGlobal:
      return true;
    case Op::kPrim:
      return static_cast<prims::Id>(i.c) == prims::Id::k_record_set || prims::all()[i.c].effect > prims::Effect::kWrite;
    default:
      return false;
  }
}

// Known calls confirm what is assumed, so there is no doubt before the next one unless other code runs between.
void Program::find_doubts(size_t function) {
  Member& member = functions_[function];
  const auto& code = member.code->code.code;
  if (assumptions_.empty()) return;
  std::vector<bool> in_doubt(code.size() + 1);
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t pc = 0; pc < code.size(); pc++) {
      const bool asks = member.callees.contains(pc) || stays(function, pc) ||
                        (op_of(code[pc]) == Op::kGlobal && member.assumed.contains(pc));
      if (in_doubt[pc] && asks) member.doubted.insert(pc);
      if (!member.reached[pc] || !(runs_other_code(function, pc) || (in_doubt[pc] && !asks))) continue;
      if (op_info(op_of(code[pc])).ends != bytecode::Ends::kstop && !in_doubt[pc + 1]) in_doubt[pc + 1] = changed = true;
      if (!has_jump(op_of(code[pc]))) continue;
      const uint32_t target = target_of(pc, code[pc]);
      if (!in_doubt[target]) in_doubt[target] = changed = true;
    }
  }
}

bool Program::can_be_variant(size_t callee, uint8_t argument_count) const {
  const bytecode::FunctionCode& code = functions_[callee].code->code;
  return code.takes_plain_arguments() && code.required == argument_count && code.handlers.empty() &&
         code.register_count <= kMostRegisters;
}

Forms Program::form_of_argument(Forms held) {
  if (held & kVirtual) return shape_of(held & (kWord | ~kPlainForms));
  if (held & kDouble) return kDouble;
  return kWord | (held & kFixnum);
}

bool Program::reaches_itself(size_t function) const {
  std::vector<bool> seen(functions_.size());
  std::function<bool(size_t)> reaches = [&](size_t from) {
    for (const auto& [pc, callee] : functions_[from].callees) {
      if (callee == function) return true;
      const bool is_new = !seen[callee];
      seen[callee] = true;
      if (is_new && reaches(callee)) return true;
    }
    return false;
  };
  return reaches(function);
}

const Variant* Program::called(size_t function, uint32_t pc, const State& before) {
  auto found = functions_[function].callees.find(pc);
  if (found == functions_[function].callees.end()) return nullptr;
  Instr i = functions_[function].code->code.code[pc];
  State parameters;
  for (uint16_t n = 0; n < i.x; n++) parameters.push_back(form_of_argument(before[i.a + 1u + n]));
  for (uint16_t n = 1; n < i.x; n++)
    for (uint16_t m = 0; m < n && (parameters[n] & kVirtual) && !comes_before(parameters[n]); m++)
      if ((parameters[m] & kVirtual) && site_of(before[i.a + 1u + m]) == site_of(before[i.a + 1u + n]))
        parameters[n] = same_as_argument(parameters[n], m);
  // Where any function may be called, and in recursions, whose needs are not known while they are being found, records are objects.
  const bool takes_objects = functions_[function].code->code.left_at.has(pc) || functions_[found->second].recurs;
  auto make_object = [&](uint16_t argument) {
    for (uint16_t n = 0; n < i.x; n++)
      if ((parameters[n] & kVirtual) && site_of(before[i.a + 1u + n]) == site_of(before[i.a + 1u + argument])) parameters[n] = kWord;
  };
  for (uint16_t n = 0; n < i.x && takes_objects; n++)
    if (parameters[n] & kVirtual) parameters[n] = kWord;
  for (;;) {
    const Variant& chosen = variant(found->second, parameters);
    bool agrees = true;
    for (uint16_t n = 0; n < i.x; n++) {
      if (!(parameters[n] & kVirtual) || ((chosen.parameters[n] & kVirtual) && !chosen.types->needs_object_of(n))) continue;
      make_object(n);
      agrees = false;
    }
    if (agrees) return &chosen;
  }
}

const Variant* Program::with_small(const Variant& variant, uint64_t mask) {
  State parameters = variant.parameters;
  for (size_t n = 0; n < parameters.size(); n++)
    if (mask >> n & 1) parameters[n] |= kSmall;
  const Variant& found = this->variant(variant.function, parameters);
  return found.parameters == parameters && found.intervals->prove_anything() ? &found : nullptr;
}

Variant& Program::variant(size_t function, State parameters) {
  auto& variants = functions_[function].variants;
  auto found = variants.find(parameters);
  if (found == variants.end() && variants.size() >= kManyVariants) {
    std::fill(parameters.begin(), parameters.end(), kWord);
    found = variants.find(parameters);
  }
  if (found != variants.end()) {
    found->second->calls_itself |= found->second->types == nullptr;
    return *found->second;
  }
  auto& made = variants[parameters];
  made = std::make_unique<Variant>();
  made->function = function;
  made->parameters = parameters;
  auto types = std::make_unique<Types>(*functions_[function].code, *functions_[function].flow, true,
                                       Role{this, function, &made->parameters});
  // Its own calls were taken to answer words.
  if (made->calls_itself) types->return_words();
  made->types = std::move(types);
  const bool has_small = std::any_of(parameters.begin(), parameters.end(), [](Forms form) { return (form & kSmall) != 0; });
  if (has_small) made->intervals.emplace(*functions_[function].code, *functions_[function].flow, *made->types);
  return *made;
}

Function Program::body_of(const Variant& wanted) {
  auto& variant = const_cast<Variant&>(wanted);
  if (variant.body != nullptr) return variant.body;
  std::vector<Type> types = types_of(variant);
  std::string name = symbol_ + "_variant_" + std::to_string(called_.size());
  variant.body = module_.new_variant(name, variant.returns_double() ? module_.double_type() : module_.word_type(), types);
  called_.push_back(&variant);
  return variant.body;
}

std::vector<Type> Program::types_of(const Variant& variant) const {
  const Type word = module_.word_type(), number = module_.double_type();
  std::vector<Type> types;
  if (uses_links(variant.function)) types.push_back(word);
  for (Forms form : variant.parameters) {
    if (comes_before(form)) continue;
    types.push_back(form & kDouble ? number : word);
    if (is_opened(form)) types.push_back(word);
    for (size_t n = 0; n < fields_of(form); n++) types.push_back(field_is_double(form, n) ? number : word);
  }
  const Forms record = variant.returned_record();
  if (record == 0) return types;
  types.push_back(gcc_jit_type_get_pointer(word));
  for (size_t n = 0; n < fields_of(record); n++)
    types.push_back(gcc_jit_type_get_pointer(field_is_double(record, n) ? number : word));
  return types;
}

const Variant* Program::next_to_write() {
  for (Variant* variant : called_) {
    if (variant->is_written) continue;
    variant->is_written = true;
    return variant;
  }
  return nullptr;
}

}  // namespace terrace::worker::emit
