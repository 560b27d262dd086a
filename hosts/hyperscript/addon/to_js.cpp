// addon/to_js.cpp: conversions out of SX.
#include "to_js.hpp"

#include <cstring>
#include <utility>
#include <vector>

#include "errors.hpp"
#include "js.hpp"
#include "to_sx.hpp"

namespace terrace::node {

namespace {

constexpr int64_t kMaxSafe = 9007199254740991;
// As for values that go in: the recursion must fit the stack.
constexpr uint32_t kMaxDepth = 1000;
constexpr size_t kChunk = 256;

// A reference that the addon owns.
class OwnedRef {
 public:
  OwnedRef(const Library& lib, jit_ref* ref) : lib_(lib), ref_(ref) {}
  ~OwnedRef() { lib_.ref_release(ref_); }
  OwnedRef(const OwnedRef&) = delete;
  operator jit_ref*() const { return ref_; }
  jit_ref* take() { return std::exchange(ref_, nullptr); }

 private:
  const Library& lib_;
  jit_ref* ref_;
};

// Values that jit_items wrote and nobody has taken over yet.
class Items {
 public:
  Items(const Library& lib, size_t capacity) : values_(capacity), lib_(lib) {}
  ~Items() {
    for (; taken_ < count_; taken_++)
      if (values_[taken_].kind == JIT_REF) lib_.ref_release(values_[taken_].as.ref);
  }
  Items(const Items&) = delete;
  bool more() const { return taken_ < count_; }
  jit_value take() { return values_[taken_++]; }
  jit_value* data() { return values_.data(); }
  size_t capacity() const { return values_.size(); }
  void filled(size_t count) { taken_ = 0, count_ = count; }

 private:
  std::vector<jit_value> values_;
  size_t count_ = 0;
  size_t taken_ = 0;
  const Library& lib_;
};

class ToJs {
 public:
  explicit ToJs(VmHandle& vm) : vm_(vm), lib_(vm.lib()), env_(vm.env()), js_(vm.environment()) {}

  // Takes a reference over.
  napi_value convert(jit_value value) {
    switch (value.kind) {
      case JIT_NIL:
        return null(env_);
      case JIT_BOOL:
        return boolean(value.as.integer != 0);
      case JIT_INT:
        return integer(value.as.integer);
      case JIT_DOUBLE:
        return make_number(env_, value.as.number);
      case JIT_CHAR:
        return js_.call(Import::makeChar, {make_number(env_, static_cast<double>(value.as.integer))});
      case JIT_REF: {
        OwnedRef ref(lib_, value.as.ref);
        return nested(ref, value.type);
      }
      default:
        return undefined(env_);
    }
  }

  napi_value list(const jit_ref* ref) { return array_of(ref); }

 private:
  napi_value boolean(bool value) {
    napi_value made;
    check(env_, napi_get_boolean(env_, value, &made));
    return made;
  }

  napi_value integer(int64_t value) {
    if (value >= -kMaxSafe && value <= kMaxSafe) return make_number(env_, static_cast<double>(value));
    napi_value made;
    check(env_, napi_create_bigint_int64(env_, value, &made));
    return made;
  }

  napi_value nested(OwnedRef& ref, uint32_t type) {
    if (++depth_ > kMaxDepth)
      throw_range_error(env_, "the value is nested too deeply for JavaScript, or contains itself");
    napi_value made = object(ref, type);
    depth_--;
    return made;
  }

  napi_value object(OwnedRef& ref, uint32_t type) {
    switch (type) {
      case JIT_TYPE_STRING:
        return text(ref);
      case JIT_TYPE_SYMBOL:
        return js_.call(Import::makeSymbol, {text(ref)});
      case JIT_TYPE_KEYWORD:
        return js_.call(Import::makeKeyword, {text(ref)});
      case JIT_TYPE_PAIR:
      case JIT_TYPE_VECTOR:
        return array_of(ref);
      case JIT_TYPE_TUPLE:
        return js_.call(Import::makeTuple, {array_of(ref)});
      case JIT_TYPE_DICT:
        return js_.call(Import::makeDict, {array_of(ref), boolean(vm_.dicts_are_objects)});
      case JIT_TYPE_BYTES:
        return bytes(ref);
      case JIT_TYPE_F64_VECTOR:
        return doubles(ref);
      case JIT_TYPE_I64_VECTOR:
        return integers(ref);
      case JIT_TYPE_BIG_INTEGER:
        return js_.call(Import::makeBigInt, {printed(ref)});
      case JIT_TYPE_RATIO:
        return js_.call(Import::makeRatio, {printed(ref)});
      case JIT_TYPE_FUNCTION:
        return js_.call(Import::makeFunction, {held(ref), vm_.core()});
      case JIT_TYPE_ERROR:
        return error(ref);
      case JIT_TYPE_HOST_OBJECT:
        if (napi_value own = host_object(vm_, ref)) return own;
        [[fallthrough]];
      default:
        return js_.call(Import::makeObject, {held(ref), vm_.core()});
    }
  }

  napi_value held(OwnedRef& ref) {
    auto handle = std::make_shared<ReferenceHandle>(shared_vm(), nullptr);
    handle->ref = ref.take();
    return make_external(env_, std::move(handle));
  }

  std::shared_ptr<VmHandle> shared_vm() { return std::static_pointer_cast<VmHandle>(vm_.shared_from_this()); }

  napi_value text(const jit_ref* ref) {
    const char* data = nullptr;
    size_t size = 0;
    jit_error* error = nullptr;
    check_status(vm_, lib_.string_data(ref, &data, &size, &error), error);
    return make_text(env_, data, size);
  }

  // The decimal digits of a number.
  napi_value printed(jit_ref* ref) {
    jit_value value{};
    value.kind = JIT_REF;
    value.as.ref = ref;
    jit_ref* digits = nullptr;
    jit_error* error = nullptr;
    check_status(vm_, lib_.print(vm_.vm, &value, 1, &digits, &error), error);
    OwnedRef owned(lib_, digits);
    return text(owned);
  }

  // Elements of a list, vector or tuple, keys and values in turn of a dict; pairs when the list is improper.
  napi_value array_of(const jit_ref* ref) {
    napi_value array;
    check(env_, napi_create_array(env_, &array));
    const bool dict = lib_.ref_type(ref) == JIT_TYPE_DICT;
    if (lib_.ref_type(ref) == JIT_TYPE_PAIR) return list_of(ref, array);
    Items items(lib_, kChunk);
    uint32_t at = 0;
    for (size_t start = 0;;) {
      const size_t count = fill(ref, start, items, nullptr);
      at = append(items, array, at);
      if (count < items.capacity() - (dict ? 1 : 0)) return array;
      start += dict ? count / 2 : count;
    }
  }

  // A list is read at one go: every call would walk it from its head.
  napi_value list_of(const jit_ref* ref, napi_value array) {
    size_t length = 0;
    const bool proper = lib_.length(ref, &length, nullptr) == JIT_OK;
    for (size_t capacity = proper ? length + 1 : kChunk;; capacity *= 2) {
      if (!proper && capacity > kMostImproper)
        throw_range_error(env_, "the list is circular, or improper and very long");
      Items items(lib_, capacity);
      jit_value tail{};
      if (fill(ref, 0, items, &tail) == capacity) continue;  // there may be more
      append(items, array, 0);
      return tail.kind == JIT_NIL ? array : js_.call(Import::makePair, {array, convert(tail)});
    }
  }

  size_t fill(const jit_ref* ref, size_t start, Items& items, jit_value* tail) {
    size_t count = 0;
    jit_error* error = nullptr;
    check_status(vm_, lib_.items(ref, start, items.data(), items.capacity(), &count, tail, &error), error);
    items.filled(count);
    return count;
  }

  uint32_t append(Items& items, napi_value array, uint32_t at) {
    while (items.more()) {
      Scope scope(env_);
      check(env_, napi_set_element(env_, array, at++, convert(items.take())));
    }
    return at;
  }

  napi_value typed(napi_typedarray_type type, size_t count, napi_value buffer) {
    napi_value array;
    check(env_, napi_create_typedarray(env_, type, count, buffer, 0, &array));
    return array;
  }

  napi_value copied(napi_typedarray_type type, const void* data, size_t count, size_t width) {
    napi_value buffer;
    void* to = nullptr;
    check(env_, napi_create_arraybuffer(env_, count * width, &to, &buffer));
    if (count) std::memcpy(to, data, count * width);
    return typed(type, count, buffer);
  }

  napi_value bytes(const jit_ref* ref) {
    uint8_t* data = nullptr;
    size_t size = 0;
    jit_error* error = nullptr;
    check_status(vm_, lib_.bytes_data(ref, &data, &size, &error), error);
    return copied(napi_uint8_array, data, size, 1);
  }

  napi_value integers(const jit_ref* ref) {
    size_t count = 0;
    jit_error* error = nullptr;
    check_status(vm_, lib_.length(ref, &count, &error), error);
    std::vector<int64_t> values(count);
    for (size_t i = 0; i < count; i++) {
      jit_value item{};
      check_status(vm_, lib_.get(ref, i, &item, &error), error);
      values[i] = item.as.integer;
    }
    return copied(napi_bigint64_array, values.data(), count, sizeof(int64_t));
  }

  // The array shows the vector's own memory, which stays where it is as long as the handle lives.
  napi_value doubles(OwnedRef& ref) {
    double* data = nullptr;
    size_t count = 0;
    jit_error* error = nullptr;
    check_status(vm_, lib_.f64_data(ref, &data, &count, &error), error);
    auto handle = std::make_shared<ViewHandle>(shared_vm(), nullptr);
    handle->ref = ref.take();
    napi_value array = count ? view(data, count, handle) : nullptr;
    if (!array) array = copied(napi_float64_array, data, count, sizeof(double));
    mark_view(array, std::move(handle));
    return array;
  }

  // Null where Node allows no memory of others; then the array is a copy.
  napi_value view(double* data, size_t count, const std::shared_ptr<ViewHandle>& handle) {
    auto* owner = new std::shared_ptr<ViewHandle>(handle);
    auto forget = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<ViewHandle>*>(hint); };
    napi_value buffer;
    if (napi_create_external_arraybuffer(env_, data, count * sizeof(double), forget, owner, &buffer) == napi_ok)
      return typed(napi_float64_array, count, buffer);
    delete owner;
    return nullptr;
  }

  void mark_view(napi_value array, std::shared_ptr<ViewHandle> handle) {
    napi_value mark = make_number(env_, static_cast<double>(Mark::kView));
    check(env_, napi_set_property(env_, array, js_.import(Import::kindSymbol), mark));
    check(env_,
          napi_set_property(env_, array, js_.import(Import::handleSymbol), make_external(env_, std::move(handle))));
  }

  napi_value tool(Tool which, jit_ref* argument) {
    jit_value function{}, value{}, result{};
    function.kind = value.kind = JIT_REF;
    function.as.ref = vm_.tools[static_cast<size_t>(which)];
    value.as.ref = argument;
    jit_error* error = nullptr;
    check_status(vm_, lib_.call(vm_.vm, &function, &value, 1, &result, nullptr, &error), error);
    return convert(result);
  }

  napi_value error(OwnedRef& ref) {
    napi_value kind = tool(Tool::kErrorKind, ref), message = tool(Tool::kErrorMessage, ref);
    napi_value irritants = tool(Tool::kErrorIrritants, ref);
    return js_.call(Import::makeErrorValue, {kind, message, irritants, held(ref), vm_.core()});
  }

  static constexpr size_t kMostImproper = size_t{1} << 20;
  VmHandle& vm_;
  const Library& lib_;
  napi_env env_;
  Environment& js_;
  uint32_t depth_ = 0;
};

}  // namespace

napi_value to_js(VmHandle& vm, jit_value value) { return ToJs(vm).convert(value); }

napi_value to_js_borrowed(VmHandle& vm, const jit_value& value) {
  if (value.kind == JIT_REF) vm.lib().ref_retain(value.as.ref);
  return to_js(vm, value);
}

napi_value list_to_js(VmHandle& vm, const jit_ref* list) { return ToJs(vm).list(list); }

}  // namespace terrace::node
