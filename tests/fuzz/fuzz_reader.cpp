// fuzz/fuzz_reader.cpp: text to data to text: what is written must be read again as an equal datum, and be written
// the same again.
#include <pthread.h>

#include <string>

#include "prims/equality.hpp"
#include "sandbox.hpp"
#include "text/printer.hpp"
#include "text/reader.hpp"

namespace {

using namespace terrace;
using value::Value;

void* stack_base() {
  pthread_attr_t attributes;
  void* low = nullptr;
  size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return static_cast<char*>(low) + size;
}

// A vm that only reads, whose collector looks at the whole stack of this thread.
class ReaderVm {
 public:
  ReaderVm() : vm_(heap_options(), frame::Hooks{}) {
    vm_.heap.add_root_provider(
        [this, base = stack_base()](heap::Marker& marker) { marker.conservative(vm_.heap.stack_edge(), base); });
  }
  frame::VmState* state() { return &vm_.state; }

 private:
  static heap::HeapOptions heap_options() {
    heap::HeapOptions options;
    options.limit_bytes = uint64_t{256} << 20;
    return options;
  }
  frame::Vm vm_;
};

// The only datum of a text that the printer made.
Value reread(frame::VmState* vm, const std::string& text) {
  text::SourceMap map;
  text::Reader reader(vm, text, "again");
  Value datum = reader.next(map);
  if (datum == value::kUnwind) return datum;
  if (reader.next(map) != value::kEof) fuzz::found("more than one datum was written");
  return datum;
}

void check(frame::VmState* vm, Value datum) {
  std::string first = text::written(datum);
  Value again = reread(vm, first);
  if (again == value::kUnwind) fuzz::found(("what was written cannot be read: " + first).c_str());
  if (prims::equal(vm, datum, again) == value::kFalse) fuzz::found((first + " is read as another datum").c_str());
  std::string second = text::written(again);
  if (first != second) fuzz::found((first + " is written differently the second time: " + second).c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ReaderVm vm;
  std::string source(reinterpret_cast<const char*>(data), size);
  text::SourceMap map;
  text::Reader reader(vm.state(), source, "fuzz");
  heap::RootedValues read(frame::heap_of(vm.state()));
  for (;;) {
    Value datum = reader.next(map);
    if (datum == value::kEof || datum == value::kUnwind) break;
    read.push(datum);
    check(vm.state(), datum);
  }
  return 0;
}
