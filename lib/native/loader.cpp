// native/loader.cpp: see the header. In order: find what is wanted, follow relocations, lay out, copy, relocate, seal.
#include "native/loader.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>

#include "native/allowed_symbols.hpp"
#include "native/code_memory.hpp"
#include "native/object_file.hpp"

namespace terrace::native {
namespace {

using observe::Reason;

inline constexpr size_t kMaxRegionBytes = size_t{64} << 20;  // so that every distance fits 32 bits
inline constexpr uint64_t kSlotBytes = 8;
inline constexpr uint64_t kLineBytes = 64;  // of a cache
inline constexpr uint64_t kStride = 23;     // in lines, from one function to the next: prime, so that all places come
inline constexpr uint64_t kStubBytes = 8;
inline constexpr uint64_t kNowhere = std::numeric_limits<uint64_t>::max();

uint64_t round_up(uint64_t n, uint64_t alignment) { return (n + alignment - 1) & ~(alignment - 1); }

// What a kind of relocation asks for.
struct Kind {
  size_t width = 0;  // bytes that are written; 0: not accepted
  bool relative = false;
  bool slot = false;  // the address of a slot that holds the symbol's address
};

Kind kind_of(uint32_t type) {
  switch (type) {
    case R_X86_64_64:
      return {8, false, false};
    case R_X86_64_PC64:
      return {8, true, false};
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
      return {4, true, false};
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
      return {4, true, true};
    default:
      return {};
  }
}

// An 8-byte address in the region, for a symbol far away or for code that asks for a slot; with or without a jump
// through it.
struct Slot {
  uintptr_t target = 0;             // of a far function
  uint64_t near_offset = kNowhere;  // of a symbol in the region, when target is 0
  uint64_t offset = 0;
  uint64_t stub = kNowhere;
  bool wants_stub = false;
};

class Loading {
 public:
  Loading(const Resolve& resolve, std::string* text) : resolve_(resolve), text_(text) {}

  Reason run(std::span<const uint8_t> object, std::span<const std::string> wanted, LoadedObject* loaded) {
    Reason reason = file_.parse(object, text_);
    if (reason == Reason::kNone) reason = reach(wanted);
    if (reason == Reason::kNone) reason = lay_out();
    if (reason == Reason::kNone) reason = memory_.reserve(size_);
    if (reason == Reason::kNone) choose_start();
    if (reason == Reason::kNone) reason = fill();
    if (reason == Reason::kNone) reason = memory_.seal();
    if (reason == Reason::kNone) hand_over(wanted, loaded);
    return reason;
  }

 private:
  Reason refuse(Reason reason, std::string_view what, std::string_view name = {}) {
    *text_ = std::string(what);
    if (!name.empty()) *text_ += ": " + std::string(name);
    return reason;
  }
  const Section& section_at(uint32_t index) const { return file_.sections()[index]; }

  // --- what is needed
  Reason reach(std::span<const std::string> wanted) {
    offsets_.assign(file_.sections().size(), kNowhere);
    for (const std::string& name : wanted) {
      const Symbol* symbol = file_.find(name);
      if (!symbol) return refuse(Reason::kMissingSymbol, "no such function", name);
      if (!is_function(*symbol)) return refuse(Reason::kBadObject, "not a function", name);
      if (const Reason r = reach_section(symbol->section); r != Reason::kNone) return r;
    }
    for (size_t i = 0; i < reached_.size(); ++i) {
      if (const Reason r = follow(reached_[i]); r != Reason::kNone) return r;
    }
    return Reason::kNone;
  }

  bool is_function(const Symbol& symbol) const {
    if (symbol.type != STT_FUNC && symbol.type != STT_NOTYPE) return false;
    if (symbol.section >= SHN_LORESERVE) return false;
    const Section& s = section_at(symbol.section);
    return (s.flags & SHF_EXECINSTR) && symbol.value < s.bytes.size();
  }

  Reason reach_section(uint32_t index) {
    if (offsets_[index] != kNowhere) return Reason::kNone;
    const Section& s = section_at(index);
    if (s.type != SHT_PROGBITS || !(s.flags & SHF_ALLOC))
      return refuse(Reason::kBadObject, "neither code nor constants", s.name);
    if (s.flags & (SHF_TLS | SHF_COMPRESSED))
      return refuse(Reason::kBadObject, "a section of a kind not taken", s.name);
    if (s.flags & SHF_WRITE && !s.name.starts_with(".data.rel.ro"))
      return refuse(Reason::kBadObject, "a writable section", s.name);
    if (s.has_rel) return refuse(Reason::kBadRelocation, "relocations without addends", s.name);
    offsets_[index] = 0;
    reached_.push_back(index);
    return Reason::kNone;
  }

  Reason follow(uint32_t section) {
    for (uint32_t rela : section_at(section).rela) {
      for (size_t i = 0; i < file_.relocation_count(rela); ++i) {
        if (const Reason r = follow_one(section_at(section), file_.relocation(rela, i)); r != Reason::kNone) return r;
      }
    }
    return Reason::kNone;
  }

  Reason follow_one(const Section& section, const Elf64_Rela& r) {
    const auto type = static_cast<uint32_t>(ELF64_R_TYPE(r.r_info));
    const Kind kind = kind_of(type);
    if (kind.width == 0) return refuse(Reason::kBadRelocation, "type " + std::to_string(type), section.name);
    const size_t size = section.bytes.size();
    if (r.r_offset > size || size - r.r_offset < kind.width)
      return refuse(Reason::kBadRelocation, "outside of", section.name);
    const uint64_t index = ELF64_R_SYM(r.r_info);
    if (index == 0 || index >= file_.symbols().size())
      return refuse(Reason::kBadRelocation, "without symbol", section.name);
    return reach_symbol(static_cast<uint32_t>(index), kind);
  }

  Reason reach_symbol(uint32_t index, const Kind& kind) {
    const Symbol& symbol = file_.symbols()[index];
    if (symbol.type == STT_TLS || symbol.type == STT_GNU_IFUNC || symbol.section >= SHN_LORESERVE) {
      return refuse(Reason::kBadRelocation, "a symbol of a kind not taken", symbol.name);
    }
    if (symbol.section != SHN_UNDEF) {
      if (kind.slot) slots_.try_emplace(index);
      return reach_section(symbol.section);
    }
    uintptr_t target = allowed_symbol(symbol.name);
    if (target == 0 && kind.slot && resolve_) target = resolve_(symbol.name);
    if (target == 0) return refuse(Reason::kUnknownSymbol, "not allowed", symbol.name);
    Slot& slot = slots_[index];
    slot.target = target;
    slot.wants_stub |= kind.relative && !kind.slot;
    return Reason::kNone;
  }

  // --- where it goes
  Reason lay_out() {
    std::stable_partition(reached_.begin(), reached_.end(), [this](uint32_t i) { return (section_at(i).flags & SHF_EXECINSTR) != 0; });
    for (uint32_t i : reached_) {
      const Section& s = section_at(i);
      offsets_[i] = round_up(size_, s.alignment);
      size_ = offsets_[i] + s.bytes.size();
      if (size_ > kMaxRegionBytes) return refuse(Reason::kTooLarge, "more than 64 MB of code");
    }
    size_ = round_up(size_, kSlotBytes);
    for (auto& [index, slot] : slots_) {
      slot.offset = take(kSlotBytes);
      const Symbol& symbol = file_.symbols()[index];
      if (slot.target == 0) slot.near_offset = offsets_[symbol.section] + symbol.value;
    }
    for (auto& [index, slot] : slots_) {
      if (slot.wants_stub) slot.stub = take(kStubBytes);
    }
    return size_ <= kMaxRegionBytes ? Reason::kNone : refuse(Reason::kTooLarge, "more than 64 MB of code");
  }

  uint64_t take(uint64_t bytes) {
    const uint64_t at = size_;
    size_ += bytes;
    return at;
  }

  // --- filling it
  uint8_t* at(uint64_t offset) const { return memory_.address() + start_ + offset; }
  uint64_t address_of(uint64_t offset) const { return reinterpret_cast<uintptr_t>(at(offset)); }

  // Where in its first page the code begins. A cache of instructions is indexed by the lower bits of addresses: if all functions began at
  // the first byte of a page, a few of them would fill their places and drive each other out.
  void choose_start() {
    static std::atomic<uint64_t> turn{0};
    uint64_t alignment = kLineBytes;
    for (uint32_t i : reached_) alignment = std::max(alignment, section_at(i).alignment);
    const uint64_t places = (memory_.bytes() - size_) / alignment + 1;
    start_ = turn.fetch_add(kStride, std::memory_order_relaxed) % places * alignment;
  }

  Reason fill() {
    for (uint32_t i : reached_) {
      const Section& s = section_at(i);
      if (!s.bytes.empty()) std::memcpy(at(offsets_[i]), s.bytes.data(), s.bytes.size());
    }
    for (const auto& [index, slot] : slots_) write_slot(slot);
    for (uint32_t i : reached_) {
      if (const Reason r = relocate(i); r != Reason::kNone) return r;
    }
    return Reason::kNone;
  }

  void write_slot(const Slot& slot) {
    const uint64_t target = slot.target ? slot.target : address_of(slot.near_offset);
    std::memcpy(at(slot.offset), &target, sizeof target);
    if (slot.stub == kNowhere) return;
    const auto distance = static_cast<int32_t>(static_cast<int64_t>(slot.offset) - static_cast<int64_t>(slot.stub + 6));
    uint8_t jump[6] = {0xFF, 0x25};  // jmp *distance(%rip)
    std::memcpy(jump + 2, &distance, sizeof distance);
    std::memcpy(at(slot.stub), jump, sizeof jump);
  }

  Reason relocate(uint32_t section) {
    for (uint32_t rela : section_at(section).rela) {
      for (size_t i = 0; i < file_.relocation_count(rela); ++i) {
        if (!relocate_one(section, file_.relocation(rela, i))) {
          return refuse(Reason::kBadRelocation, "leads too far", section_at(section).name);
        }
      }
    }
    return Reason::kNone;
  }

  // What the relocation's symbol stands for in the region, or the far function itself.
  uint64_t target_of(uint32_t index, const Kind& kind) const {
    const auto found = slots_.find(index);
    if (kind.slot) return address_of(found->second.offset);
    const Symbol& symbol = file_.symbols()[index];
    if (symbol.section != SHN_UNDEF) return address_of(offsets_[symbol.section] + symbol.value);
    return kind.relative ? address_of(found->second.stub) : found->second.target;
  }

  bool relocate_one(uint32_t section, const Elf64_Rela& r) {
    const Kind kind = kind_of(static_cast<uint32_t>(ELF64_R_TYPE(r.r_info)));
    const uint64_t place = offsets_[section] + r.r_offset;
    uint64_t value = target_of(static_cast<uint32_t>(ELF64_R_SYM(r.r_info)), kind) + static_cast<uint64_t>(r.r_addend);
    if (kind.relative) value -= address_of(place);
    const auto distance = static_cast<int64_t>(value);
    if (kind.width == 4 && distance != static_cast<int32_t>(distance)) return false;
    std::memcpy(at(place), &value, kind.width);
    return true;
  }

  void hand_over(std::span<const std::string> wanted, LoadedObject* loaded) {
    loaded->base = reinterpret_cast<uintptr_t>(memory_.address());
    loaded->size = memory_.bytes();
    loaded->used = size_;
    loaded->entries.clear();
    for (const std::string& name : wanted) {
      const Symbol* symbol = file_.find(name);
      loaded->entries.push_back(address_of(offsets_[symbol->section] + symbol->value));
    }
    memory_.disown();
  }

  const Resolve& resolve_;
  std::string* text_;
  ObjectFile file_;
  std::vector<uint32_t> reached_;   // sections, in the order of the region once laid out
  std::vector<uint64_t> offsets_;   // of reached sections in the region, kNowhere for others
  std::map<uint32_t, Slot> slots_;  // by symbol
  uint64_t size_ = 0;
  uint64_t start_ = 0;  // of all that, in the memory
  CodeMemory memory_;
};

}  // namespace

Reason load(std::span<const uint8_t> object, std::span<const std::string> wanted, const Resolve& resolve,
            LoadedObject* loaded, std::string* text) {
  text->clear();
  return Loading(resolve, text).run(object, wanted, loaded);
}

void unload(const LoadedObject& loaded) { CodeMemory::release(reinterpret_cast<uint8_t*>(loaded.base), loaded.size); }

}  // namespace terrace::native
