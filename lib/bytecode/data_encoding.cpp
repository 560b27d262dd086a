// bytecode/data_encoding.cpp: the tree of a datum in prefix order, with an explicit stack so that depth costs no C
// stack.
#include "bytecode/data_encoding.hpp"

#include <unistd.h>

#include <ctime>
#include <string_view>
#include <unordered_map>

#include "bytecode/byte_stream.hpp"
#include "value/objects.hpp"

namespace terrace::bytecode {
namespace {

using value::Type;

enum class Shape : uint8_t { kImmediate, kPair, kObject, kBack, kIdentity };

// Tells identities of different processes apart; it need not be unpredictable.
uint64_t process_salt() {
  static const uint64_t salt = [] {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000007u ^ static_cast<uint64_t>(now.tv_nsec) << 20 ^
           static_cast<uint64_t>(getpid());
  }();
  return salt;
}

std::string_view text_of(Value string) {
  auto* text = value::as<value::String>(string);
  return {text->data, text->bytes};
}

class DataEncoder {
 public:
  std::vector<uint8_t> run(Value root) {
    pending_.push_back(root);
    while (!pending_.empty()) {
      Value v = pending_.back();
      pending_.pop_back();
      put(v);
    }
    return out_.take();
  }

 private:
  void put(Value v) {
    if (!value::is_heap(v)) {
      shape(Shape::kImmediate);
      out_.u64(v.bits);
      return;
    }
    auto [place, fresh] = seen_.emplace(v.bits, count_);
    if (!fresh) {
      shape(Shape::kBack);
      out_.varint(place->second);
      return;
    }
    count_++;
    if (value::is_pair(v)) {
      shape(Shape::kPair);
      pending_.push_back(value::cdr(v));
      pending_.push_back(value::car(v));
    } else if (!value::is_object(v) || !put_object(v)) {
      shape(Shape::kIdentity);
      out_.u64(v.bits);
      out_.u64(process_salt());
    }
  }

  bool put_object(Value v) {
    switch (value::as<value::Object>(v)->type) {
      case Type::kFlonum:
        raw(v, &value::as<value::Flonum>(v)->number, sizeof(double));
        return true;
      case Type::kBignum:
        put_bignum(v);
        return true;
      case Type::kRatio:
        put_ratio(v);
        return true;
      case Type::kString:
        named(v, v);
        return true;
      case Type::kSymbol:
        named(v, value::as<value::Symbol>(v)->name);
        return true;
      case Type::kKeyword:
        named(v, value::as<value::Keyword>(v)->name);
        return true;
      case Type::kVector:
        put_vector(v, value::as<value::Vector>(v));
        return true;
      case Type::kTuple:
        elements(v, value::as<value::Tuple>(v)->data, value::as<value::Tuple>(v)->length);
        return true;
      case Type::kF64Vector:
        packed<value::F64Vector>(v);
        return true;
      case Type::kI64Vector:
        packed<value::I64Vector>(v);
        return true;
      case Type::kBytes:
        packed<value::Bytes>(v);
        return true;
      default:
        return false;
    }
  }

  void shape(Shape s) { out_.u8(static_cast<uint8_t>(s)); }
  void head(Value v) {
    shape(Shape::kObject);
    out_.u8(static_cast<uint8_t>(value::as<value::Object>(v)->type));
  }
  void raw(Value v, const void* data, size_t size) {
    head(v);
    out_.varint(size);
    out_.bytes(data, size);
  }
  void named(Value v, Value string) {
    head(v);
    out_.text(text_of(string));
  }
  void put_bignum(Value v) {
    auto* big = value::as<value::Bignum>(v);
    raw(v, big->limb, size_t{big->limbs} * sizeof(uint64_t));
    out_.u8(big->sign < 0);
  }
  void put_ratio(Value v) {
    head(v);
    pending_.push_back(value::as<value::Ratio>(v)->denominator);
    pending_.push_back(value::as<value::Ratio>(v)->numerator);
  }
  void elements(Value v, const Value* data, uint64_t count) {
    head(v);
    out_.varint(count);
    for (uint64_t i = count; i-- > 0;) pending_.push_back(data[i]);
  }
  // A vector is written the same whichever way it stores its elements.
  void put_vector(Value v, const value::Vector* vector) {
    if (vector->kind() != value::VectorKind::kDoubles) return elements(v, value::words_of(vector), vector->length);
    head(v);
    out_.varint(vector->length);
    for (uint64_t i = 0; i < vector->length; i++) put_double(vector->slot[i]);
  }
  void put_double(uint64_t bits) {
    Value word = value::make_fixnum(0);
    if (bits == value::kHole || value::encode_float(std::bit_cast<double>(bits), &word)) return put(word);
    count_++;
    shape(Shape::kObject);
    out_.u8(static_cast<uint8_t>(Type::kFlonum));
    out_.varint(sizeof bits);
    out_.bytes(&bits, sizeof bits);
  }
  template <class T>
  void packed(Value v) {
    auto* vector = value::as<T>(v);
    raw(v, vector->data, vector->length * sizeof(*vector->data));
  }

  ByteWriter out_;
  std::vector<Value> pending_;  // no allocation in the heap happens here, so the collector cannot miss these
  std::unordered_map<uint64_t, size_t> seen_;
  size_t count_ = 0;  // of objects written
};

}  // namespace

std::vector<uint8_t> encode_data(Value v) { return DataEncoder().run(v); }

std::optional<double> float_in(std::string_view encoded) {
  ByteReader in({reinterpret_cast<const uint8_t*>(encoded.data()), encoded.size()});
  const bool is_float = in.u8() == static_cast<uint8_t>(Shape::kObject) && in.u8() == static_cast<uint8_t>(Type::kFlonum);
  if (!is_float || in.varint() != sizeof(double)) return std::nullopt;
  const uint64_t bits = in.u64();
  if (in.failed() || !in.at_end()) return std::nullopt;
  return value::tamed(std::bit_cast<double>(bits));
}

}  // namespace terrace::bytecode
