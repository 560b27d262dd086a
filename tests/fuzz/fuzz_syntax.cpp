// fuzz/fuzz_syntax.cpp: any text as a program that is compiled and not run: expander, analyses, generator, and the
// verifier on what they made. Only macros run. A message that asks to report the program says that the verifier refused
// it.
#include <string>

#include "frame/vm.hpp"
#include "mutator.hpp"
#include "sandbox.hpp"

namespace {

using namespace terrace;

// Puts what the forms define into functions that are never called.
constexpr std::string_view kBefore = "(define (never) ", kAfter = "\n)";

void check_message(const engine::Outcome& outcome) {
  if (outcome.kind != engine::Outcome::Kind::kFailed || !value::is_error(outcome.value)) return;
  value::Value message = value::as<value::Error>(outcome.value)->message;
  std::string text(value::is_string(message) ? frame::string_view_of(message) : "");
  if (text.find("please report") != std::string::npos) fuzz::found(text.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Sandbox sandbox;
  std::string source;
  source.append(kBefore).append(reinterpret_cast<const char*>(data), size).append(kAfter);
  engine::Entry entry(sandbox.instance());
  check_message(sandbox.instance().eval(source, "fuzz", false));
  return 0;
}
