#include "repl.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "interrupts.hpp"
#include "line_editor.hpp"

namespace terrace::cli {

namespace {

// Completion is asked of the vm itself, so that it knows primitives, the library and what was defined a moment ago.
constexpr const char* kAllNames = "(string-join (map symbol->string (global-names)) \"\\n\")";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  size_t start = 0;
  while (start < text.size()) {
    size_t stop = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, stop - start));
    start = stop + 1;
  }
  return lines;
}

// The loop over the forms of one person.
class Repl {
 public:
  explicit Repl(Session& session) : session_(session), editor_([this] { return names(); }) {
    session_.on_interrupt([this] { return ask_to_go_on(); });
  }

  int run() {
    if (editor_.interactive()) std::cout << session_.library().version_string() << ". Ctrl-D ends." << std::endl;
    while (auto source = read_source()) {
      if (!source->empty()) evaluate(*source);
    }
    if (editor_.interactive()) std::cout << std::endl;
    return exit_code_;
  }

 private:
  // Lines until the reader is satisfied. Empty: abandoned. Nothing: end of input.
  std::optional<std::string> read_source() {
    std::string source;
    while (true) {
      auto line = editor_.read(source.empty() ? "> " : ". ");
      if (!line) return source.empty() ? std::nullopt : std::optional(source);
      if (line->abandoned) return std::string();
      source += line->text + "\n";
      if (complete(source)) return source;
    }
  }

  bool complete(const std::string& source) {
    Outcome outcome = session_.call("source-complete?", {source});
    return outcome.kind != Outcome::Kind::kDone || outcome.value.raw().as.integer != 0;
  }

  void evaluate(const std::string& source) {
    editor_.remember(source.substr(0, source.find_last_not_of('\n') + 1));
    std::optional<KeyboardInterrupt> keyboard;
    if (editor_.interactive()) keyboard.emplace(session_.library(), session_.vm());
    Outcome outcome = session_.run(source, "repl");
    std::fflush(stdout);
    if (outcome.kind == Outcome::Kind::kFailed) {
      std::cerr << describe(outcome.failure) << std::endl;
      if (!editor_.interactive()) exit_code_ = 1;
    } else if (outcome.kind == Outcome::Kind::kCancelled) {
      std::cout << "cancelled" << std::endl;
    } else if (!outcome.value.is_unspecified()) {
      std::cout << session_.print(outcome.value.raw(), true) << std::endl;
    }
  }

  bool ask_to_go_on() {
    std::fflush(stdout);
    auto line = editor_.read("interrupted; go on? (y/n) ");
    return line && !line->abandoned && (line->text.starts_with("y") || line->text.starts_with("Y"));
  }

  std::vector<std::string> names() {
    Outcome outcome = session_.run(kAllNames, "completion");
    if (outcome.kind != Outcome::Kind::kDone) return {};
    auto all = lines_of(session_.print(outcome.value.raw(), false));
    std::sort(all.begin(), all.end());
    return all;
  }

  Session& session_;
  LineEditor editor_;
  int exit_code_ = 0;
};

}  // namespace

int run_repl(Session& session) { return Repl(session).run(); }

}  // namespace terrace::cli
