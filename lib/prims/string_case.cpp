// prims/string_case.cpp: letters in upper, lower and folded case, and the normal forms of Unicode.
//
// Answers for: strings whose letters change in a way that depends on no language. Not for: single characters (chars.cpp).
// utf8proc has the simple mappings, full case folding and the normal forms; full case mapping follows from these:
//  1. A letter that is not upper case and folds to several characters, such as the sharp s, becomes these in upper case.
//  2. The capital I with a dot is the one capital whose small letter is two characters, those that it folds to.
//  3. A capital sigma at the end of a word becomes a final small sigma (Unicode's condition Final_Sigma).
#include <utf8proc.h>

#include <cstdlib>

#include "prims/build.hpp"
#include "prims/text_span.hpp"
#include "prims/unicode.hpp"
#include "text/syntax_chars.hpp"

namespace terrace::prims {

using value::String;

namespace {

constexpr uint32_t kCapitalIWithDot = 0x130;
constexpr uint32_t kCapitalSigma = 0x3A3;
constexpr uint32_t kFinalSigma = 0x3C2;

void append_upper(std::string& out, uint32_t c) {
  Folding folded = fold(c);
  if (c < 0x80 || folded.count < 2 || is_upper_case(c)) return text::append_utf8(out, to_upper(c));
  for (size_t i = 0; i < folded.count; i++) text::append_utf8(out, to_upper(folded.at[i]));
}

// Whether a cased letter stands before `at`, or after it, when what has no case of its own between is passed over.
bool cased_before(std::string_view text, size_t at) {
  while (at > 0) {
    at = previous_start(text, at);
    size_t next = at;
    uint32_t c = next_code_point(text, &next);
    if (!is_case_ignorable(c)) return is_cased(c);
  }
  return false;
}
bool cased_after(std::string_view text, size_t at) {
  while (at < text.size()) {
    uint32_t c = next_code_point(text, &at);
    if (!is_case_ignorable(c)) return is_cased(c);
  }
  return false;
}

// The character of `text` that ends at `end`.
void append_lower(std::string& out, std::string_view text, size_t end, uint32_t c) {
  if (c == kCapitalIWithDot) {
    Folding folded = fold(c);
    for (size_t i = 0; i < folded.count; i++) text::append_utf8(out, folded.at[i]);
  } else if (c == kCapitalSigma && cased_before(text, previous_start(text, end)) && !cased_after(text, end)) {
    text::append_utf8(out, kFinalSigma);
  } else {
    text::append_utf8(out, to_lower(c));
  }
}

// `append(out, end, c)` for every character, which ends at `end`.
template <class Append>
Value mapped(VmState* vm, const char* who, Value v, Append append) {
  std::string_view text;
  if (!string_argument(vm, who, v, &text)) return kUnwind;
  std::string changed;
  changed.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    uint32_t c = next_code_point(text, &at);
    append(changed, at, c);
    if (!text_may_grow(vm, who, changed.size())) return kUnwind;
  }
  return copy_string(vm, who, changed);
}

void append_folded(std::string& out, uint32_t c) {
  Folding folded = fold(c);
  for (size_t i = 0; i < folded.count; i++) text::append_utf8(out, folded.at[i]);
}

std::string folded_text(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  for (size_t at = 0; at < text.size();) append_folded(folded, next_code_point(text, &at));
  return folded;
}

// Whether `holds` is true of every neighbouring pair after folding; all arguments are checked.
template <class Holds>
Value compare_folded(VmState* vm, const char* who, const Value* args, uint64_t argc, Holds holds) {
  std::string last;
  bool all = true;
  for (uint64_t i = 0; i < argc; i++) {
    std::string_view text;
    if (!string_argument(vm, who, args[i], &text)) return kUnwind;
    std::string next = folded_text(text);
    all &= i == 0 || holds(last, next);
    last = std::move(next);
  }
  return make_bool(all);
}

// The most characters that one becomes in any normal form.
constexpr size_t kLongestDecomposition = 18;

Value normalised(VmState* vm, const char* who, Value v, int form) {
  std::string_view text;
  if (!string_argument(vm, who, v, &text)) return kUnwind;
  if (as<String>(v)->length == text.size()) return v;  // ASCII is in every normal form
  if (!text_may_grow(vm, who, text.size() * kLongestDecomposition)) return kUnwind;
  utf8proc_uint8_t* made = nullptr;
  utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | form));
  if (size < 0) return raise_too_large(vm, who);
  Value result = copy_string(vm, who, {reinterpret_cast<char*>(made), static_cast<size_t>(size)});
  free(made);
  return result;
}

}  // namespace

Value prim_string_upcase(VmState* vm, const Value* args, uint64_t) {
  return mapped(vm, "string-upcase", args[0], [](std::string& out, size_t, uint32_t c) { append_upper(out, c); });
}

Value prim_string_downcase(VmState* vm, const Value* args, uint64_t) {
  return mapped(vm, "string-downcase", args[0], [&](std::string& out, size_t end, uint32_t c) {
    append_lower(out, frame::string_view_of(args[0]), end, c);
  });
}

Value prim_string_foldcase(VmState* vm, const Value* args, uint64_t) {
  return mapped(vm, "string-foldcase", args[0], [](std::string& out, size_t, uint32_t c) { append_folded(out, c); });
}

#define T_COMPARE(id, name, op)                                                                                     \
  Value prim_##id(VmState* vm, const Value* args, uint64_t argc) {                                                  \
    return compare_folded(vm, name, args, argc, [](const auto& a, const auto& b) { return a op b; }); \
  }
T_COMPARE(string_ci_eq, "string-ci=?", ==)
T_COMPARE(string_ci_lt, "string-ci<?", <)
T_COMPARE(string_ci_gt, "string-ci>?", >)
T_COMPARE(string_ci_le, "string-ci<=?", <=)
T_COMPARE(string_ci_ge, "string-ci>=?", >=)
#undef T_COMPARE

Value prim_string_nfc(VmState* vm, const Value* args, uint64_t) {
  return normalised(vm, "string-normalize-nfc", args[0], UTF8PROC_COMPOSE);
}
Value prim_string_nfd(VmState* vm, const Value* args, uint64_t) {
  return normalised(vm, "string-normalize-nfd", args[0], UTF8PROC_DECOMPOSE);
}
Value prim_string_nfkc(VmState* vm, const Value* args, uint64_t) {
  return normalised(vm, "string-normalize-nfkc", args[0], UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}
Value prim_string_nfkd(VmState* vm, const Value* args, uint64_t) {
  return normalised(vm, "string-normalize-nfkd", args[0], UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
}

}  // namespace terrace::prims
