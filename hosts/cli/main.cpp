// cli/main.cpp: the program `terrace`: its command line and what each command does.
//
// Exit codes: 0 done, 1 an SX error or a failed test, 2 a command line that makes no sense, 3 no usable library.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "corpus.hpp"
#include "effects.hpp"
#include "params.hpp"
#include "primitives.hpp"
#include "repl.hpp"
#include "sizes.hpp"
#include "stats.hpp"
#include "store.hpp"

namespace terrace::cli {

namespace {

constexpr int kDone = 0;
constexpr int kSxError = 1;
constexpr int kUsage = 2;
constexpr int kNoLibrary = 3;

const std::map<std::string, uint32_t> kModes = {{"auto", JIT_MODE_AUTO}, {"interp", JIT_MODE_INTERP},
                                                {"base", JIT_MODE_BASE}, {"opt", JIT_MODE_OPT},
                                                {"storm", JIT_MODE_STORM}};

// The command line, as the user wrote it.
struct Command {
  std::string library;
  std::string tier = "auto";
  std::string stats;   // "", "text" or "json"
  std::string report;  // the same
  std::string heap_limit;
  std::string stack_limit;
  std::string output_limit;
  std::string store_limit;
  std::string store_action = "info";
  bool allow_files = false;
  bool gc_stress = false;
  bool version = false;
  Settings settings;

  std::string name;  // run, eval, ...; empty: none
  std::string file;
  std::vector<std::string> arguments;
  std::string expression;
  std::vector<std::string> paths;
  CorpusOptions corpus;
  std::string primitive;
  std::string parameter;
  bool markdown = false;
};

void add_options(CLI::App& app, Command* command) {
  app.add_option("--library", command->library, "libterrace.so to use (or TERRACE_LIBRARY)");
  app.add_option("--worker", command->settings.worker_path, "compile worker to use (or TERRACE_WORKER)");
  app.add_option("--store", command->settings.store,
                 "directory that keeps compiled code for the next run, or off (or TERRACE_STORE)");
  app.add_option("--store-limit", command->store_limit, "bytes that it may take of the disk, such as 64M");
  app.add_option("--tier", command->tier, "how functions run: auto, or always in one tier; storm is for tests")
      ->check(CLI::IsMember({"interp", "base", "opt", "auto", "storm"}));
  app.add_option("--threshold", command->settings.threshold, "calls before a function is compiled; 0: never");
  app.add_option("--budget", command->settings.budget, "functions that the code cache holds; 0: none");
  app.add_option("--preset", command->settings.preset, "named settings: default, development or production");
  app.add_option("--set", command->settings.params, "a parameter, as NAME=VALUE; `terrace params` lists them")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--heap-limit", command->heap_limit, "bytes of heap, such as 512M");
  app.add_option("--stack-limit", command->stack_limit, "bytes of stack for a computation, such as 64M");
  app.add_option("--output-limit", command->output_limit, "bytes that a program may write, such as 1M");
  app.add_option("--fuel", command->settings.fuel, "milliseconds of processor time for a program")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--no-control", command->settings.no_control, "refuse primitives such as jit-set-budget!");
  app.add_flag("--gc-stress", command->gc_stress, "collect garbage as often as possible, for tests");
  app.add_flag("--stats{text}", command->stats, "show the figures of the code cache on standard error at the end, "
                                                "as text or with --stats=json");
  app.add_flag("--report{text}", command->report, "show tiers, cache, compiler and the hottest functions on standard error at the end, "
                                                  "as text or with --report=json");
  app.add_flag("--allow-files", command->allow_files, "answer (perform 'read-file path)");
}

void add_commands(CLI::App& app, Command* command) {
  auto* run = app.add_subcommand("run", "run a program; the global `arguments` is the list of its arguments");
  run->add_option("FILE", command->file, "SX source, or - for standard input; what follows are the program's arguments")->required();
  auto* eval = app.add_subcommand("eval", "run an expression and show what it gives");
  eval->add_option("EXPR", command->expression, "SX source")->required();
  app.add_subcommand("repl", "read, run and show, one form after the other");
  auto* test = app.add_subcommand("test", "run programs that say what they expect");
  test->add_option("PATH", command->paths, "files, or directories with .sx files")->required()->check(CLI::ExistingPath);
  test->add_flag("-v,--verbose", command->corpus.verbose, "a line for every program");
  test->add_flag("--allow-refused", command->corpus.allow_refused, "a refused compilation is not a failure");
  test->add_option("--seconds", command->corpus.seconds, "the longest that one example may take")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  auto* store = app.add_subcommand("store", "look at the compiled code on disk, check it, or remove it");
  store->add_option("ACTION", command->store_action, "info, list, verify or clear")
      ->check(CLI::IsMember({"info", "list", "verify", "clear"}));
  auto* params = app.add_subcommand("params", "show the parameters of the engine, as the other options set them, or one of them");
  params->add_option("NAME", command->parameter, "one parameter");
  auto* prims = app.add_subcommand("prims", "show what a primitive does, or what all of them do");
  prims->add_option("NAME", command->primitive, "one primitive");
  prims->add_flag("--markdown", command->markdown, "all of them as they stand in the reference page");
}

// Where the first word stands that is neither an option nor an option's value.
size_t next_word(const CLI::App& app, const std::vector<std::string>& words, size_t from) {
  while (from < words.size() && words[from].size() > 1 && words[from].front() == '-') {
    const CLI::Option* option = app.get_option_no_throw(words[from]);
    from += option != nullptr && option->get_items_expected_max() > 0 ? 2 : 1;
  }
  return from;
}

// The words from `first` on, without a "--" before them.
std::vector<std::string> program_arguments(const std::vector<std::string>& words, size_t first) {
  if (first < words.size() && words[first] == "--") first++;
  return {words.begin() + static_cast<ptrdiff_t>(first), words.end()};
}

// What follows FILE in `run FILE ...` belongs to the program, also what looks like an option; it is taken out of the words.
std::vector<std::string> take_program_arguments(const CLI::App& app, std::vector<std::string>* words) {
  size_t command = next_word(app, *words, 0);
  if (command >= words->size() || (*words)[command] != "run") return {};
  size_t first = next_word(app, *words, command + 1) + 1;
  if (first >= words->size()) return {};
  std::vector<std::string> arguments = program_arguments(*words, first);
  words->resize(first);
  return arguments;
}

bool read_limit(const char* option, const std::string& text, uint64_t* limit) {
  if (text.empty()) return true;
  auto size = parse_size(text);
  if (size) *limit = *size;
  if (!size) std::cerr << "terrace: " << option << ": " << text << " is no size, such as 64M" << std::endl;
  return size.has_value();
}

bool is_form(const char* option, const std::string& form) {
  if (form.empty() || form == "text" || form == "json") return true;
  std::cerr << "terrace: " << option << ": " << form << " is neither text nor json" << std::endl;
  return false;
}

bool settle(Command* command) {
  Settings& settings = command->settings;
  settings.mode = kModes.at(command->tier);
  settings.gc_stress = command->gc_stress;
  return is_form("--stats", command->stats) && is_form("--report", command->report) &&
         read_limit("--heap-limit", command->heap_limit, &settings.heap_limit) &&
         read_limit("--stack-limit", command->stack_limit, &settings.stack_limit) &&
         read_limit("--output-limit", command->output_limit, &settings.output_limit) &&
         read_limit("--store-limit", command->store_limit, &settings.store_limit);
}

void write_to_output(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void show_stats(const Engine& engine, const std::string& form) {
  if (form.empty()) return;
  std::fflush(stdout);
  std::cerr << (form == "json" ? engine.stats_json() + "\n" : stats_text(engine.stats())) << std::flush;
}

void show_report(const Engine& engine, const std::string& form) {
  if (form.empty()) return;
  std::fflush(stdout);
  std::cerr << (form == "json" ? engine.report_json() + "\n" : engine.report()) << std::flush;
}

int show_params(const Engine& engine, const std::string& name) {
  auto text = params_text(engine, name);
  if (!text) {
    std::cerr << "terrace: no parameter is called " << name << "; `terrace params` lists them" << std::endl;
    return kUsage;
  }
  std::cout << *text << std::flush;
  return kDone;
}

// Shows an error, or the value when it is wanted; answers the exit code.
int show(const Session& session, const Outcome& outcome, bool value_wanted) {
  std::fflush(stdout);
  if (outcome.kind == Outcome::Kind::kFailed) {
    std::cerr << describe(outcome.failure) << std::endl;
    return kSxError;
  }
  if (value_wanted && !outcome.value.is_unspecified()) {
    std::cout << session.print(outcome.value.raw(), true) << std::endl;
  }
  return kDone;
}

std::optional<std::string> read_source(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  text << file.rdbuf();
  return text.str();
}

int run_file(Session& session, const std::string& file, const std::vector<std::string>& arguments) {
  auto source = read_source(file);
  if (!source) {
    std::cerr << "terrace: cannot read " << file << std::endl;
    return kUsage;
  }
  session.define_strings("arguments", arguments);
  return show(session, session.run(*source, file == "-" ? "standard input" : file), false);
}

int run_in_session(const Library& library, const Command& command) {
  Engine engine(library, command.settings);
  if (engine.refused()) {
    std::cerr << "terrace: " << engine.problem() << std::endl;
    return kUsage;
  }
  if (engine.ok() && command.name == "params") return show_params(engine, command.parameter);
  Session session(engine, command.settings, write_to_output, program_effects(command.allow_files));
  if (!engine.ok() || !session.ok()) {
    std::cerr << "terrace: " << (engine.ok() ? session.problem() : engine.problem()) << std::endl;
    return kNoLibrary;
  }
  int code = kDone;
  if (command.name == "run") code = run_file(session, command.file, command.arguments);
  if (command.name == "eval") code = show(session, session.run(command.expression, "eval"), true);
  if (command.name == "repl") code = run_repl(session);
  if (command.name == "prims") {
    auto form = command.markdown ? PrimitivesForm::kMarkdown : PrimitivesForm::kText;
    code = show(session, show_primitives(session, command.primitive, form), false);
  }
  show_stats(engine, command.stats);
  show_report(engine, command.report);
  return code;
}

int run(Command& command) {
  if (!settle(&command)) return kUsage;
  std::string problem;
  auto library = load_library(command.library, &problem);
  if (!library) {
    std::cerr << "terrace: " << problem << std::endl;
    return kNoLibrary;
  }
  if (command.version) {
    std::cout << library->version_string() << " from " << library->path << std::endl;
    return kDone;
  }
  if (command.name == "store") return tend_store(*library, command.settings.store, command.store_action) ? kDone : kSxError;
  if (command.name != "test") return run_in_session(*library, command);
  // What is tested is compiled, unless a store is given.
  if (!command.settings.store) command.settings.store = "off";
  command.corpus.settings = command.settings;
  command.corpus.mode_name = command.tier;
  return run_corpus(*library, command.paths, command.corpus) ? kDone : kSxError;
}

// `eval EXPR` and `run FILE ...` without options: what is run most, and what has to start soon. To build the table of all options
// takes longer than to make a vm.
bool read_plain(const std::vector<std::string>& words, Command* command) {
  auto is_plain = [&](size_t i) { return !words[i].empty() && words[i].front() != '-'; };
  if (words.size() < 2 || !is_plain(1)) return false;
  if (words[0] == "eval" && words.size() == 2) {
    command->expression = words[1];
  } else if (words[0] == "run") {
    command->file = words[1];
    command->arguments = program_arguments(words, 2);
  } else {
    return false;
  }
  command->name = words[0];
  return true;
}

// Any other command line; answers the exit code when there is nothing more to do.
std::optional<int> read_words(std::vector<std::string> words, Command* command) {
  CLI::App app("Runs SX programs: interpreted at once, compiled when warm.", "terrace");
  app.fallthrough();
  add_options(app, command);
  add_commands(app, command);
  app.add_flag("--version", command->version, "show the version of the library and where it is");
  app.require_subcommand(0, 1);
  command->arguments = take_program_arguments(app, &words);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? kDone : kUsage;
  }
  if (!app.get_subcommands().empty()) {
    command->name = app.get_subcommands().front()->get_name();
  } else if (!command->version) {
    std::cerr << app.help();
    return kUsage;
  }
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  Command command;
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!read_plain(words, &command))
    if (auto code = read_words(std::move(words), &command)) return *code;
  return run(command);
}

}  // namespace terrace::cli

int main(int argc, char** argv) { return terrace::cli::main(argc, argv); }
