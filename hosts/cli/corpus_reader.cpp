// cli/corpus_reader.cpp: reading files of examples.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "corpus.hpp"
#include "sizes.hpp"

namespace terrace::cli {

namespace {

constexpr std::string_view kValueMark = "; => ";
constexpr std::string_view kErrorMark = "; !! ";
constexpr std::string_view kPrintsMark = "; prints ";
constexpr std::string_view kOptionsMark = "; options: ";
constexpr std::string_view kIncludeMark = "; include: ";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

// What follows the mark when the line ends in such a comment. `;;` before it makes it prose.
std::optional<std::string> after_mark(const std::string& line, std::string_view mark) {
  size_t at = line.rfind(mark);
  if (at == std::string::npos || (at > 0 && line[at - 1] == ';')) return std::nullopt;
  return std::string(trimmed(std::string_view(line).substr(at + mark.size())));
}

void expect_error(Example* example, const std::string& text) {
  size_t colon = text.find(": ");
  example->wants = Example::Wants::kError;
  example->error_kind = text.substr(0, colon);
  if (colon != std::string::npos) example->error_part = text.substr(colon + 2);
}

// One `name=value` of an options line; false when it is none that exists.
bool set_option(CorpusProgram* program, const std::string& word) {
  size_t equals = word.find('=');
  if (equals == std::string::npos) return false;
  std::string name = word.substr(0, equals);
  auto number = parse_size(word.substr(equals + 1));
  if (!number) return false;
  Settings& settings = program->settings;
  if (name == "heap-limit") {
    settings.heap_limit = *number;
  } else if (name == "stack-limit") {
    settings.stack_limit = *number;
  } else if (name == "fuel") {
    settings.fuel = *number;
  } else if (name == "output-limit") {
    settings.output_limit = *number;
  } else if (name == "no-control") {
    settings.no_control = *number != 0;
  } else if (name == "threshold" || name == "budget") {
    (name == "threshold" ? settings.threshold : settings.budget) = static_cast<int64_t>(*number);
    program->own_engine = true;
  } else {
    return false;
  }
  return true;
}

void set_options(CorpusProgram* program, const std::string& text) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!set_option(program, word)) program->problem = "unknown option " + word;
  }
}

// The included file is an example that expects nothing.
void include(CorpusProgram* program, const std::string& name) {
  Example example;
  example.path = (std::filesystem::path(program->path).parent_path() / name).lexically_normal().string();
  std::ifstream file(example.path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) program->problem = "cannot include " + example.path;
  example.source = text.str();
  program->examples.push_back(std::move(example));
}

// Collects lines into examples.
class ExampleBuilder {
 public:
  explicit ExampleBuilder(CorpusProgram* program) : program_(program) {}

  void line(const std::string& text) {
    ++number_;
    pending_ += text + "\n";
    if (auto options = after_mark(text, kOptionsMark)) set_options(program_, *options);
    if (auto included = after_mark(text, kIncludeMark)) include(program_, *included);
    if (auto prints = after_mark(text, kPrintsMark)) {
      example_.wants = Example::Wants::kOutput;
      example_.value = *prints;
      finish();
    } else if (auto value = after_mark(text, kValueMark)) {
      example_.wants = Example::Wants::kValue;
      example_.value = *value;
      finish();
    } else if (auto error = after_mark(text, kErrorMark)) {
      expect_error(&example_, *error);
      finish();
    }
  }

  void end() {
    if (pending_.find_first_not_of(" \n") != std::string::npos) finish();
  }

 private:
  void finish() {
    example_.path = program_->path;
    example_.line = number_;
    example_.source = std::string(first_line_, '\n') + pending_;
    program_->examples.push_back(std::move(example_));
    example_ = Example();
    pending_.clear();
    first_line_ = number_;
  }

  CorpusProgram* program_;
  Example example_;
  std::string pending_;
  size_t number_ = 0;
  size_t first_line_ = 0;  // lines before the pending text
};

// Of a Markdown page only what stands between ```sx and ``` is program; the other lines become empty, so that places are
// right.
class MarkdownFilter {
 public:
  explicit MarkdownFilter(const std::string& path) : active_(std::filesystem::path(path).extension() == ".md") {}

  void apply(std::string* line) {
    if (!active_) return;
    bool fence = line->starts_with("```");
    bool program = inside_ && !fence;
    if (fence) inside_ = trimmed(*line) == "```sx";
    if (!program) line->clear();
  }

 private:
  bool active_;
  bool inside_ = false;
};

}  // namespace

CorpusProgram read_corpus_program(const std::string& path, const Settings& settings) {
  CorpusProgram program;
  program.path = path;
  program.settings = settings;
  std::ifstream file(path);
  if (!file) program.problem = "cannot be read";
  ExampleBuilder builder(&program);
  MarkdownFilter filter(path);
  for (std::string line; std::getline(file, line);) {
    filter.apply(&line);
    builder.line(line);
  }
  builder.end();
  bool checks = std::any_of(program.examples.begin(), program.examples.end(),
                            [](const Example& e) { return e.wants != Example::Wants::kNothing; });
  if (program.problem.empty() && !checks) program.problem = "expects nothing";
  return program;
}

std::vector<std::string> corpus_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".sx") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace terrace::cli
