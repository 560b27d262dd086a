// terms.cpp: atoms, text, and integers in the external term format.
#include "terms.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace terrace::erlang {

Atoms atoms;

namespace {

constexpr size_t kMaxAtomCharacters = 255;
// Tags of the external term format.
constexpr unsigned char kVersion = 131, kLongAtom = 118, kShortAtom = 119;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

size_t characters_of(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Names beyond Latin-1 can only be had through the external format.
bool get_wide_atom(ErlNifEnv* env, Term term, std::string* text) {
  ErlNifBinary external;
  if (!enif_term_to_binary(env, term, &external)) return false;
  const auto* data = external.data;
  const bool is_long = external.size > 4 && data[1] == kLongAtom;
  const bool known = is_long || (external.size > 3 && data[1] == kShortAtom);
  const size_t head = is_long ? 4 : 3;
  if (known) text->assign(reinterpret_cast<const char*>(data) + head, external.size - head);
  enif_release_binary(&external);
  return known;
}

bool get_known_wide_atom(ErlNifEnv* env, std::string_view name, Term* atom) {
  std::string external{static_cast<char>(kVersion), static_cast<char>(kLongAtom), static_cast<char>(name.size() >> 8),
                       static_cast<char>(name.size() & 0xFF)};
  external += name;
  const auto* data = reinterpret_cast<const unsigned char*>(external.data());
  return enif_binary_to_term(env, data, external.size(), atom, ERL_NIF_BIN2TERM_SAFE) != 0;
}

}  // namespace

KeptTerm::KeptTerm(Term of) : env(enif_alloc_env()), term(0) {
  if (!env) throw std::bad_alloc();
  term = enif_make_copy(env, of);
}

void make_atoms(ErlNifEnv* env) {
#define TERRACE_ERLANG_MAKE(name, text) atoms.name = enif_make_atom(env, text);
  TERRACE_ERLANG_ATOMS(TERRACE_ERLANG_MAKE)
#undef TERRACE_ERLANG_MAKE
}

Term make_binary(ErlNifEnv* env, std::string_view text) {
  Term term;
  unsigned char* data = enif_make_new_binary(env, text.size(), &term);
  if (!text.empty()) std::memcpy(data, text.data(), text.size());
  return term;
}

bool get_text(ErlNifEnv* env, Term term, std::string_view* text) {
  ErlNifBinary binary;
  if (!enif_is_binary(env, term) || !enif_inspect_binary(env, term, &binary)) return false;
  *text = {reinterpret_cast<const char*>(binary.data), binary.size};
  return true;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    const size_t size = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
    if (size == 0 || size > text.size()) return false;
    uint32_t code = size == 1 ? first : first & (0x7F >> size);
    for (size_t i = 1; i < size; i++) {
      if ((text[i] & 0xC0) != 0x80) return false;
      code = code << 6 | (text[i] & 0x3F);
    }
    const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    text.remove_prefix(size);
  }
  return true;
}

bool get_atom(ErlNifEnv* env, Term term, std::string* text) {
  if (!enif_is_atom(env, term)) return false;
  char latin1[kMaxAtomCharacters + 1];
  const int size = enif_get_atom(env, term, latin1, sizeof latin1, ERL_NIF_LATIN1);
  if (size <= 0) return get_wide_atom(env, term, text);
  text->clear();
  for (int i = 0; i < size - 1; i++) {
    const auto c = static_cast<unsigned char>(latin1[i]);
    if (c >= 0x80) text->push_back(static_cast<char>(0xC0 | c >> 6));
    text->push_back(static_cast<char>(c < 0x80 ? c : 0x80 | (c & 0x3F)));
  }
  return true;
}

bool get_known_atom(ErlNifEnv* env, std::string_view name, Term* atom) {
  if (characters_of(name) > kMaxAtomCharacters) return false;
  if (!is_ascii(name)) return get_known_wide_atom(env, name, atom);
  return enif_make_existing_atom_len(env, name.data(), name.size(), atom, ERL_NIF_LATIN1) != 0;
}

}  // namespace terrace::erlang
