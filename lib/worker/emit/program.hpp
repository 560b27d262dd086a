// worker/emit/program.hpp: the functions that one job brings along, who calls whom, and the variants they are compiled in.
//
// Answers for: which function a call goes to, as far as the job tells, and where that is taken for granted; one variant for each set of forms in
// which arguments come. Not for: writing code (emitter.hpp), what registers hold (types.hpp).
//
// A variant is a C function with a signature of its own, called only from code of the same job:
//
//   result variant(vm, callee, links, argument..., place...)   the links where they are used (below); an argument that is known to be a double
//                                                              as a double, a virtual record as its type and its fields, an opened one as a
//                                                              word and likewise, once when it is several arguments; any other as a word
//
// The result is a word, or a double when the function answers nothing else. A word that such a variant has to answer all the same (an
// unwind, or what the interpreter answers after the code was left) goes to VmState::returned, and the double is kReturnedElsewhere.
// A variant without effects and loops has no way out of its own (checkpoints.hpp): when it is left it answers kLeft in that way, and its caller is
// left, too, and does the call again.
// When the function answers nothing but records that it makes, their type and fields go to the places, and the result is a word that means nothing.
// A virtual record becomes an object in a variant that has it as an argument only where the variant is left; then the object, or kUnbound, stands in
// VmState::xargs at the argument's number when the variant has returned. One that its caller calls again hands back nothing.
// Who calls a variant knows that the callee is a closure of that function: by a comparison, or because it is an assumption of the code, which was
// confirmed when the code was entered and has not been doubted since (emit_watched.cpp).
//
// Assumptions are about globals: which functions those hold that are called by name, and that those hold record types which name the type of a
// record to make or to read. They lead from the function itself to every companion that such calls reach, so that each can be looked at in the vm
// where the code runs. A global at which code was left once is no longer among them.
// What the globals hold in that vm are the *links*: a vector in the prototype of the function itself, by number of the assumption, filled where the
// assumptions are confirmed, with the headers of new records behind them. So the closure to call and the header to compare with are one load each,
// however deep the calls.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "frame/calling.hpp"
#include "jobs/protocol.hpp"
#include "worker/emit/intervals.hpp"
#include "worker/emit/module.hpp"
#include "worker/emit/types.hpp"

namespace terrace::worker::emit {

// A signalling NaN, which no arithmetic answers.
inline constexpr uint64_t kReturnedElsewhere = 0x7FF4'5445'5252'4143;

struct Variant {
  size_t function;   // in the program
  // The form of each argument: kDouble, kWord, kWord with kFixnum and perhaps kSmall, or the shape of a virtual or opened record, see
  // same_as_argument.
  State parameters;
  std::unique_ptr<Types> types;
  std::optional<Intervals> intervals;  // where arguments are small
  Function body = nullptr;  // made when the first call of it is written
  bool is_written = false;
  bool calls_itself = false;  // seen while its types were being found
  bool returns_double() const { return types != nullptr && types->returns_double(); }
  Forms returned_record() const { return types != nullptr ? types->returned_record() : 0; }
  // Whether it is never left and never unwinds.
  bool always_answers() const { return intervals && intervals->always_answers(); }
  bool takes_records() const {
    return std::any_of(parameters.begin(), parameters.end(), is_unmade);
  }
};

// What several places ask of one record type.
void narrow(frame::TypeShape& shape, const frame::TypeShape& other);

// That the global named at `pc` holds, for a call or a JumpNotSelf, a closure of the callee, of the caller's own prototype where that is the
// caller; or, for a Global, a record type of that shape.
struct Assumption {
  size_t caller;  // the function itself, or the callee of an assumption before
  uint32_t pc;
  size_t callee;  // kNoCallee: a record type
  frame::TypeShape type;
};
inline constexpr size_t kNoCallee = SIZE_MAX;

class Program final : public Callees {
 public:
  explicit Program(const Module& module) : module_(module) {}
  // The functions in the job's order: the one it is about, then its companions. False with *error set when one is malformed.
  bool add(const jobs::Job& job, std::string* error);
  const bytecode::PortableFunction& function(size_t n) const { return *functions_[n].code; }
  const Flow& flow(size_t n) const { return *functions_[n].flow; }
  const bytecode::Hash& hash(size_t n) const { return functions_[n].hash; }

  const Variant* called(size_t function, uint32_t pc, const State& before) override;
  const Variant* with_small(const Variant& variant, uint64_t mask) override;
  bool changes_records(size_t function, uint32_t pc) const override;
  std::optional<RecordUse> type_named_by(size_t function, uint32_t pc) const override;

  const std::vector<Assumption>& assumptions() const { return assumptions_; }
  // A number below 2^31 that other assumptions, of other code for the same function, do not have.
  uint32_t assumptions_key() const;
  bool assumes(size_t function, uint32_t pc) const { return functions_[function].assumed.contains(pc); }
  // The number of the assumption about the global at `pc`, which assumes() says is there.
  size_t link_at(size_t function, uint32_t pc) const { return functions_[function].assumed.at(pc); }
  // The link with the header of new records of the type whose link that is.
  size_t header_link(size_t type_link) const { return assumptions_.size() + type_link; }
  // The link that holds the closure of a function in all its variants; none where a call of it goes to a closure that is found otherwise.
  std::optional<size_t> link_of(size_t function) const { return functions_[function].link; }
  // Whether a function or its variants use links: their own, or those of whom they call.
  bool uses_links(size_t function) const { return functions_[function].uses_links; }
  // Whether variants of the function look at the stack: they are in a recursion, or in too long a chain of calls that do not.
  bool checks_stack(size_t function) const { return *functions_[function].unchecked == 0; }
  // What is known of the record type that the record primitive at `pc` names.
  frame::TypeShape type_known(size_t function, uint32_t pc) const;
  std::optional<uint8_t> raw_fields(size_t function, uint32_t pc) const override;
  // Whether other code may have run before this call or jump, and since the assumptions were confirmed or this was asked for the last call.
  bool is_doubted(size_t function, uint32_t pc) const { return functions_[function].doubted.contains(pc); }
  // Whether a jump is never made, since the function's own global holds it.
  bool stays(size_t function, uint32_t pc) const {
    return op_of(functions_[function].code->code.code[pc]) == Op::kJumpNotSelf && assumes(function, pc);
  }
  bool is_one_closure(size_t function) const;
  // Whether the instruction, of a function that is specialised, runs other code on the way that is usual.
  bool runs_other_code(size_t function, uint32_t pc) const;
  bool relies_on_globals(size_t function) const { return !functions_[function].callees.empty() || !functions_[function].assumed.empty(); }
  // The C function of a variant.
  Function body_of(const Variant& variant);
  // A variant that was called and is not written yet, from now on taken for written; null: none is left.
  const Variant* next_to_write();

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Member {
    std::unique_ptr<bytecode::PortableFunction> code;
    std::unique_ptr<Flow> flow;
    bytecode::Hash hash{};
    std::map<uint32_t, size_t> callees;                          // by pc of calls whose function is known
    std::map<State, std::unique_ptr<Variant>> variants;          // by forms of the arguments
    std::map<uint32_t, size_t> assumed;                          // by pc of what names a global that is taken for granted: the assumption
    std::set<uint32_t> doubted;                                  // by pc of what relies on assumptions
    std::vector<bool> reached;                                   // by pc: whether it can run while the assumptions hold
    bool is_quiet = true;    // other code runs in it only where it is left, or in a cold part that confirms what is assumed
    bool keeps_records = true;  // no field of a record changes in it, unless it is left
    bool recurs = false;     // through any number of calls
    std::optional<size_t> link;  // holds its closure
    bool uses_links = false;
    std::optional<size_t> unchecked;  // how many registers it has together with those it calls, down to who looks at the stack; 0: it does itself
  };
  bool add_member(const std::string& name, std::span<const uint8_t> encoding, const bytecode::Hash& hash, std::string* error);
  void find_callees(size_t caller);
  size_t callee_at(size_t caller, uint32_t pc) const;
  bool ends_soon(size_t function, std::set<size_t> before) const;
  void find_assumptions();
  void assume_callees(size_t caller, const std::set<std::string>& mistaken, std::vector<size_t>* callers);
  void assume_types(size_t function, const std::set<std::string>& mistaken);
  size_t assumption(const Assumption& wanted);
  void find_link_of(size_t function);
  void find_users_of_links();
  size_t find_unchecked(size_t function);
  void find_reached(size_t function);
  void find_quiet();
  void find_keepers_of_records();
  void find_doubts(size_t function);
  std::map<uint32_t, size_t> guesses(size_t caller) const;
  std::map<uint32_t, frame::TypeShape> types_named(size_t function) const;
  std::set<std::string> mistaken_globals() const;
  const std::string& global_at(size_t function, uint32_t pc) const;
  bool can_be_variant(size_t callee, uint8_t argument_count) const;
  bool reaches_itself(size_t function) const;
  std::vector<Type> types_of(const Variant& variant) const;
  Variant& variant(size_t function, State parameters);
  static Forms form_of_argument(Forms held);

  const Module& module_;
  std::vector<Member> functions_;
  std::map<std::string, size_t> by_global_;
  std::vector<Assumption> assumptions_;
  std::vector<Variant*> called_;  // in the order in which they were first called
  std::string symbol_;            // of the job
};

}  // namespace terrace::worker::emit
