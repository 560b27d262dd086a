// fuzz/mutator.cpp: see the header. Works on the text: a subexpression is a range of it.
#include "mutator.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kWords[] = {
#define T_FORM(method, name, shape, text) name,
#include "syntax/forms.def"
#undef T_FORM
#define T_PRIM(id, name, min, max, effect, signature, text) name,
#include "prims/prims.def"
#undef T_PRIM
    "else",
    "=>",
    "&optional",
    "&rest",
    "&key",
    "a",
    "b",
    "c",
    "x",
    "y",
    "loop",
    "f",
    "g",
    "k",
    "e",
    "...",
    "_",
    "nil",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "3",
    "255",
    "1152921504606846975",
    "-1152921504606846976",
    "1152921504606846976",
    "100000000000000000000",
    "1/3",
    "0.0",
    "-0.0",
    "1.5",
    "1e308",
    "+inf.0",
    "+nan.0",
    "\"\"",
    "\"abc\"",
    "#\\a",
    "'()",
    ":key",
    "#(1 2)",
    "(vector 1 2 3)",
    "(dict 1 2)",
    "(list 1 2 3)",
    "(f64-vector 1.0)",
    "(bytes 1 2)"};

constexpr std::string_view kWrappers[][2] = {{"(lambda (x) ", ")"},
                                             {"(let ((a ", ")) a)"},
                                             {"(let loop ((i 0) (a ", ")) (if (= i 9) a (loop (+ i 1) a)))"},
                                             {"(guard (e (true e)) ", ")"},
                                             {"(if a ", " b)"},
                                             {"(begin ", " 1)"},
                                             {"(set! a ", ")"},
                                             {"(define a ", ")"},
                                             {"(let/ec k ", ")"},
                                             {"'", ""},
                                             {"`(1 ,", " 2)"},
                                             {"(dynamic-wind (lambda () 1) (lambda () ", ") (lambda () 2))"},
                                             {"(map (lambda (x) ", ") (list 1 2))"},
                                             {"(f ", ")"},
                                             {"(eval '", ")"},
                                             {"(with-handlers ((ask (lambda (x) x))) ", ")"},
                                             {"(apply f ", " nil)"},
                                             {"(while a ", ")"},
                                             {"(+ 1 ", ")"}};

struct Range {
  size_t start;
  size_t end;
};

bool is_delimiter(char c) { return std::strchr("()[]{}\"; \n\t", c) != nullptr; }

size_t end_of_string(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return at < text.size() ? at + 1 : text.size();
}

// All subexpressions; unbalanced text gives what can be seen in it.
std::vector<Range> subexpressions(std::string_view text) {
  std::vector<Range> found;
  std::vector<size_t> open;
  for (size_t at = 0; at < text.size();) {
    size_t start = at;
    char c = text[at];
    if (c == '(' || c == '[' || c == '{') {
      open.push_back(at++);
    } else if (c == ')' || c == ']' || c == '}') {
      ++at;
      if (open.empty()) continue;
      found.push_back({open.back(), at});
      open.pop_back();
    } else if (c == '"') {
      at = end_of_string(text, at);
      found.push_back({start, at});
    } else if (c == ';') {
      while (at < text.size() && text[at] != '\n') ++at;
    } else if (is_delimiter(c)) {
      ++at;
    } else {
      while (at < text.size() && !is_delimiter(text[at])) ++at;
      found.push_back({start, at});
    }
  }
  return found;
}

class Mutation {
 public:
  Mutation(std::string_view text, unsigned seed) : text_(text), random_(seed), parts_(subexpressions(text)) {}

  // `other`: where new parts may come from.
  std::string changed(std::string_view other) {
    if (parts_.empty()) return std::string(word());
    Range at = any(parts_);
    std::vector<Range> others = subexpressions(other);
    switch (random_() % 8) {
      case 0:
        return with(at, "");
      case 1:
        return with(at, word());
      case 2:
        return with(at, others.empty() ? word() : part(other, any(others)));
      case 3:
        return with({at.start, at.start}, std::string(others.empty() ? word() : part(other, any(others))) + " ");
      case 4:
        return wrapped(at);
      case 5:
        return with(at, part(text_, any(parts_)));
      case 6:
        return exchanged(at, any(parts_));
      default:
        return with({at.end, at.end}, " " + std::string(part(text_, any(parts_))));
    }
  }

 private:
  const Range& any(const std::vector<Range>& ranges) { return ranges[random_() % ranges.size()]; }
  std::string_view word() { return kWords[random_() % std::size(kWords)]; }
  static std::string_view part(std::string_view text, Range r) { return text.substr(r.start, r.end - r.start); }

  std::string with(Range r, std::string_view replacement) {
    std::string made(text_.substr(0, r.start));
    made += replacement;
    return made.append(text_.substr(r.end));
  }
  std::string wrapped(Range r) {
    const auto& around = kWrappers[random_() % std::size(kWrappers)];
    std::string made(around[0]);
    made += part(text_, r);
    made += around[1];
    return with(r, made);
  }
  std::string exchanged(Range a, Range b) {
    if (a.start > b.start) std::swap(a, b);
    if (a.end > b.start) return with(a, part(text_, b));
    std::string made(text_.substr(0, a.start));
    made += part(text_, b);
    made += text_.substr(a.end, b.start - a.end);
    made += part(text_, a);
    return made.append(text_.substr(b.end));
  }

  std::string_view text_;
  std::minstd_rand random_;
  std::vector<Range> parts_;
};

size_t put(const std::string& text, uint8_t* out, size_t max_size) {
  size_t size = std::min(text.size(), max_size);
  std::memcpy(out, text.data(), size);
  return size;
}

std::string_view view(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string text(view(data, size));
  for (unsigned n = 1 + seed % 3; n > 0; --n) text = Mutation(text, seed + n).changed(text);
  return put(text, data, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1, const uint8_t* data2, size_t size2,
                                            uint8_t* out, size_t max_size, unsigned seed) {
  return put(Mutation(view(data1, size1), seed).changed(view(data2, size2)), out, max_size);
}
