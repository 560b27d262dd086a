// prims/equality.cpp: see equality.hpp.
#include "prims/equality.hpp"

#include <cstring>
#include <unordered_set>
#include <utility>

#include "base/hash.hpp"
#include "frame/number.hpp"
#include "heap/vector.hpp"
#include "prims/dict_table.hpp"

namespace terrace::prims {

namespace {

constexpr uint64_t kHashMask = (uint64_t{1} << 60) - 1;

uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0x9FB21C651E98DF25;
  x ^= x >> 29;
  return x;
}
uint64_t combine(uint64_t sum, uint64_t part) { return mix((sum ^ part) + 0x9E3779B97F4A7C15); }

bool is_big_number(Value v) {
  if (!value::is_object(v)) return false;
  Type t = as<value::Object>(v)->type;
  return t == Type::kBignum || t == Type::kRatio || t == Type::kFlonum;
}

template <class T>
bool same_packed(Value a, Value b) {
  auto* x = as<T>(a);
  auto* y = as<T>(b);
  return x->length == y->length && std::memcmp(x->data, y->data, x->length * sizeof(*x->data)) == 0;
}

// Doubles are compared as eqv compares them: by their bits, but every NaN is the same.
bool same_doubles(Value a, Value b) {
  auto* x = as<value::F64Vector>(a);
  auto* y = as<value::F64Vector>(b);
  if (x->length != y->length) return false;
  for (uint64_t i = 0; i < x->length; i++) {
    bool both_nan = x->data[i] != x->data[i] && y->data[i] != y->data[i];
    if (!both_nan && std::memcmp(&x->data[i], &y->data[i], sizeof(double)) != 0) return false;
  }
  return true;
}

struct PairHash {
  size_t operator()(const std::pair<uint64_t, uint64_t>& p) const { return mix(p.first ^ mix(p.second)); }
};

// One comparison of two structures. After kBudget steps, and kDepth levels down, it remembers which pairs of objects it
// has begun to compare and takes those as equal: if they are not, the comparison under way finds that out. So shared
// structure is compared once and a structure without end ends. Within one list the same is done by Brent's method,
// without memory.
class Comparison {
 public:
  explicit Comparison(VmState* vm) : vm_(vm) {}

  Value compare(Value a, Value b) { return compare_lists(a, b); }

 private:
  static constexpr uint64_t kBudget = 100000;
  static constexpr uint64_t kDepth = 200;

  bool remembering() { return ++steps_ > kBudget || depth_ > kDepth; }
  bool known(Value a, Value b) { return remembering() && !begun_.empty() && begun_.count({a.bits, b.bits}) != 0; }

  // Pairs along their cdrs, then what the lists end in.
  Value compare_lists(Value a, Value b) {
    uint64_t step = 0, limit = 16;
    Value mark_a = kNil, mark_b = kNil;
    while (value::is_pair(a) && value::is_pair(b)) {
      Value same = element(value::car(a), value::car(b));
      if (same != kTrue) return same;
      a = value::cdr(a);
      b = value::cdr(b);
      if (a == b || (a == mark_a && b == mark_b) || known(a, b)) return kTrue;
      if (++step != limit) continue;
      limit *= 2;
      mark_a = a;
      mark_b = b;
    }
    return whole(a, b);
  }

  // An element of a structure: leaves at once, structures by recursion.
  Value element(Value a, Value b) {
    if (a == b) return kTrue;
    if (!value::is_heap(a) || !value::is_heap(b)) return make_bool(eqv(a, b));
    return is_structure(a) ? structure(a, b) : whole(a, b);
  }

  static bool is_structure(Value v) {
    return value::is_pair(v) || value::is_vector(v) || value::is_dict(v) || value::is_type(v, Type::kTuple) ||
           value::is_type(v, Type::kValues);
  }

  Value structure(Value a, Value b) {
    if (remembering() && !begun_.insert({a.bits, b.bits}).second) return kTrue;
    if (!frame::ensure_stack(vm_, "equal?")) return kUnwind;
    depth_++;
    Value same = compare_lists(a, b);
    depth_--;
    return same;
  }

  // Two values of which at least one is no pair.
  Value whole(Value a, Value b) {
    if (a == b) return kTrue;
    if (!value::is_object(a) || !value::is_object(b)) return make_bool(eqv(a, b));
    Type type = as<value::Object>(a)->type;
    if (type != as<value::Object>(b)->type) return kFalse;
    switch (type) {
      case Type::kString:
        return make_bool(same_text(a, b));
      case Type::kVector:
        return vectors(as<value::Vector>(a), as<value::Vector>(b));
      case Type::kTuple:
      case Type::kValues:
        return values(as<value::Tuple>(a), as<value::Tuple>(b));
      case Type::kBytes:
        return make_bool(same_packed<value::Bytes>(a, b));
      case Type::kI64Vector:
        return make_bool(same_packed<value::I64Vector>(a, b));
      case Type::kF64Vector:
        return make_bool(same_doubles(a, b));
      case Type::kDict:
        return dicts(a, b);
      default:
        return make_bool(eqv(a, b));
    }
  }

  Value vectors(const value::Vector* x, const value::Vector* y) {
    if (x->length != y->length) return kFalse;
    for (uint64_t i = 0; i < x->length; i++) {
      Value same = element(heap::vector_ref(heap_of(vm_), x, i), heap::vector_ref(heap_of(vm_), y, i));
      if (same != kTrue) return same;
    }
    return kTrue;
  }

  Value values(const value::Tuple* x, const value::Tuple* y) {
    if (x->length != y->length) return kFalse;
    for (uint64_t i = 0; i < x->length; i++) {
      Value same = element(x->data[i], y->data[i]);
      if (same != kTrue) return same;
    }
    return kTrue;
  }

  Value dicts(Value a, Value b) {
    if (dict_count(a) != dict_count(b) || as<value::Dict>(a)->equality != as<value::Dict>(b)->equality) return kFalse;
    Value key, value;
    for (DictCursor at(a); at.next(&key, &value);) {
      int64_t found = dict_find(vm_, b, key);
      if (found < 0) return found == kDictAbsent ? kFalse : kUnwind;
      Value same = element(value, dict_entry(b, found)->value);
      if (same != kTrue) return same;
    }
    return kTrue;
  }

  VmState* vm_;
  uint64_t steps_ = 0;
  uint64_t depth_ = 0;
  std::unordered_set<std::pair<uint64_t, uint64_t>, PairHash> begun_;
};

// Hashes at most kNodes parts of a structure, in an order that depends on the structure alone.
class StructureHash {
 public:
  uint64_t of(Value v, int depth) {
    if (left_ == 0) return 1;
    left_--;
    if (value::is_pair(v)) return list(v, depth);
    if (!value::is_object(v)) return leaf(v);
    switch (as<value::Object>(v)->type) {
      case Type::kVector:
        return elements(heap::VectorView(as<value::Vector>(v)), depth);
      case Type::kTuple:
      case Type::kValues:
        return values(as<value::Tuple>(v), depth);
      case Type::kDict:
        return combine(77, dict_count(v));  // the order of keys must not count
      default:
        return leaf(v);
    }
  }

  static uint64_t leaf(Value v);

 private:
  static constexpr int kNodes = 256;
  static constexpr int kDepth = 24;

  uint64_t list(Value v, int depth) {
    uint64_t sum = 11;
    for (; value::is_pair(v) && left_ > 0; v = value::cdr(v)) sum = part(sum, value::car(v), depth);
    return value::is_pair(v) ? sum : part(sum, v, depth);
  }
  uint64_t elements(heap::VectorView vector, int depth) {
    uint64_t sum = combine(13 + static_cast<uint64_t>(Type::kVector), vector.length());
    for (uint64_t i = 0; i < vector.length() && left_ > 0; i++) sum = part(sum, vector[i], depth);
    return sum;
  }
  uint64_t values(const value::Tuple* object, int depth) {
    uint64_t sum = combine(13 + static_cast<uint64_t>(object->type), object->length);
    for (uint64_t i = 0; i < object->length && left_ > 0; i++) sum = part(sum, object->data[i], depth);
    return sum;
  }
  uint64_t part(uint64_t sum, Value v, int depth) { return depth < kDepth ? combine(sum, of(v, depth + 1)) : sum; }

  int left_ = kNodes;
};

uint64_t string_hash(value::String* s) {
  if (s->hash == 0) {
    auto h = static_cast<uint32_t>(base::hash_bytes(s->data, s->bytes));
    s->hash = h != 0 ? h : 1;
  }
  return s->hash;
}

uint64_t packed_hash(const void* data, size_t bytes) { return base::hash_bytes(data, bytes); }

uint64_t f64_hash(const value::F64Vector* v) {
  uint64_t sum = v->length;
  for (uint64_t i = 0; i < v->length; i++) {
    uint64_t bits = 0;  // every NaN is the same
    if (v->data[i] == v->data[i]) std::memcpy(&bits, &v->data[i], sizeof bits);
    sum = combine(sum, bits);
  }
  return sum;
}

uint64_t StructureHash::leaf(Value v) {
  if (value::is_flonum_immediate(v) || is_big_number(v)) return mix(frame::number::hash(v));
  if (!value::is_object(v)) return value::is_fixnum(v) ? v.bits >> value::kFixnumShift : mix(v.bits);
  switch (as<value::Object>(v)->type) {
    case Type::kString:
      return string_hash(as<value::String>(v));
    case Type::kSymbol:
      return as<value::Symbol>(v)->hash;
    case Type::kKeyword:
      return as<value::Keyword>(v)->hash;
    case Type::kBytes:
      return packed_hash(as<value::Bytes>(v)->data, as<value::Bytes>(v)->length);
    case Type::kI64Vector:
      return packed_hash(as<value::I64Vector>(v)->data, as<value::I64Vector>(v)->length * 8);
    case Type::kF64Vector:
      return f64_hash(as<value::F64Vector>(v));
    default:
      return mix(v.bits);
  }
}

KeyClass key_class(Value v) {
  if (value::is_pair(v)) return KeyClass::kDeep;
  if (!value::is_object(v)) return KeyClass::kWord;
  switch (as<value::Object>(v)->type) {
    case Type::kString:
      return KeyClass::kString;
    case Type::kVector:
    case Type::kTuple:
    case Type::kValues:
    case Type::kDict:
    case Type::kBytes:
    case Type::kI64Vector:
    case Type::kF64Vector:
    case Type::kBignum:
    case Type::kRatio:
    case Type::kFlonum:
      return KeyClass::kDeep;
    default:
      return KeyClass::kWord;
  }
}

}  // namespace

bool eqv(Value a, Value b) {
  if (a == b) return true;
  return is_big_number(a) && is_big_number(b) && frame::number::eqv(a, b);
}

Value equal(VmState* vm, Value a, Value b) {
  if (a == b) return kTrue;
  if (!value::is_heap(a) || !value::is_heap(b)) return kFalse;
  if (value::is_string(a)) return make_bool(value::is_string(b) && same_text(a, b));
  return Comparison(vm).compare(a, b);
}

uint64_t hash(Value v) {
  if (value::is_fixnum(v)) return v.bits >> value::kFixnumShift & kHashMask;
  return StructureHash().of(v, 0) & kHashMask;
}

Key key_of_any(Value v) { return {v, hash(v), key_class(v)}; }

Key key_by_identity(Value v, bool numbers) {
  if (numbers && is_big_number(v)) return {v, hash(v), KeyClass::kDeep};
  uint64_t bits = value::is_fixnum(v) ? v.bits >> value::kFixnumShift : mix(v.bits);
  return {v, bits & kHashMask, KeyClass::kWord};
}

}  // namespace terrace::prims
