// worker/emit/types.hpp: which form each register has where, and so what each instruction becomes in specialised code.
//
// Answers for: the forms of registers at the beginning of every block, the treatment of every instruction given the forms before it.
// Not for: writing code (emit_typed.cpp). Both walk the instructions with the same `step`, so they agree.
//
// A register may be held as a word, as a double, as an unsigned integer, or as several; a word may be known to be a fixnum. Forms at a block are those that all ways into it
// have; where they have none in common the register is a word there, and the ways that lack it make one. The start is optimistic (all
// forms) and forms are only taken away, so loops keep what holds all the way round. What every turn of a loop needs of a register that
// the loop does not write is tested on the way into the loop (`before_loop`), once; and what turns make doubles is unboxed there.
//
// A record that is made here, or by a variant that was called here, is *virtual* until something needs it as an object (scalar replacement): its
// type and fields are held in variables of the instruction that made it, the site. Registers that hold the same record name the same site, and
// become words together, so that it is one object. At the head of a loop nothing is virtual; a site is therefore never run while an earlier record
// of it is held.
// A record that comes from elsewhere and that every turn of a loop reads is *opened* before it (types_records.cpp): besides the word its type and
// fields are held as those of a virtual record, until other code may change it. Its site is that of the register which the loop leaves alone.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "frame/calling.hpp"
#include "worker/emit/flow.hpp"
#include "worker/emit/u64.hpp"

namespace terrace::worker::emit {

using Forms = uint64_t;
inline constexpr Forms kWord = 1;
inline constexpr Forms kDouble = 2;
inline constexpr Forms kFixnum = 4;  // this and the following: only with kWord
inline constexpr Forms kVector = 8;  // a generic vector; this and the next two: an object of that type, which it stays
inline constexpr Forms kF64Vector = 16;
inline constexpr Forms kBytes = 32;
inline constexpr Forms kAnyVector = 64;       // a vector of any kind; only such are of the next and of kVector
inline constexpr Forms kDoublesVector = 128;  // a vector of doubles: any other code that runs may make it generic
inline constexpr Forms kFullVector = 512;     // a vector of doubles without holes; only with kDoublesVector
inline constexpr Forms kSmall = 1024;         // a small fixnum (intervals.hpp), only with kFixnum: of an argument of a variant, and moves of it
inline constexpr Forms kU64 = 2048;           // the integer modulo 2^64 (u64.hpp); without kWord it is that integer, with it perhaps not
inline constexpr Forms kOfDoubles = kDoublesVector | kFullVector;
inline constexpr Forms kSized = kAnyVector | kF64Vector | kBytes;  // the length is held, and where packed data lies
inline constexpr Forms kOfWord = kFixnum | kVector | kF64Vector | kBytes | kAnyVector | kOfDoubles | kSmall;
inline constexpr Forms kVirtual = 256;  // a virtual record, or with kWord an opened one; then nothing else of the above, and the following as well
inline constexpr Forms kPlainForms = kWord | kDouble | kU64 | kOfWord;

// A record in parts in a form: which link its type is, its site, how many fields it has, which of them are doubles, the others being words, and which
// of the doubles are raw in the object that it is or becomes.
inline constexpr int kTypeShift = 12, kSiteShift = 19, kFieldsShift = 34, kDoublesShift = 40, kRawShift = 56;
inline constexpr uint32_t kAnySite = 0x7FFF;
inline constexpr size_t kMostTypeLinks = 127;  // whose types a form can name
inline constexpr size_t kMostFields = kRawShift - kDoublesShift;  // of a virtual record, and of one that is made inline
inline constexpr size_t kMostRegisters = frame::kMaxXargs;  // of a function that is specialised: they are put there when its code is left
inline constexpr size_t kMostRecords = 5;  // are virtual at a time: every way out of the code makes objects of them
constexpr uint32_t site_of(Forms record) { return record >> kSiteShift & kAnySite; }
constexpr Forms shape_of(Forms record) { return record & ~(Forms{kAnySite} << kSiteShift); }
constexpr Forms at_site(Forms shape, uint32_t site) { return shape_of(shape) | Forms{site} << kSiteShift; }
// Of an argument of a variant, which has no site: the same record as the argument of number n before it. Nothing else comes before.
constexpr Forms same_as_argument(Forms shape, uint32_t n) { return at_site(shape, n + 1); }
constexpr bool comes_before(Forms argument) { return site_of(argument) != 0; }
constexpr bool is_opened(Forms forms) { return (forms & kVirtual) && (forms & kWord); }
// Whether it is a record that is no object yet.
constexpr bool is_unmade(Forms forms) { return (forms & kVirtual) && !(forms & kWord); }
constexpr size_t fields_of(Forms record) { return record >> kFieldsShift & 0x3F; }
constexpr bool field_is_double(Forms record, size_t n) { return record >> (kDoublesShift + n) & 1; }
// The link that the type of the record is, where it is one that a form can name.
constexpr Forms type_link(size_t link) { return (link < kMostTypeLinks ? Forms{link} + 1 : 0) << kTypeShift; }
constexpr std::optional<size_t> type_link_of(Forms record) {
  const size_t found = record >> kTypeShift & kMostTypeLinks;
  return found == 0 ? std::nullopt : std::optional(found - 1);
}
constexpr uint8_t raw_fields_of(Forms record) { return static_cast<uint8_t>(record >> kRawShift); }
// With the forms that those of a vector imply.
Forms with_type(Forms object);
// What two ways into a block have in common.
Forms meet(Forms a, Forms b);
inline constexpr Forms kAllForms = kPlainForms | kVirtual | Forms{kAnySite} << kSiteShift;
using State = std::vector<Forms>;  // by register

enum class Treatment : uint8_t {
  kWords,          // as in code that is not specialised
  kFixnums,        // both operands are fixnums, or leave
  kDivide,         // both operands are fixnums and the second is above zero, or leave
  kDoubles,        // both operands become doubles, or leave
  kCompare,        // of two doubles
  kCompareFixnums, // of two fixnums, or leave
  kMove,           // all forms
  kConstant,       // a number
  kLoad,           // an element of a vector, or leave
  kStore,          // likewise
  kLoadRaw,        // a double out of a vector of doubles, or leave
  kStoreRaw,       // a double into one, or leave
  kLoadByte,
  kStoreByte,
  kLoadDouble,     // from an f64 vector
  kStoreDouble,    // into an f64 vector
  kSquareRoot,     // of a double
  kToDouble,       // exact->inexact of what is a fixnum or double
  kU64,            // a primitive on integers modulo 2^64, or leave
  kKnownCall,      // of a function that is compiled along
  kKnownTail,      // likewise, and its answer is the function's
  kReturnDouble,   // out of a variant that answers doubles
  kReturnVirtual,  // out of one that answers virtual records
  kMakeVirtual,    // a record whose fields are all given
  kVirtualField,   // a field of a virtual record
  kLoadField,      // a raw double out of a record, or leave
  kStoreField,     // one into it, or leave
};

struct Variant;

// What code that always runs reads of a record.
struct RecordUse {
  size_t link = 0;       // of the assumption about its type (program.hpp)
  size_t fields = 0;     // that the type has, at least
  uint32_t doubles = 0;  // a bit for each field that is read for a float
  uint8_t raw = 0;       // the same for the fields that are raw
  bool agrees = true;    // that all reads name one type, and expect the same of it
};

// Who knows what calls go to.
class Callees {
 public:
  // The variant that a call instruction of this function goes to when registers have these forms before it; null: not known.
  virtual const Variant* called(size_t function, uint32_t pc, const State& before) = 0;
  // The same variant for arguments of which those in the mask, fixnums, are small; null: nothing follows from that.
  virtual const Variant* with_small(const Variant& variant, uint64_t mask) = 0;
  // Whether a field of a record may have changed behind the instruction; not asked about the safepoint of a Loop.
  virtual bool changes_records(size_t function, uint32_t pc) const = 0;
  // The type that the record primitive names, when it is assumed: a use of no field.
  virtual std::optional<RecordUse> type_named_by(size_t function, uint32_t pc) const = 0;
  // Which fields are raw in new records of the type that the record primitive names by a global.
  virtual std::optional<uint8_t> raw_fields(size_t function, uint32_t pc) const = 0;

 protected:
  ~Callees() = default;
};

// What a body of a function is for: calls by the convention of all, or calls of one variant.
struct Role {
  Callees* callees = nullptr;
  size_t function = 0;                // its number there
  const State* parameters = nullptr;  // the forms of a variant's arguments, of virtual ones the shape; null: all are words
};

class Types {
 public:
  // `specialise` false: everything is a word.
  Types(const bytecode::PortableFunction& function, const Flow& flow, bool specialise, const Role& role = {});
  bool specialises() const { return specialises_; }
  // Whether all that the function itself answers are doubles; false when it is no variant.
  bool returns_double() const { return returned_ == kDouble; }
  // The shape of the virtual records that a variant answers, each of which it made; 0: it answers something else.
  Forms returned_record() const { return returned_ & kVirtual ? returned_ : 0; }
  void return_words() { returned_ = kWord; }
  // The parameters of a variant that it needs to be fixnums each time it is called.
  const std::vector<uint16_t>& fixnum_parameters() const { return fixnum_parameters_; }
  // Whether a variant needs the virtual record that is its argument as an object somewhere other than where it is left.
  bool needs_object_of(uint16_t parameter) const { return needs_objects_[first_with_record(parameter)]; }
  // By parameter of a variant: the records that it reads each time it is called.
  const std::map<uint16_t, RecordUse>& record_uses() const { return record_uses_; }
  // The parameter, and the field of the record in it, that a variant always answers.
  const std::optional<std::pair<uint16_t, uint32_t>>& returned_field() const { return returned_field_; }
  // The link to the type of a record that the ways into the loop open.
  size_t link_of_opened(uint32_t head, uint16_t r) const { return opened_links_.at({head, r}); }
  // Whether what the instruction puts into a register is an object that is soon looked into.
  bool reads_object_behind(uint32_t pc, const State& before) const;
  const Variant* called(uint32_t pc, const State& before) const {
    return role_.callees ? role_.callees->called(role_.function, pc, before) : nullptr;
  }
  // The same for an instruction that is treated so; null also where it calls nothing that is compiled along.
  const Variant* known_callee(uint32_t pc, Treatment treated, const State& before) const {
    return treated == Treatment::kKnownCall || treated == Treatment::kKnownTail ? called(pc, before) : nullptr;
  }
  const Variant* with_small(const Variant& variant, uint64_t mask) const { return role_.callees->with_small(variant, mask); }
  // The forms in which arguments come, and words.
  State at_entry() const;
  const State& at(uint32_t leader) const { return states_.at(index_[leader]); }
  Treatment treatment(uint32_t pc, const State& before) const;
  static Forms loaded_from(Instr i);
  static bool must_be_float(Instr i, Forms mine, Forms other);
  // What the instruction takes for granted of a register and tests where it is not known.
  struct Need {
    uint16_t r;
    Forms form;
  };
  std::vector<Need> needs(uint32_t pc, const State& before) const;
  // From the forms before the instruction to those after it.
  void step(uint32_t pc, State& state) const { step(pc, treatment(pc, state), state); }
  // Where the treatment was found before registers got the forms that it needs.
  void step(uint32_t pc, Treatment treated, State& state) const;
  // Whether code may run at the instruction that stores into any vector. A Loop's safepoint is not meant, nor what runs when a variant was
  // left that runs none itself.
  bool runs_other_code(uint32_t pc, Treatment treatment, const State& before) const;
  // Whether the ways into the loop make a double of a register that its turns change.
  bool is_carried(uint32_t head, uint16_t r) const;
  // Whether nothing in the function does; only ever asked of a variant.
  bool runs_alone() const { return runs_alone_; }
  // Whether anybody can tell that the instruction was run once more.
  bool has_effect(uint32_t pc, Treatment treatment, const State& before) const;
  // Whether a variant has no instruction with an effect and no loop: who called it does the call again when it was left.
  bool starts_again() const { return starts_again_; }
  // Whether the instruction finds all its operands as words.
  static bool takes_words(Treatment treatment);
  // Whether the instruction finds an integer that is held without its word.
  static bool takes_integers(Treatment treatment) { return treatment == Treatment::kU64 || treatment == Treatment::kMove; }
  // What a primitive with that treatment does; kNone: it has another.
  U64 u64_treated(uint32_t pc, const State& before) const;
  U64 and_treated(uint32_t pc, const State& before) const;
  // The registers that an instruction needs as words when its treatment takes words.
  std::vector<uint16_t> word_operands(uint32_t pc) const;
  // The registers with virtual records that must be objects before the instruction.
  std::vector<uint16_t> objects_for(uint32_t pc, Treatment treatment, const State& before) const;
  // The shape that the record has which a known call answers there; 0: it is no virtual one, or becomes an object at once.
  Forms record_from(uint32_t pc, const Variant& callee, const State& before) const;
  std::optional<double> float_constant(uint16_t k) const;
  bool is_fixnum_constant(uint16_t k) const;

 private:
  void solve();
  template <class Use>
  void each_instruction(Use use) const;
  uint32_t first_with_record(uint32_t parameter) const;
  Forms find_returned() const;
  Forms form_returned(uint32_t pc, const State& before) const;
  void find_needed_objects();
  std::vector<uint16_t> find_fixnum_parameters() const;
  bool find_starts_again() const;
  void leave_loop_heads_plain(uint32_t leader, uint16_t r, Forms& forms) const;
  bool keep_sites_whole(uint32_t leader, const State& from);
  Treatment record_primitive(uint32_t pc, const State& before) const;
  Treatment make_record(uint32_t pc, const State& before) const;
  std::vector<uint16_t> raw_arguments(uint32_t pc) const;
  uint8_t raw_fields(uint32_t pc) const { return role_.callees ? role_.callees->raw_fields(role_.function, pc).value_or(0) : 0; }
  bool has_room_for_record(uint32_t pc, const State& before) const;
  void find_before_loops();
  uint32_t first_with_feedback(const Loop& loop) const;
  State needed_before(const Loop& loop);
  void add_carried(const Loop& loop, State& needed) const;
  struct Origin {  // of what a register holds: what another held at the beginning, or a field of the record there
    uint16_t r;
    uint32_t field;
  };
  void note_records(uint32_t pc, const State& before, const std::vector<Origin>& origins, std::map<uint16_t, RecordUse>& uses) const;
  void trace_origins(uint32_t pc, const State& before, std::vector<Origin>& origins) const;
  std::map<uint16_t, RecordUse> records_read(uint32_t leader, std::optional<std::pair<uint16_t, uint32_t>>* returned) const;
  bool reads_object(uint32_t pc, const State& before, const RegisterSet& holders) const;
  bool may_change_records(uint32_t pc) const;
  void add_opened(const Loop& loop, State& needed);
  static Forms with_made(Forms held, Forms made);
  bool changes_kinds(uint32_t first, uint32_t last) const;
  bool join(uint32_t leader, const State& from, bool comes_back);
  Treatment arithmetic(Instr i, const State& before) const;
  Treatment comparison(uint32_t pc, Forms x, Forms y) const;
  Treatment vector_store(Instr i, const State& before) const;
  void step_treated(uint32_t pc, Treatment treatment, const Variant* callee, State& state) const;

  const bytecode::PortableFunction& function_;
  const Flow& flow_;
  bool specialises_;
  Role role_;
  Forms returned_ = kWord;
  bool runs_alone_ = false;
  bool starts_again_ = false;
  std::vector<bool> needs_objects_;  // by parameter
  std::vector<uint16_t> fixnum_parameters_;
  std::map<uint16_t, RecordUse> record_uses_;
  std::optional<std::pair<uint16_t, uint32_t>> returned_field_;
  std::map<std::pair<uint32_t, uint16_t>, size_t> opened_links_;  // by head and register
  std::vector<uint32_t> index_;  // by pc, of leaders
  std::vector<bool> reached_;    // by leader
  std::vector<State> states_;    // by leader
  std::vector<std::vector<bool>> conflicts_;
  std::vector<State> before_loops_;  // by leader: forms that ways into a loop make; empty where there are none
};

// Every instruction that is reached, with the forms before it.
template <class Use>
void Types::each_instruction(Use use) const {
  const auto& code = function_.code.code;
  const auto& leaders = flow_.leaders();
  for (size_t n = 0; n < leaders.size(); n++) {
    if (!reached_[n]) continue;
    State state = states_[n];
    uint32_t end = n + 1 < leaders.size() ? leaders[n + 1] : static_cast<uint32_t>(code.size());
    for (uint32_t pc = leaders[n]; pc < end; pc++) {
      use(pc, state);
      if (op_info(op_of(code[pc])).ends == bytecode::Ends::kstop) break;
      step(pc, state);
    }
  }
}

}  // namespace terrace::worker::emit
