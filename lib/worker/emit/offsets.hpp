// worker/emit/offsets.hpp: every offset and layout fact that compiled code bakes in, taken from the structs themselves.
//
// Offsets of fields of tagged objects include the tag: they are added to the tagged word. Not for: meaning
// (value/objects.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "frame/vm_state.hpp"

namespace terrace::worker::emit::offsets {

// The structs derive from Object, so offsetof on them is "conditionally supported"; GCC supports it and lays them out
// plainly.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
#define T_OBJECT_FIELD(type, field) (static_cast<int64_t>(offsetof(value::type, field)) - int64_t{value::kTagObject})

inline constexpr int64_t kObjectHeader = T_OBJECT_FIELD(Object, type);  // 32 bits: type, flags, aux
inline constexpr uint32_t kHeaderTypeAndAux = 0xFFFF00FF;               // without the flags
inline constexpr uint32_t kHeaderType = 0xFF;
inline constexpr int kHeaderAuxShift = 16;
// What kHeaderTypeAndAux leaves of the header of a vector.
constexpr uint32_t vector_header(value::VectorKind kind) {
  return static_cast<uint32_t>(value::Type::kVector) | static_cast<uint32_t>(kind) << kHeaderAuxShift;
}
// The same with the flag of a vector of doubles without holes.
inline constexpr uint32_t kHeaderFull = uint32_t{value::kFull} << 8;
// Of a record: without the number of its type.
inline constexpr uint32_t kHeaderTypeAndFlags = 0xFFFF;
static_assert(offsetof(value::Object, flags) == 1);
static_assert(offsetof(value::Object, type) == 0 && offsetof(value::Object, aux) == 2);

inline constexpr int64_t kPairCar = static_cast<int64_t>(offsetof(value::Pair, car)) - int64_t{value::kTagPair};
inline constexpr int64_t kPairCdr = static_cast<int64_t>(offsetof(value::Pair, cdr)) - int64_t{value::kTagPair};

inline constexpr int64_t kVectorLength = T_OBJECT_FIELD(Vector, length);
inline constexpr int64_t kVectorData = T_OBJECT_FIELD(Vector, slot);
// The three packed kinds have the same head.
inline constexpr int64_t kPackedLength = T_OBJECT_FIELD(F64Vector, length);
inline constexpr int64_t kPackedData = T_OBJECT_FIELD(F64Vector, data);
static_assert(kPackedLength == T_OBJECT_FIELD(Bytes, length) && kPackedData == T_OBJECT_FIELD(Bytes, data));

inline constexpr int64_t kRecordTypeCount = T_OBJECT_FIELD(RecordType, count);
inline constexpr int64_t kRecordTypeNewHeader = T_OBJECT_FIELD(RecordType, new_header);
inline constexpr int64_t kRecordField = T_OBJECT_FIELD(Record, field);

inline constexpr int64_t kStringBytes = T_OBJECT_FIELD(String, bytes);
inline constexpr int64_t kStringLength = T_OBJECT_FIELD(String, length);
inline constexpr int64_t kStringData = T_OBJECT_FIELD(String, data);

inline constexpr int64_t kBignumSign = T_OBJECT_FIELD(Bignum, sign);
inline constexpr int64_t kBignumLimbs = T_OBJECT_FIELD(Bignum, limbs);
inline constexpr int64_t kBignumLimb = T_OBJECT_FIELD(Bignum, limb);
inline constexpr int64_t kFlonumNumber = T_OBJECT_FIELD(Flonum, number);
inline constexpr int64_t kBoxValue = T_OBJECT_FIELD(Box, value);
inline constexpr int64_t kCellValue = T_OBJECT_FIELD(Cell, value);

inline constexpr int64_t kClosureProto =
    static_cast<int64_t>(offsetof(value::Closure, proto)) - int64_t{value::kTagFunction};
inline constexpr int64_t kClosureCapture =
    static_cast<int64_t>(offsetof(value::Closure, capture)) - int64_t{value::kTagFunction};

// Fields of a Proto are reached through its plain address.
inline constexpr int64_t kProtoEntry = offsetof(value::Proto, entry);
inline constexpr int64_t kProtoProfile = offsetof(value::Proto, profile);
inline constexpr int64_t kProtoCountdown = offsetof(value::Proto, countdown);
inline constexpr int64_t kProtoTier = offsetof(value::Proto, tier);
inline constexpr int64_t kProtoStamp = offsetof(value::Proto, stamp);
inline constexpr int64_t kProtoConfirmed = offsetof(value::Proto, confirmed);
inline constexpr int64_t kProtoLinks = offsetof(value::Proto, links);
inline constexpr int64_t kProtoConstant = offsetof(value::Proto, constant);

inline constexpr int64_t kVmStackLimit = offsetof(VmState, stack_limit);
inline constexpr int64_t kVmRuntime = offsetof(VmState, runtime);
inline constexpr int64_t kVmRecordTypes = offsetof(VmState, record_types);
inline constexpr int64_t kVmPairNext = offsetof(VmState, window) + offsetof(heap::AllocWindow, pair_next);
inline constexpr int64_t kVmPairLimit = offsetof(VmState, window) + offsetof(heap::AllocWindow, pair_limit);
inline constexpr int64_t kVmObjectNext = offsetof(VmState, window) + offsetof(heap::AllocWindow, object_next);
inline constexpr int64_t kVmObjectLimit = offsetof(VmState, window) + offsetof(heap::AllocWindow, object_limit);
inline constexpr int64_t kVmDynamicDepth = offsetof(VmState, dynamic_depth);
inline constexpr int64_t kVmGuardDepth = offsetof(VmState, guard_depth);
inline constexpr int64_t kVmEpoch = offsetof(VmState, epoch);
inline constexpr int64_t kVmWatchEpoch = offsetof(VmState, watch_epoch);
inline constexpr int64_t kVmReturned = offsetof(VmState, returned);
inline constexpr int64_t kVmXargs = offsetof(VmState, xargs);

#undef T_OBJECT_FIELD
#pragma GCC diagnostic pop

// The first word of a fresh object of `bytes` bytes.
constexpr uint64_t fresh_header(value::Type type, uint64_t bytes) {
  return static_cast<uint64_t>(type) | (bytes >> 4) << 32;
}
static_assert(offsetof(value::Object, granules) == 4);

namespace detail {
template <class Result, class... Arguments>
constexpr int arity(Result (*)(VmState*, Arguments...)) {
  return static_cast<int>(sizeof...(Arguments));
}
}  // namespace detail

// How many arguments each runtime function takes after the vm.
inline constexpr int kRuntimeArity[] = {
#define T_RUNTIME(name, result, parameters, effect, text) \
  detail::arity(static_cast<decltype(frame::Runtime::name)>(nullptr)),
#include "frame/runtime.def"
#undef T_RUNTIME
};

}  // namespace terrace::worker::emit::offsets
