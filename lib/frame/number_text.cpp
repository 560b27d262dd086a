// frame/number_text.cpp: numbers as text.
//
// Doubles go through the shortest round-trip conversion of the C++ library and are only laid out here.
#include <bit>
#include <charconv>
#include <cmath>

#include "frame/number_parts.hpp"

namespace terrace::frame::number {

namespace {

constexpr int kFirstScientific = 21;  // decimal exponent from which a double is written as 1e21
constexpr int kFirstPositional = -6;  // and down to which it is written as 0.000001

void append_integer(std::string& out, Value v, int radix) {
  IntegerView z(v);
  size_t start = out.size();
  out.resize(start + mpz_sizeinbase(z, radix) + 2);
  mpz_get_str(out.data() + start, radix, z);
  out.resize(out.find('\0', start));
}

// The digits of a fixnum, without memory of their own.
class FixnumText {
 public:
  FixnumText(int64_t i, int radix) : end_(std::to_chars(text_, text_ + sizeof text_, i, radix).ptr) {}
  FixnumText(const FixnumText&) = delete;
  operator std::string_view() const { return {text_, end_}; }

 private:
  char text_[72];
  const char* end_;
};

void append_fixnum(std::string& out, int64_t i, int radix) { out.append(FixnumText(i, radix)); }

// `digits` with the decimal point after the first, times 10^exponent, without an exponent in the text.
void append_positional(std::string& out, std::string_view digits, int exponent) {
  auto whole = static_cast<size_t>(std::max(exponent + 1, 0));
  if (exponent < 0) {
    out.append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else if (digits.size() <= whole) {
    out.append(digits).append(whole - digits.size(), '0').append(".0");
  } else {
    out.append(digits.substr(0, whole)).append(".").append(digits.substr(whole));
  }
}

void append_finite(std::string& out, double d) {
  char text[40];
  auto end = std::to_chars(text, text + sizeof text, d, std::chars_format::scientific).ptr;
  std::string_view all(text, static_cast<size_t>(end - text));
  if (all.front() == '-') {
    out += '-';
    all.remove_prefix(1);
  }
  size_t mark = all.find('e');
  std::string digits(1, all[0]);
  if (mark > 1) digits.append(all.substr(2, mark - 2));
  int exponent = 0;
  std::from_chars(all.data() + mark + (all[mark + 1] == '+' ? 2 : 1), end, exponent);
  if (exponent >= kFirstPositional && exponent < kFirstScientific) return append_positional(out, digits, exponent);
  out += digits[0];
  if (digits.size() > 1) out.append(".").append(digits.substr(1));
  out += 'e';
  append_fixnum(out, exponent, 10);
}

void append_double(std::string& out, double d) {
  if (std::isnan(d)) {
    out += "+nan.0";
  } else if (std::isinf(d)) {
    out += d > 0 ? "+inf.0" : "-inf.0";
  } else {
    append_finite(out, d);
  }
}

}  // namespace

void append_text(std::string& out, Value v, int radix) {
  switch (kind_of(v)) {
    case Kind::kFixnum:
      return append_fixnum(out, value::fixnum_value(v), radix);
    case Kind::kBignum:
      return append_integer(out, v, radix);
    case Kind::kRatio:
      append_text(out, as_ratio(v)->numerator, radix);
      out += '/';
      return append_text(out, as_ratio(v)->denominator, radix);
    case Kind::kFloat:
      return append_double(out, value::float_value(v));
    case Kind::kNone:
      return;
  }
}

Value to_string(VmState* vm, Value v, Value radix) {
  Kind kind = kind_of(v);
  if (kind == Kind::kNone) return not_number(vm, "number->string", v, v);
  if (!value::is_fixnum(radix) || value::fixnum_value(radix) < 2 || value::fixnum_value(radix) > 36) {
    return raise_error(vm, ErrorKind::kRange, "number->string: the radix must be an integer from 2 to 36");
  }
  if (kind == Kind::kFloat && radix != value::make_fixnum(10)) {
    return raise_error(vm, ErrorKind::kRange,
                       "number->string: a double is written in radix 10 only; use (exact x) for its exact value");
  }
  if (kind == Kind::kFixnum)
    return make_string(vm, FixnumText(value::fixnum_value(v), static_cast<int>(value::fixnum_value(radix))));
  if (kind != Kind::kFloat && !room_for(vm, "number->string", 2 * RationalView(v).limbs())) return value::kUnwind;
  std::string text;
  append_text(text, v, static_cast<int>(value::fixnum_value(radix)));
  return make_string(vm, text);
}

// --- reading

namespace {

enum class Shape { kNone, kInteger, kRatio, kDecimal, kInfinity, kNan };

// A number literal taken apart; the parts refer to the text.
struct Literal {
  Shape shape = Shape::kNone;
  int radix = 10;
  char exactness = 0;  // 'e' or 'i' when a prefix asks for it
  bool negative = false;
  std::string_view body;      // without prefixes and sign
  std::string_view whole;     // integer, numerator, or digits before the point
  std::string_view part;      // denominator, or digits after the point
  std::string_view exponent;  // with its sign
};

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

std::string_view take_digits(std::string_view& text, int radix) {
  size_t n = 0;
  while (n < text.size() && digit_of(text[n]) < radix) n++;
  std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_sign(std::string_view& text, bool* negative) {
  *negative = !text.empty() && text.front() == '-';
  return take(text, '-') || take(text, '+');
}

// Takes #x, #e and the like, at most one of each sort.
bool take_prefixes(std::string_view& text, Literal* literal) {
  bool radix_seen = false;
  while (text.size() >= 2 && text[0] == '#') {
    char letter = static_cast<char>(text[1] | 0x20);
    if (letter == 'e' || letter == 'i') {
      if (literal->exactness != 0) return false;
      literal->exactness = letter;
    } else {
      int radix = letter == 'x' ? 16 : letter == 'd' ? 10 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
      if (radix == 0 || radix_seen) return false;
      radix_seen = true;
      literal->radix = radix;
    }
    text.remove_prefix(2);
  }
  return true;
}

Shape take_exponent(std::string_view text, Literal* literal) {
  if (text.empty()) return Shape::kDecimal;
  if (text.front() != 'e' && text.front() != 'E') return Shape::kNone;
  text.remove_prefix(1);
  literal->exponent = text;
  bool negative;
  take_sign(text, &negative);
  return !take_digits(text, 10).empty() && text.empty() ? Shape::kDecimal : Shape::kNone;
}

bool all_zeros(std::string_view digits) { return digits.find_first_not_of('0') == digits.npos; }

Shape shape_of_body(std::string_view text, Literal* literal) {
  literal->whole = take_digits(text, literal->radix);
  if (!literal->whole.empty() && text.empty()) return Shape::kInteger;
  if (!literal->whole.empty() && take(text, '/')) {
    literal->part = take_digits(text, literal->radix);
    return text.empty() && !all_zeros(literal->part) ? Shape::kRatio : Shape::kNone;
  }
  if (literal->radix != 10) return Shape::kNone;
  if (take(text, '.')) literal->part = take_digits(text, 10);
  if (literal->whole.empty() && literal->part.empty()) return Shape::kNone;
  return take_exponent(text, literal);
}

Literal parse(std::string_view text, int radix) {
  Literal literal;
  literal.radix = radix;
  if (!take_prefixes(text, &literal)) return literal;
  bool has_sign = take_sign(text, &literal.negative);
  literal.body = text;
  if (has_sign && text == "inf.0") {
    literal.shape = Shape::kInfinity;
  } else if (has_sign && text == "nan.0") {
    literal.shape = Shape::kNan;
  } else {
    literal.shape = shape_of_body(text, &literal);
  }
  bool special = literal.shape == Shape::kInfinity || literal.shape == Shape::kNan;
  if (special && literal.exactness == 'e') literal.shape = Shape::kNone;
  return literal;
}

Value digits_value(VmState* vm, std::string_view digits, int radix, bool negative) {
  uint64_t small;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), small, radix);
  if (error == std::errc()) return from_limbs(vm, &small, 1, negative);
  auto bits_per_digit = static_cast<uint64_t>(std::bit_width(static_cast<unsigned>(radix - 1)));
  if (!room_for(vm, "string->number", digits.size() * bits_per_digit / 64 + 1)) return value::kUnwind;
  Mpz z;
  mpz_set_str(z, std::string(digits).c_str(), radix);
  if (negative) mpz_neg(z, z);
  return from_mpz(vm, z);
}

// The exponent of a literal, kept within what no number can reach.
int64_t exponent_of(const Literal& literal) {
  constexpr int64_t kFar = int64_t{1} << 40;
  std::string_view text = literal.exponent;
  if (text.empty()) return 0;
  bool negative;
  take_sign(text, &negative);
  int64_t n = 0;
  for (char c : text) n = std::min(n * 10 + (c - '0'), kFar);
  return negative ? -n : n;
}

// Number of digits before the point when the literal is written without exponent; negative below 0.1.
int64_t decimal_magnitude(const Literal& literal) {
  size_t first = literal.whole.find_first_not_of('0');
  if (first != literal.whole.npos) return static_cast<int64_t>(literal.whole.size() - first) + exponent_of(literal);
  first = literal.part.find_first_not_of('0');
  return first == literal.part.npos ? INT64_MIN : exponent_of(literal) - static_cast<int64_t>(first);
}

Value decimal_double(VmState* vm, const Literal& literal) {
  double d = 0;
  auto [end, error] = std::from_chars(literal.body.data(), literal.body.data() + literal.body.size(), d);
  if (error == std::errc::result_out_of_range) d = decimal_magnitude(literal) > 0 ? HUGE_VAL : 0.0;
  return make_float(vm, literal.negative ? -d : d);
}

Value decimal_exact(VmState* vm, const Literal& literal) {
  std::string digits(literal.whole);
  digits.append(literal.part);
  Value mantissa = digits_value(vm, digits, 10, literal.negative);
  if (mantissa == value::kUnwind || mantissa == value::make_fixnum(0)) return mantissa;
  heap::RootedValues keep(heap_of(vm));
  keep.push(mantissa);
  int64_t scale = exponent_of(literal) - static_cast<int64_t>(literal.part.size());
  Value power = expt(vm, value::make_fixnum(10), value::make_fixnum(scale));
  if (power == value::kUnwind) return power;
  keep.push(power);
  return mul(vm, mantissa, power);
}

Value ratio_value(VmState* vm, const Literal& literal) {
  Value numerator = digits_value(vm, literal.whole, literal.radix, literal.negative);
  if (numerator == value::kUnwind) return numerator;
  heap::RootedValues keep(heap_of(vm));
  keep.push(numerator);
  Value denominator = digits_value(vm, literal.part, literal.radix, false);
  if (denominator == value::kUnwind) return denominator;
  keep.push(denominator);
  return div(vm, numerator, denominator);
}

Value literal_value(VmState* vm, const Literal& literal) {
  switch (literal.shape) {
    case Shape::kInteger:
      return digits_value(vm, literal.whole, literal.radix, literal.negative);
    case Shape::kRatio:
      return ratio_value(vm, literal);
    case Shape::kDecimal:
      return literal.exactness == 'e' ? decimal_exact(vm, literal) : decimal_double(vm, literal);
    case Shape::kInfinity:
      return make_float(vm, literal.negative ? -HUGE_VAL : HUGE_VAL);
    case Shape::kNan:
      return make_float(vm, std::nan(""));
    case Shape::kNone:
      break;
  }
  return value::kFalse;
}

}  // namespace

bool is_number_text(std::string_view text, int radix) { return parse(text, radix).shape != Shape::kNone; }

Value from_text(VmState* vm, std::string_view text, int radix) {
  Literal literal = parse(text, radix);
  Value v = literal_value(vm, literal);
  bool give_double = literal.exactness == 'i' && v != value::kUnwind && v != value::kFalse;
  return give_double ? to_inexact(vm, v) : v;
}

}  // namespace terrace::frame::number
