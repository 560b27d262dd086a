#include "line_editor.hpp"

#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

namespace terrace::cli {

namespace {

constexpr int kHistoryEntries = 2000;
constexpr std::string_view kDelimiters = " \t\n()[]{}'\"`,;";

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int) { interrupted = 1; }

// While a line is edited Ctrl-C abandons it. Without SA_RESTART, so that the read in el_gets ends.
class AbandonOnInterrupt {
 public:
  AbandonOnInterrupt() {
    interrupted = 0;
    struct sigaction action{};
    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &before_);
  }
  ~AbandonOnInterrupt() { sigaction(SIGINT, &before_, nullptr); }
  AbandonOnInterrupt(const AbandonOnInterrupt&) = delete;
  AbandonOnInterrupt& operator=(const AbandonOnInterrupt&) = delete;

 private:
  struct sigaction before_{};
};

std::string common_prefix(const std::vector<std::string>& words) {
  std::string prefix = words.front();
  for (const auto& word : words) {
    auto [end, ignored] = std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end());
    prefix.erase(end, prefix.end());
  }
  return prefix;
}

void show_choices(const std::vector<std::string>& words) {
  std::cout << '\n';
  for (const auto& word : words) std::cout << word << "  ";
  std::cout << std::endl;
}

}  // namespace

struct LineEditor::Terminal {
  EditLine* edit = nullptr;
  History* history = nullptr;
  std::string history_file;
  std::string prompt;
  std::function<std::vector<std::string>()> names;

  ~Terminal() {
    el_end(edit);
    history_end(history);
  }

  static Terminal* of(EditLine* edit) {
    void* data = nullptr;
    el_get(edit, EL_CLIENTDATA, &data);
    return static_cast<Terminal*>(data);
  }
  static char* show_prompt(EditLine* edit) { return of(edit)->prompt.data(); }
  static unsigned char complete(EditLine* edit, int) { return of(edit)->complete_word(); }

  std::string word_before_cursor() const {
    const LineInfo* line = el_line(edit);
    std::string_view before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
    size_t delimiter = before.find_last_of(kDelimiters);
    return std::string(delimiter == std::string_view::npos ? before : before.substr(delimiter + 1));
  }

  unsigned char complete_word() {
    std::string word = word_before_cursor();
    std::vector<std::string> choices;
    for (auto& name : names()) {
      if (name.starts_with(word)) choices.push_back(std::move(name));
    }
    if (word.empty() || choices.empty()) return CC_REFRESH_BEEP;
    std::string rest = common_prefix(choices).substr(word.size());
    if (choices.size() == 1) rest += ' ';
    if (!rest.empty()) {
      el_insertstr(edit, rest.c_str());
      return CC_REFRESH;
    }
    show_choices(choices);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::function<std::vector<std::string>()> names) {
  if (isatty(STDIN_FILENO) == 0) return;
  std::setlocale(LC_CTYPE, "");
  terminal_ = std::make_unique<Terminal>();
  Terminal& t = *terminal_;
  t.names = std::move(names);
  t.edit = el_init("terrace", stdin, stdout, stderr);
  t.history = history_init();
  t.history_file = history_path();
  HistEvent event;
  history(t.history, &event, H_SETSIZE, kHistoryEntries);
  history(t.history, &event, H_SETUNIQUE, 1);
  if (!t.history_file.empty()) history(t.history, &event, H_LOAD, t.history_file.c_str());
  el_set(t.edit, EL_CLIENTDATA, &t);
  el_set(t.edit, EL_PROMPT, &Terminal::show_prompt);
  el_set(t.edit, EL_HIST, history, t.history);
  el_set(t.edit, EL_EDITOR, "emacs");
  el_set(t.edit, EL_ADDFN, "terrace-complete", "complete a global name", &Terminal::complete);
  el_set(t.edit, EL_BIND, "^I", "terrace-complete", nullptr);
  el_set(t.edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(t.edit, nullptr);
}

LineEditor::~LineEditor() = default;

std::optional<LineEditor::Line> LineEditor::read(const std::string& prompt) {
  Line line;
  if (!interactive()) {
    if (!std::getline(std::cin, line.text)) return std::nullopt;
    return line;
  }
  AbandonOnInterrupt abandon;
  terminal_->prompt = prompt;
  int count = 0;
  errno = 0;
  const char* text = el_gets(terminal_->edit, &count);
  // An interrupt from before the editor was ready ends nothing: the line that was entered after it counts.
  const bool entered = text != nullptr && count > 0 && text[count - 1] == '\n';
  if (interrupted != 0 && !entered) {
    el_reset(terminal_->edit);
    std::cout << std::endl;
    line.abandoned = true;
    return line;
  }
  if (text == nullptr || count <= 0) return std::nullopt;
  line.text.assign(text, static_cast<size_t>(count));
  while (!line.text.empty() && line.text.back() == '\n') line.text.pop_back();
  return line;
}

void LineEditor::remember(const std::string& text) {
  if (!interactive() || text.find_first_not_of(" \t\n") == std::string::npos) return;
  // The file keeps one line for an entry, so an entry is one line; a line comment would swallow what comes after it.
  std::string entry = text;
  if (entry.find(';') == std::string::npos) std::replace(entry.begin(), entry.end(), '\n', ' ');
  HistEvent event;
  history(terminal_->history, &event, H_ENTER, entry.c_str());
  if (!terminal_->history_file.empty()) history(terminal_->history, &event, H_SAVE, terminal_->history_file.c_str());
}

std::string history_path() {
  namespace fs = std::filesystem;
  fs::path directory;
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (state != nullptr && *state == '/') {
    directory = state;
  } else if (home != nullptr && *home == '/') {
    directory = fs::path(home) / ".local" / "state";
  } else {
    return {};
  }
  directory /= "terrace";
  std::error_code failed;
  fs::create_directories(directory, failed);
  return failed ? std::string() : (directory / "history").string();
}

}  // namespace terrace::cli
