// cli/line_editor.hpp: one line after the other from a terminal, with history and completion, or from a pipe without.
//
// Answers for: libedit. Not for: what a complete program is (repl.cpp).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace terrace::cli {

class LineEditor {
 public:
  // `names` answers what a word may be completed to.
  explicit LineEditor(std::function<std::vector<std::string>()> names);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  struct Line {
    std::string text;      // without its newline
    bool abandoned = false;  // Ctrl-C
  };
  // Nothing at the end of input.
  std::optional<Line> read(const std::string& prompt);
  // Adds to the history and its file.
  void remember(const std::string& text);
  bool interactive() const { return terminal_ != nullptr; }

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

// XDG_STATE_HOME/terrace/history, or below ~/.local/state; empty when there is no home. The directory is made.
std::string history_path();

}  // namespace terrace::cli
