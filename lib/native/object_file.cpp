// native/object_file.cpp: see the header. Each step answers null, or what is wrong.
#include "native/object_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/pages.hpp"

namespace terrace::native {
namespace {

using observe::Reason;

// The structure at an offset; the caller has checked that it is inside.
template <typename T>
T read_at(std::span<const uint8_t> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Longer names than any compiler makes only cost time.
inline constexpr size_t kMaxNameBytes = 4096;

bool is_inside(uint64_t offset, uint64_t size, uint64_t limit) { return offset <= limit && size <= limit - offset; }

}  // namespace

Reason ObjectFile::parse(std::span<const uint8_t> bytes, std::string* text) {
  bytes_ = bytes;
  const char* wrong = read_header();
  if (!wrong) wrong = read_sections();
  if (!wrong) wrong = read_section_names();
  if (!wrong) wrong = read_symbols();
  if (!wrong) wrong = link_relocations();
  if (!wrong) return Reason::kNone;
  *text = wrong;
  return Reason::kBadObject;
}

const char* ObjectFile::read_header() {
  if (bytes_.size() < sizeof header_) return "shorter than an ELF header";
  header_ = read_at<Elf64_Ehdr>(bytes_, 0);
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) return "not an ELF file";
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB)
    return "not a 64-bit little-endian file";
  if (header_.e_ident[EI_VERSION] != EV_CURRENT || header_.e_version != EV_CURRENT) return "of an unknown ELF version";
  if (header_.e_type != ET_REL) return "not a relocatable object";
  if (header_.e_machine != EM_X86_64) return "not for x86-64";
  if (header_.e_shentsize != sizeof(Elf64_Shdr)) return "section headers of a strange size";
  if (header_.e_shnum == 0 || header_.e_shnum >= SHN_LORESERVE) return "a strange number of sections";
  const uint64_t size = uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr);
  return is_inside(header_.e_shoff, size, bytes_.size()) ? nullptr : "section headers outside of the file";
}

const char* ObjectFile::read_sections() {
  for (size_t i = 0; i < header_.e_shnum; ++i) {
    const auto h = read_at<Elf64_Shdr>(bytes_, header_.e_shoff + i * sizeof(Elf64_Shdr));
    Section section;
    section.type = h.sh_type;
    section.flags = h.sh_flags;
    section.alignment = std::max<uint64_t>(h.sh_addralign, 1);
    if (h.sh_type != SHT_NULL && h.sh_type != SHT_NOBITS) {
      if (!is_inside(h.sh_offset, h.sh_size, bytes_.size())) return "a section outside of the file";
      section.bytes = bytes_.subspan(h.sh_offset, h.sh_size);
    }
    if (!std::has_single_bit(section.alignment) || section.alignment > base::kPageBytes)
      return "a section of strange alignment";
    headers_.push_back(h);
    sections_.push_back(std::move(section));
  }
  return nullptr;
}

bool ObjectFile::text_at(uint32_t string_section, uint64_t offset, std::string_view* name) const {
  const std::span<const uint8_t> strings = sections_[string_section].bytes;
  if (offset >= strings.size()) return false;
  const auto* start = reinterpret_cast<const char*>(strings.data() + offset);
  const size_t limit = std::min<size_t>(strings.size() - offset, kMaxNameBytes);
  const size_t length = strnlen(start, limit);
  *name = {start, length};
  return length < limit;
}

const char* ObjectFile::read_section_names() {
  if (header_.e_shstrndx >= sections_.size() || sections_[header_.e_shstrndx].type != SHT_STRTAB)
    return "no section names";
  for (size_t i = 1; i < sections_.size(); ++i) {
    if (!text_at(header_.e_shstrndx, headers_[i].sh_name, &sections_[i].name))
      return "a section name outside of the names";
  }
  return nullptr;
}

const char* ObjectFile::read_symbols() {
  const auto found = std::ranges::find(sections_, uint32_t{SHT_SYMTAB}, &Section::type);
  if (found == sections_.end()) return "no symbols";
  symbol_section_ = static_cast<uint32_t>(found - sections_.begin());
  const Elf64_Shdr& h = headers_[symbol_section_];
  if (h.sh_entsize != sizeof(Elf64_Sym) || h.sh_size % sizeof(Elf64_Sym) != 0) return "symbols of a strange size";
  if (h.sh_link >= sections_.size() || sections_[h.sh_link].type != SHT_STRTAB) return "no symbol names";
  for (size_t i = 0; i < h.sh_size / sizeof(Elf64_Sym); ++i) {
    const auto s = read_at<Elf64_Sym>(found->bytes, i * sizeof(Elf64_Sym));
    Symbol symbol;
    symbol.type = ELF64_ST_TYPE(s.st_info);
    symbol.binding = ELF64_ST_BIND(s.st_info);
    symbol.section = s.st_shndx;
    symbol.value = s.st_value;
    if (i > 0 && !text_at(h.sh_link, s.st_name, &symbol.name)) return "a symbol name outside of the names";
    if (symbol.section < SHN_LORESERVE) {
      if (symbol.section >= sections_.size()) return "a symbol in a section that is not there";
      if (symbol.section != SHN_UNDEF && symbol.value > headers_[symbol.section].sh_size)
        return "a symbol outside of its section";
    }
    symbols_.push_back(symbol);
  }
  return nullptr;
}

// Sections may overlap in the file, so their sum is bounded too: nobody shall make the loader work for hours.
const char* ObjectFile::link_relocations() {
  uint64_t total = 0;
  for (uint32_t i = 0; i < sections_.size(); ++i) {
    const Elf64_Shdr& h = headers_[i];
    if (h.sh_type != SHT_RELA && h.sh_type != SHT_REL) continue;
    if (h.sh_info >= sections_.size()) return "relocations for a section that is not there";
    if (h.sh_type == SHT_REL) {
      sections_[h.sh_info].has_rel = true;
      continue;
    }
    if (h.sh_link != symbol_section_) return "relocations with strange symbols";
    if (h.sh_entsize != sizeof(Elf64_Rela) || h.sh_size % sizeof(Elf64_Rela) != 0)
      return "relocations of a strange size";
    total += h.sh_size;
    if (total > bytes_.size()) return "more relocations than the file can hold";
    sections_[h.sh_info].rela.push_back(i);
  }
  return nullptr;
}

const Symbol* ObjectFile::find(std::string_view name) const {
  for (const Symbol& s : symbols_) {
    if (s.section != SHN_UNDEF && s.binding == STB_GLOBAL && s.name == name) return &s;
  }
  return nullptr;
}

Elf64_Rela ObjectFile::relocation(uint32_t section, size_t i) const {
  return read_at<Elf64_Rela>(sections_[section].bytes, i * sizeof(Elf64_Rela));
}

}  // namespace terrace::native
