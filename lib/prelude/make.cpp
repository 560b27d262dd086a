// prelude/make.cpp: a program that runs while Terrace is built: compiles the SX text of the prelude and writes it as C++.
//
//   make-prelude OUTPUT (NAME FILE)...
//
// NAME is what traces call the source. Every form of a file defines a function without captures, another name of one, or a
// macro by syntax-rules. Nothing of it is run, so this vm has no interpreter.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "bytecode/encoding.hpp"
#include "prims/primitive.hpp"
#include "syntax/compile.hpp"
#include "text/printer.hpp"
#include "text/reader.hpp"

namespace terrace::prelude {
namespace {

using namespace value;
using bytecode::ConstantKind;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "make-prelude: %s\n", what.c_str());
  std::exit(1);
}

class Maker {
 public:
  explicit Maker(const void* stack_base) : vm_({}, frame::Hooks{}) {
    static const frame::Runtime kNoRuntime{};
    vm_.heap.add_root_provider(
        [this, stack_base](heap::Marker& marker) { marker.conservative(vm_.heap.stack_edge(), stack_base); });
    vm_.state.runtime = &kNoRuntime;
    prims::install(state());
  }

  void compile(const std::string& source, const std::string& name) {
    text::Reader reader(state(), source, name);
    for (;;) {
      text::SourceMap places;
      Value form = reader.next(places);
      if (form == kEof) return;
      const size_t macros = vm_.macro_index.size();
      Value top = form == kUnwind ? form : syntax::compile_toplevel(state(), form, places, name);
      if (top == kUnwind)
        fail(std::string(frame::string_view_of(as<Error>(frame::take_error(state()))->message)));
      if (vm_.macro_index.size() != macros)
        add_macro(car(cdr(form)));
      else
        add_global(form, as_closure(top)->proto);
    }
  }

  std::string tables() const {
    return tables_ + "constexpr Function kFunctions[] = {\n" + functions_ + "};\nconstexpr Entry kEntries[] = {\n" + entries_ +
           "};\n";
  }

 private:
  VmState* state() { return &vm_.state; }

  void add_entry(std::string_view name, size_t function) {
    entries_ += "  {\"" + std::string(name) + "\", " + std::to_string(function) + ", {}},\n";
    functions_of_.emplace(name, function);
  }

  void add_macro(Value name) {
    std::string rules;
    text::print(rules, vm_.macros[vm_.macro_index.at(name.bits)], text::Style::kWrite);
    entries_ += "  {\"" + std::string(frame::symbol_name(name)) + "\", -1, R\"sx(" + rules + ")sx\"},\n";
  }

  // (define (name . parameters) body ...), (define name function) or (define name other)
  void add_global(Value form, const Proto* top) {
    Value target = car(cdr(form));
    const std::string name(frame::symbol_name(is_pair(target) ? car(target) : target));
    Value given = car(cdr(cdr(form)));
    if (is_symbol(target) && is_symbol(given))
      return add_entry(name, functions_of_.at(std::string(frame::symbol_name(given))));
    for (uint32_t i = 0; i < top->constant_count; i++) {
      if (top->function->constants[i] != ConstantKind::kFunction) continue;
      const auto* proto = as<Proto>(top->constant[i]);
      if (!proto->function->captures.empty()) fail(name + " captures something");
      return add_entry(name, add_function(proto));
    }
    fail(name + " is no function");
  }

  // Answers its number. Those inside come before it.
  size_t add_function(const Proto* proto) {
    std::string inner;
    size_t inner_count = 0;
    for (uint32_t i = 0; i < proto->constant_count; i++) {
      const ConstantKind kind = proto->function->constants[i];
      if (kind == ConstantKind::kData && is_heap(proto->constant[i])) fail("a constant that is no immediate");
      if (kind != ConstantKind::kFunction) continue;
      inner += std::to_string(add_function(as<Proto>(proto->constant[i]))) + ",";
      inner_count++;
    }
    std::string bytes;
    for (uint8_t byte : bytecode::encode(proto)) bytes += std::to_string(byte) + ",";
    const std::string number = std::to_string(functions_count_);
    tables_ += "constexpr uint8_t kBytes" + number + "[] = {" + bytes + "};\n";
    if (inner_count != 0) tables_ += "constexpr uint16_t kInner" + number + "[] = {" + inner + "};\n";
    functions_ += "  {kBytes" + number + ", " + (inner_count == 0 ? "{}" : "kInner" + number) + "},\n";
    return functions_count_++;
  }

  frame::Vm vm_;
  std::string tables_;
  std::string functions_;
  std::string entries_;
  std::unordered_map<std::string, size_t> functions_of_;  // by the name of the global
  size_t functions_count_ = 0;
};

std::string contents_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) fail(std::string("cannot read ") + path);
  return text.str();
}

int main(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) fail("usage: make-prelude OUTPUT (NAME FILE)...");
  Maker maker(__builtin_frame_address(0));
  for (int i = 2; i < argc; i += 2) maker.compile(contents_of(argv[i + 1]), argv[i]);
  std::ofstream out(argv[1], std::ios::binary);
  out << maker.tables();
  return out.flush() ? 0 : 1;
}

}  // namespace
}  // namespace terrace::prelude

int main(int argc, char** argv) { return terrace::prelude::main(argc, argv); }
