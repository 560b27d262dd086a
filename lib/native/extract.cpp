// native/extract.cpp: see the header. In order: find what is reached, number symbols and sections anew, write.
//
//   | ELF header | reached sections | their relocations | symbols | names of symbols | names of sections | headers |
#include "native/extract.hpp"

#include <cstring>
#include <map>
#include <utility>

#include "native/object_file.hpp"

namespace terrace::native {
namespace {

using observe::Reason;

inline constexpr uint64_t kWordBytes = 8;
inline constexpr uint64_t kMaxBytes = uint64_t{64} << 20;  // as the loader's; sections may overlap in a file

// Text after text, each ended by a zero; offset 0 is the empty one.
class Names {
 public:
  uint32_t add(std::string_view name) {
    if (name.empty()) return 0;
    const auto at = static_cast<uint32_t>(bytes_.size());
    bytes_.append(name);
    bytes_.push_back('\0');
    return at;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(1, '\0');
};

class Extraction {
 public:
  explicit Extraction(std::string* text) : text_(text) {}

  Reason run(std::span<const uint8_t> object, std::string_view wanted, std::vector<uint8_t>* out) {
    if (const Reason r = file_.parse(object, text_); r != Reason::kNone) return r;
    const Symbol* symbol = file_.find(wanted);
    if (symbol == nullptr) return *text_ = "no such function", Reason::kMissingSymbol;
    wanted_ = static_cast<uint32_t>(symbol - file_.symbols().data());
    keep_symbol(wanted_);
    for (size_t i = 0; i < kept_.size(); ++i)
      if (!follow(kept_[i])) return *text_ = "a relocation without symbol", Reason::kBadRelocation;
    if (reached_bytes_ > kMaxBytes) return *text_ = "more than 64 MB of code", Reason::kTooLarge;
    write(out);
    return Reason::kNone;
  }

 private:
  // --- what is reached
  void keep_symbol(uint32_t index) {
    if (!symbols_.try_emplace(index, 0).second) return;
    const uint16_t section = file_.symbols()[index].section;
    if (section == SHN_UNDEF || section >= SHN_LORESERVE) return;
    if (!sections_.try_emplace(section, static_cast<uint16_t>(kept_.size() + 1)).second) return;
    kept_.push_back(section);
    reached_bytes_ += file_.sections()[section].bytes.size();
  }

  bool follow(uint32_t section) {
    for (uint32_t rela : file_.sections()[section].rela) {
      for (size_t i = 0; i < file_.relocation_count(rela); ++i) {
        const uint64_t symbol = ELF64_R_SYM(file_.relocation(rela, i).r_info);
        if (symbol == 0 || symbol >= file_.symbols().size()) return false;
        keep_symbol(static_cast<uint32_t>(symbol));
      }
    }
    return true;
  }

  // --- what is written
  void write(std::vector<uint8_t>* out) {
    out_.resize(sizeof(Elf64_Ehdr));
    headers_.resize(1);
    for (uint32_t section : kept_) write_section(section);
    const std::vector<Elf64_Sym> symbols = number_symbols();
    const auto symbol_section = static_cast<uint32_t>(1 + kept_.size() + sections_with_relocations());
    for (uint32_t section : kept_) write_relocations(section, symbol_section);
    write_table(".symtab", SHT_SYMTAB, symbols.data(), symbols.size() * sizeof(Elf64_Sym), sizeof(Elf64_Sym),
                symbol_section + 1, first_global_);
    write_table(".strtab", SHT_STRTAB, symbol_names_.bytes().data(), symbol_names_.bytes().size(), 0, 0, 0);
    const uint32_t own_name = section_names_.add(".shstrtab");
    write_table({}, SHT_STRTAB, section_names_.bytes().data(), section_names_.bytes().size(), 0, 0, 0);
    headers_.back().sh_name = own_name;
    write_headers();
    *out = std::move(out_);
  }

  void append(const void* data, uint64_t size, uint64_t alignment) {
    out_.resize((out_.size() + alignment - 1) & ~(alignment - 1));
    const auto* bytes = static_cast<const uint8_t*>(data);
    out_.insert(out_.end(), bytes, bytes + size);
  }

  void write_section(uint32_t index) {
    const Section& s = file_.sections()[index];
    append(s.bytes.data(), s.bytes.size(), s.alignment);
    Elf64_Shdr h{};
    h.sh_name = section_names_.add(kind_of_name(s.name));
    h.sh_type = s.type;
    h.sh_flags = s.flags;
    h.sh_offset = out_.size() - s.bytes.size();
    h.sh_size = s.bytes.size();
    h.sh_addralign = s.alignment;
    headers_.push_back(h);
  }

  // ".text.t_17" is ".text" of a function whose name is not wanted.
  static std::string_view kind_of_name(std::string_view name) {
    for (std::string_view kind : {".text", ".rodata", ".data.rel.ro"})
      if (name.starts_with(kind)) return kind;
    return name;
  }

  // Local ones first, as the format wants it. Only those that somebody looks for keep a name.
  std::vector<Elf64_Sym> number_symbols() {
    std::vector<Elf64_Sym> numbered(1);
    for (const bool global : {false, true}) {
      if (global) first_global_ = static_cast<uint32_t>(numbered.size());
      for (auto& [index, number] : symbols_) {
        const Symbol& s = file_.symbols()[index];
        if ((s.binding != STB_LOCAL) != global) continue;
        number = static_cast<uint32_t>(numbered.size());
        numbered.push_back(symbol_of(index, s));
      }
    }
    return numbered;
  }

  Elf64_Sym symbol_of(uint32_t index, const Symbol& s) {
    Elf64_Sym symbol{};
    if (index == wanted_) symbol.st_name = symbol_names_.add(kExtractedName);
    if (s.section == SHN_UNDEF) symbol.st_name = symbol_names_.add(s.name);
    const auto section = sections_.find(s.section);
    symbol.st_info = ELF64_ST_INFO(s.binding, s.type);
    symbol.st_shndx = section == sections_.end() ? s.section : section->second;
    symbol.st_value = s.value;
    return symbol;
  }

  size_t sections_with_relocations() const {
    size_t count = 0;
    for (uint32_t section : kept_) count += !file_.sections()[section].rela.empty();
    return count;
  }

  void write_relocations(uint32_t section, uint32_t symbol_section) {
    const Section& s = file_.sections()[section];
    if (s.rela.empty()) return;
    std::vector<Elf64_Rela> all;
    for (uint32_t rela : s.rela) {
      for (size_t i = 0; i < file_.relocation_count(rela); ++i) {
        Elf64_Rela r = file_.relocation(rela, i);
        const uint32_t symbol = symbols_.at(static_cast<uint32_t>(ELF64_R_SYM(r.r_info)));
        r.r_info = ELF64_R_INFO(uint64_t{symbol}, ELF64_R_TYPE(r.r_info));
        all.push_back(r);
      }
    }
    write_table(".rela" + std::string(kind_of_name(s.name)), SHT_RELA, all.data(), all.size() * sizeof(Elf64_Rela),
                sizeof(Elf64_Rela), symbol_section, sections_.at(static_cast<uint16_t>(section)));
    headers_.back().sh_flags = SHF_INFO_LINK;
  }

  void write_table(std::string_view name, uint32_t type, const void* data, uint64_t size, uint64_t entry_bytes,
                   uint32_t link, uint32_t info) {
    append(data, size, kWordBytes);
    Elf64_Shdr h{};
    h.sh_name = section_names_.add(name);
    h.sh_type = type;
    h.sh_offset = out_.size() - size;
    h.sh_size = size;
    h.sh_link = link;
    h.sh_info = info;
    h.sh_addralign = kWordBytes;
    h.sh_entsize = entry_bytes;
    headers_.push_back(h);
  }

  void write_headers() {
    append(headers_.data(), headers_.size() * sizeof(Elf64_Shdr), kWordBytes);
    Elf64_Ehdr h{};
    std::memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_ident[EI_VERSION] = EV_CURRENT;
    h.e_type = ET_REL;
    h.e_machine = EM_X86_64;
    h.e_version = EV_CURRENT;
    h.e_shoff = out_.size() - headers_.size() * sizeof(Elf64_Shdr);
    h.e_ehsize = sizeof h;
    h.e_shentsize = sizeof(Elf64_Shdr);
    h.e_shnum = static_cast<uint16_t>(headers_.size());
    h.e_shstrndx = static_cast<uint16_t>(headers_.size() - 1);
    std::memcpy(out_.data(), &h, sizeof h);
  }

  std::string* text_;
  ObjectFile file_;
  uint32_t wanted_ = 0;
  uint64_t reached_bytes_ = 0;
  std::vector<uint32_t> kept_;               // sections of the old file, in the order of the new
  std::map<uint16_t, uint16_t> sections_;    // old to new number
  std::map<uint32_t, uint32_t> symbols_;     // the same
  uint32_t first_global_ = 1;
  Names section_names_;
  Names symbol_names_;
  std::vector<Elf64_Shdr> headers_;
  std::vector<uint8_t> out_;
};

}  // namespace

Reason extract(std::span<const uint8_t> object, std::string_view wanted, std::vector<uint8_t>* out, std::string* text) {
  text->clear();
  return Extraction(text).run(object, wanted, out);
}

}  // namespace terrace::native
