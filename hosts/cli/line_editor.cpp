#include "line_editor.hpp"

#include <dlfcn.h>
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

// libedit, opened only when there is a terminal: it brings three more libraries, and each costs time at the start of every run.
class Libedit {
 public:
#define EDIT_FUNCTIONS(X) \
  X(el_init) X(el_end) X(el_get) X(el_set) X(el_source) X(el_gets) X(el_line) X(el_insertstr) X(el_reset) \
  X(history) X(history_init) X(history_end)
#define EDIT_MEMBER(name) decltype(&::name) name = nullptr;
  EDIT_FUNCTIONS(EDIT_MEMBER)
#undef EDIT_MEMBER

  // Null when it is not on this machine. Stays open until the process ends.
  static const Libedit* open() {
    static Libedit library;
    static const bool is_whole = library.load();
    return is_whole ? &library : nullptr;
  }

 private:
  bool load() {
    void* opened = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
    if (opened == nullptr) return false;
    bool is_whole = true;
#define EDIT_LOAD(name) is_whole = (name = reinterpret_cast<decltype(name)>(dlsym(opened, #name))) != nullptr && is_whole;
    EDIT_FUNCTIONS(EDIT_LOAD)
#undef EDIT_LOAD
    return is_whole;
  }
};

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
  const Libedit& lib;
  EditLine* edit = nullptr;
  History* history = nullptr;
  std::string history_file;
  std::string prompt;
  std::function<std::vector<std::string>()> names;

  explicit Terminal(const Libedit& library) : lib(library) {}
  ~Terminal() {
    lib.el_end(edit);
    lib.history_end(history);
  }

  static Terminal* of(EditLine* edit) {
    void* data = nullptr;
    Libedit::open()->el_get(edit, EL_CLIENTDATA, &data);
    return static_cast<Terminal*>(data);
  }
  static char* show_prompt(EditLine* edit) { return of(edit)->prompt.data(); }
  static unsigned char complete(EditLine* edit, int) { return of(edit)->complete_word(); }

  std::string word_before_cursor() const {
    const LineInfo* line = lib.el_line(edit);
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
      lib.el_insertstr(edit, rest.c_str());
      return CC_REFRESH;
    }
    show_choices(choices);
    return CC_REDISPLAY;
  }
};

LineEditor::LineEditor(std::function<std::vector<std::string>()> names) {
  const Libedit* libedit = isatty(STDIN_FILENO) != 0 ? Libedit::open() : nullptr;
  if (libedit == nullptr) return;
  std::setlocale(LC_CTYPE, "");
  terminal_ = std::make_unique<Terminal>(*libedit);
  Terminal& t = *terminal_;
  t.names = std::move(names);
  t.edit = t.lib.el_init("terrace", stdin, stdout, stderr);
  t.history = t.lib.history_init();
  t.history_file = history_path();
  HistEvent event;
  t.lib.history(t.history, &event, H_SETSIZE, kHistoryEntries);
  t.lib.history(t.history, &event, H_SETUNIQUE, 1);
  if (!t.history_file.empty()) t.lib.history(t.history, &event, H_LOAD, t.history_file.c_str());
  t.lib.el_set(t.edit, EL_CLIENTDATA, &t);
  t.lib.el_set(t.edit, EL_PROMPT, &Terminal::show_prompt);
  t.lib.el_set(t.edit, EL_HIST, t.lib.history, t.history);
  t.lib.el_set(t.edit, EL_EDITOR, "emacs");
  t.lib.el_set(t.edit, EL_ADDFN, "terrace-complete", "complete a global name", &Terminal::complete);
  t.lib.el_set(t.edit, EL_BIND, "^I", "terrace-complete", nullptr);
  t.lib.el_set(t.edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  t.lib.el_source(t.edit, nullptr);
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
  const char* text = terminal_->lib.el_gets(terminal_->edit, &count);
  // An interrupt from before the editor was ready ends nothing: the line that was entered after it counts.
  const bool entered = text != nullptr && count > 0 && text[count - 1] == '\n';
  if (interrupted != 0 && !entered) {
    terminal_->lib.el_reset(terminal_->edit);
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
  terminal_->lib.history(terminal_->history, &event, H_ENTER, entry.c_str());
  if (!terminal_->history_file.empty()) terminal_->lib.history(terminal_->history, &event, H_SAVE, terminal_->history_file.c_str());
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
