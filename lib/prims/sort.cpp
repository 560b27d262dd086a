// prims/sort.cpp: stable sorting of lists and vectors.
//
// Answers for: sort and sort-by. A merge sort from the bottom up over two rooted arrays: the order is asked n log n
// times at most, elements that are alike keep their order, and an order that contradicts itself gives some order, never
// an error.
#include <algorithm>

#include "frame/number.hpp"
#include "prims/sequence.hpp"

namespace terrace::prims {

namespace {

// Whether `a` comes before `b`; false after raising.
class Order {
 public:
  Order(VmState* vm, const char* who, const Value* function) : vm_(vm), who_(who), function_(function) {}

  bool less(Value a, Value b, bool* answer) {
    if (function_ == nullptr) return natural(a, b, answer);
    Value pair[] = {a, b};
    Value v = frame::call(vm_, *function_, pair, 2);
    *answer = value::is_truthy(v);
    return v != kUnwind;
  }

 private:
  // Numbers by value, strings by code points, which is the order of their UTF-8 bytes.
  bool natural(Value a, Value b, bool* answer) {
    if (value::both_fixnum(a, b)) {
      *answer = value::fixnum_value(a) < value::fixnum_value(b);
      return true;
    }
    if (frame::number::is_number(a) && frame::number::is_number(b)) {
      *answer = frame::number::compare(a, b) == -1;
      return true;
    }
    if (value::is_string(a) && value::is_string(b)) {
      *answer = frame::string_view_of(a) < frame::string_view_of(b);
      return true;
    }
    bool first_fits = frame::number::is_number(a) || value::is_string(a);
    return raise_type(vm_, who_, "numbers only or strings only", first_fits ? b : a), false;
  }

  VmState* vm_;
  const char* who_;
  const Value* function_;
};

// What is sorted: `width` words an element, of which the first is compared.
class MergeSort {
 public:
  MergeSort(VmState* vm, Order* order, RootedValues* items, size_t width)
      : order_(order), from_(items), to_(&spare_), spare_(heap_of(vm)), width_(width) {
    spare_.resize(items->size(), kNil);
  }

  // The sorted array, or null after raising.
  RootedValues* run() {
    size_t n = from_->size() / width_;
    for (size_t run = 1; run < n; run *= 2) {
      for (size_t at = 0; at < n; at += 2 * run) {
        if (!merge(at, std::min(at + run, n), std::min(at + 2 * run, n))) return nullptr;
      }
      std::swap(from_, to_);
    }
    return from_;
  }

 private:
  void move(size_t from, size_t to) {
    for (size_t i = 0; i < width_; i++) (*to_)[to * width_ + i] = (*from_)[from * width_ + i];
  }

  bool merge(size_t left, size_t middle, size_t right) {
    size_t a = left, b = middle;
    for (size_t out = left; out < right; out++) {
      bool second = a == middle;
      if (!second && b < right && !order_->less((*from_)[b * width_], (*from_)[a * width_], &second)) return false;
      move(second ? b++ : a++, out);
    }
    return true;
  }

  Order* order_;
  RootedValues* from_;
  RootedValues* to_;
  RootedValues spare_;
  size_t width_;
};

}  // namespace

Value prim_sort(VmState* vm, const Value* args, uint64_t argc) {
  // Both argument orders are accepted: (sort less? seq) is as common in other dialects as (sort seq less?).
  bool function_first = argc > 1 && value::is_function(args[0]);
  Value sequence = args[function_first ? 1 : 0];
  const Value* function = argc > 1 ? &args[function_first ? 0 : 1] : nullptr;
  if (function && !function_argument(vm, "sort", *function)) return kUnwind;
  RootedValues items(heap_of(vm));
  if (!gather(vm, "sort", sequence, &items)) return kUnwind;
  Order order(vm, "sort", function);
  MergeSort sort(vm, &order, &items, 1);
  RootedValues* sorted = sort.run();
  return sorted ? sequence_of(vm, "sort", *sorted, value::is_vector(sequence)) : kUnwind;
}

Value prim_sort_by(VmState* vm, const Value* args, uint64_t) {
  RootedValues elements(heap_of(vm)), keyed(heap_of(vm));
  if (!function_argument(vm, "sort-by", args[0]) || !gather(vm, "sort-by", args[1], &elements)) return kUnwind;
  for (size_t i = 0; i < elements.size(); i++) {
    Value key = frame::call1(vm, args[0], elements[i]);
    if (key == kUnwind) return kUnwind;
    keyed.push(key);
    keyed.push(elements[i]);
  }
  Order order(vm, "sort-by", nullptr);
  MergeSort sort(vm, &order, &keyed, 2);
  RootedValues* sorted = sort.run();
  if (sorted == nullptr) return kUnwind;
  for (size_t i = 0; i < elements.size(); i++) elements[i] = (*sorted)[2 * i + 1];
  return sequence_of(vm, "sort-by", elements, value::is_vector(args[1]));
}

}  // namespace terrace::prims
