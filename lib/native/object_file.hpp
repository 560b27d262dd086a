// native/object_file.hpp: an ELF64 x86-64 relocatable object, read without trust.
//
// Answers for: finding sections, symbols and relocations in bytes that may be damaged or hostile. After parse() said
// kNone, every span and index that these types hold is inside the bytes. Not for: what a section may contain or a
// relocation means (loader.cpp). The bytes must outlive the object. Nothing is copied but tables.
#pragma once

#include <elf.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observe/reasons.hpp"

namespace terrace::native {

struct Section {
  std::string_view name;
  uint32_t type = SHT_NULL;
  uint64_t flags = 0;
  uint64_t alignment = 1;
  std::span<const uint8_t> bytes;  // empty for SHT_NOBITS
  bool has_rel = false;            // relocations of the kind that x86-64 does not use
  std::vector<uint32_t> rela;      // sections with relocations for this one
};

struct Symbol {
  std::string_view name;
  uint8_t type = STT_NOTYPE;
  uint8_t binding = STB_LOCAL;
  uint16_t section = SHN_UNDEF;  // an index of sections(), or SHN_UNDEF, SHN_ABS, SHN_COMMON
  uint64_t value = 0;            // at most the section's size when it has a section
};

class ObjectFile {
 public:
  // kNone, or kBadObject with *text.
  observe::Reason parse(std::span<const uint8_t> bytes, std::string* text);
  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Symbol>& symbols() const { return symbols_; }
  // The defined global symbol of that name, or null.
  const Symbol* find(std::string_view name) const;
  // Entry i of a section with relocations. Precondition: i < relocation_count.
  Elf64_Rela relocation(uint32_t section, size_t i) const;
  size_t relocation_count(uint32_t section) const { return sections_[section].bytes.size() / sizeof(Elf64_Rela); }

 private:
  const char* read_header();
  const char* read_sections();
  const char* read_section_names();
  const char* link_relocations();
  const char* read_symbols();
  // False when the name does not end inside the string section.
  bool text_at(uint32_t string_section, uint64_t offset, std::string_view* name) const;

  std::span<const uint8_t> bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> headers_;
  std::vector<Section> sections_;
  std::vector<Symbol> symbols_;
  uint32_t symbol_section_ = 0;
};

}  // namespace terrace::native
