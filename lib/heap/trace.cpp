// heap/trace.cpp: which words of an object are Values.
//
// Answers for: one case per type of value/types.def. The switch has no default: a type without a case does not compile.
#include <algorithm>
#include <cassert>

#include "heap/tracer.hpp"

namespace terrace::heap {

using value::Type;

namespace {

const Value* object_end(const value::Object* o) {
  return reinterpret_cast<const Value*>(reinterpret_cast<const char*>(o) + object_bytes(o));
}

}  // namespace

// The Values from `from` to the end of the object. Sizes are rounded up to granules, so the last word may be padding
// that nobody ever wrote: it is believed only when it points to something.
void Tracer::visit_up_to_end(const value::Object* o, const Value* from) {
  const Value* end = object_end(o);
  if (from >= end) return;
  visit_range(from, end - 1);
  conservative_word(end[-1].bits);
}

void Tracer::trace_object(value::Object* o) {
  switch (o->type) {
    case Type::kFree:
    case Type::kCount:
    case Type::kFlonum:
    case Type::kBignum:
    case Type::kString:
    case Type::kHostObject:
    case Type::kWeakRef:
      return;
    case Type::kRatio: {
      auto* ratio = static_cast<value::Ratio*>(o);
      visit(ratio->numerator);
      return visit(ratio->denominator);
    }
    case Type::kSymbol: {
      auto* symbol = static_cast<value::Symbol*>(o);
      visit(symbol->name);
      visit(symbol->cell);
      if ((o->flags & value::kAlias) == 0) return;
      visit(static_cast<value::Alias*>(symbol)->base);
      return visit(static_cast<value::Alias*>(symbol)->env);
    }
    case Type::kKeyword:
      return visit(static_cast<value::Keyword*>(o)->name);
    case Type::kVector: {
      auto* vector = static_cast<value::Vector*>(o);
      if (vector->kind() != value::VectorKind::kGeneric) return;
      return visit_range(value::words_of(vector), value::words_of(vector) + vector->length);
    }
    case Type::kF64Vector:
      return visit(static_cast<value::F64Vector*>(o)->owner);
    case Type::kI64Vector:
      return visit(static_cast<value::I64Vector*>(o)->owner);
    case Type::kBytes:
      return visit(static_cast<value::Bytes*>(o)->owner);
    case Type::kDict: {
      auto* dict = static_cast<value::Dict*>(o);
      visit(dict->index);
      return visit(dict->entries);
    }
    case Type::kRecordType: {
      auto* type = static_cast<value::RecordType*>(o);
      visit(type->name);
      visit(type->fields);
      return visit(type->parent);
    }
    case Type::kRecord: {
      auto* record = static_cast<value::Record*>(o);
      visit(space_.record_types().at(record->aux));
      const auto* field = reinterpret_cast<const Value*>(record->field);
      if (record->flags == 0) return visit_up_to_end(o, field);
      for (uint64_t n = 0; n < value::kMostRaw && field + n < object_end(o); n++)
        if (!record->is_raw(n)) visit(field[n]);
      return visit_up_to_end(o, field + value::kMostRaw);
    }
    case Type::kTuple:
    case Type::kValues: {
      auto* tuple = static_cast<value::Tuple*>(o);
      return visit_range(tuple->data, tuple->data + tuple->length);
    }
    case Type::kClosure: {
      auto* closure = static_cast<value::Closure*>(o);
      object(closure->proto);
      return visit_up_to_end(o, closure->capture);
    }
    case Type::kProto: {
      auto* proto = static_cast<value::Proto*>(o);
      visit(proto->links);
      visit(proto->name);
      return visit_range(proto->constant, proto->constant + proto->constant_count);
    }
    case Type::kBox:
      return visit(static_cast<value::Box*>(o)->value);
    case Type::kCell: {
      auto* cell = static_cast<value::Cell*>(o);
      visit(cell->value);
      return visit(cell->name);
    }
    case Type::kError: {
      auto* error = static_cast<value::Error*>(o);
      visit(error->kind);
      visit(error->message);
      visit(error->irritants);
      visit(error->trace);
      return visit(error->payload);
    }
    case Type::kUnwind:
      return visit(static_cast<value::Unwind*>(o)->value);
    case Type::kParameter: {
      auto* parameter = static_cast<value::Parameter*>(o);
      visit(parameter->initial);
      return visit(parameter->converter);
    }
  }
}

void Tracer::trace(Value v) {
  if (value::is_pair(v)) {
    traced_bytes_ += sizeof(value::Pair);
    visit(value::as_pair(v)->cdr);
    visit(value::as_pair(v)->car);
  } else {
    auto* object = reinterpret_cast<value::Object*>(v.bits & ~value::kTagMask);
    traced_bytes_ += object_bytes(object);
    trace_object(object);
  }
}

void Tracer::grow() {
  size_t used = stack_.size();
  stack_.resize(std::max<size_t>(4096, 2 * used));
  top_ = stack_.data() + used;
  limit_ = stack_.data() + stack_.size();
}

// What comes off the stack waits in a queue while the cache gets it (after Cher, Hosking and Vitek, ASPLOS 2004).
void Tracer::drain(size_t bytes) {
  Value queue[kAhead];
  size_t in = 0, out = 0;
  const size_t end = bytes < SIZE_MAX - traced_bytes_ ? traced_bytes_ + bytes : SIZE_MAX;
  while (traced_bytes_ < end) {
    while (in - out < kAhead && top_ != stack_.data()) {
      Value v = *--top_;
      __builtin_prefetch(reinterpret_cast<const void*>(v.bits & ~value::kTagMask));
      queue[in++ % kAhead] = v;
    }
    if (in == out) return;
    trace(queue[out++ % kAhead]);
  }
  while (in != out) push(queue[out++ % kAhead]);
}

void Tracer::trace(const Change& change) {
  if (change.from == nullptr) return trace(change.changed);
  traced_bytes_ += static_cast<size_t>(change.to - change.from) * sizeof(Value);
  for (const Value* at = change.from; at < change.to; at++)
    if (value::is_heap(*at) && space_.may_be_young(reinterpret_cast<const void*>(at->bits))) visit(*at);
}

// Elements of a vector are looked at at once, since it may be much longer than what changed in it.
void Tracer::again(const Change& change) {
  Value v = change.changed;
  auto* address = reinterpret_cast<char*>(v.bits & ~value::kTagMask);
  if (((mark_word(address) >> (granule_of(address) % 64)) & 1) == 0) return;
  if (change.from != nullptr) return visit_range(change.from, change.to);
  again_bytes_ += value::is_pair(v) ? sizeof(value::Pair) : object_bytes(reinterpret_cast<value::Object*>(address));
  push(v);
}

void Tracer::conservative_word(uintptr_t word) {
  Target target = space_.resolve(word);
  if (target.pair != nullptr) visit(value::from_pair(target.pair));
  if (target.object != nullptr) object(target.object);
}

// Stacks hold words that the compiler's sanitizer has poisoned around locals; reading them is the purpose here.
__attribute__((no_sanitize("address"))) void Tracer::conservative(const void* from, const void* to) {
  auto* word = reinterpret_cast<const uintptr_t*>((reinterpret_cast<uintptr_t>(from) + 7) & ~uintptr_t{7});
  auto* end = reinterpret_cast<const uintptr_t*>(reinterpret_cast<uintptr_t>(to) & ~uintptr_t{7});
  if (word < end) root_words_ += static_cast<size_t>(end - word);
  for (; word < end; word++) conservative_word(*word);
}

void Tracer::check([[maybe_unused]] Value v) {
  [[maybe_unused]] auto* address = reinterpret_cast<void*>(v.bits & ~value::kTagMask);
  [[maybe_unused]] Target target = space_.resolve(v.bits);
  assert(value::is_pair(v) ? target.pair == address : target.object == address);
}

}  // namespace terrace::heap
