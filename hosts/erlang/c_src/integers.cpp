// integers.cpp: integers beyond 64 bits. The emulator gives them away, and takes them, only in its external format:
// sign and bytes, the lowest first; SX takes and gives decimal digits. GMP turns one into the other.
#include <gmp.h>

#include <vector>

#include "terms.hpp"

namespace terrace::erlang {

namespace {

constexpr unsigned char kVersion = 131, kSmallBig = 110, kLargeBig = 111;
constexpr size_t kSmallHead = 4, kLargeHead = 7;  // version, tag, length, sign
// The emulator's own limit lies lower on every system; this is what the length in the format can say.
constexpr size_t kMaxBytes = UINT32_MAX;

class Integer {
 public:
  Integer() { mpz_init(number); }
  ~Integer() { mpz_clear(number); }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  mpz_t number;
};

// False when the external term is no big integer.
bool read_external(const unsigned char* data, size_t size, Integer& to) {
  if (size < kSmallHead || (data[1] != kSmallBig && data[1] != kLargeBig)) return false;
  const size_t head = data[1] == kSmallBig ? kSmallHead : kLargeHead;
  if (size < head) return false;
  mpz_import(to.number, size - head, -1, 1, 0, 0, data + head);
  if (data[head - 1]) mpz_neg(to.number, to.number);
  return true;
}

std::vector<unsigned char> external_head(size_t bytes, bool negative) {
  const auto byte = [bytes](unsigned shift) { return static_cast<unsigned char>(bytes >> shift); };
  const unsigned char sign = negative;
  if (bytes < 256) return {kVersion, kSmallBig, byte(0), sign};
  return {kVersion, kLargeBig, byte(24), byte(16), byte(8), byte(0), sign};
}

}  // namespace

bool get_big_integer(ErlNifEnv* env, Term term, std::string* decimal) {
  ErlNifBinary external;
  if (!enif_is_number(env, term) || !enif_term_to_binary(env, term, &external)) return false;
  Integer integer;
  const bool read = read_external(external.data, external.size, integer);
  enif_release_binary(&external);
  if (!read) return false;
  decimal->resize(mpz_sizeinbase(integer.number, 10) + 2);
  mpz_get_str(decimal->data(), 10, integer.number);
  decimal->resize(decimal->find('\0'));
  return true;
}

bool make_big_integer(ErlNifEnv* env, const char* decimal, Term* term) {
  Integer integer;
  if (mpz_set_str(integer.number, decimal, 10) != 0) return false;
  const size_t bytes = (mpz_sizeinbase(integer.number, 2) + 7) / 8;
  if (bytes > kMaxBytes) return false;
  std::vector<unsigned char> external = external_head(bytes, mpz_sgn(integer.number) < 0);
  const size_t head = external.size();
  external.resize(head + bytes);
  mpz_export(external.data() + head, nullptr, -1, 1, 0, 0, integer.number);
  return enif_binary_to_term(env, external.data(), external.size(), term, 0) != 0;
}

}  // namespace terrace::erlang
