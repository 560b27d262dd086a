// cli/corpus.cpp: running files of examples and comparing.
#include "corpus.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "effects.hpp"
#include "interrupts.hpp"

namespace terrace::cli {

namespace {

constexpr uint32_t kSettleMilliseconds = 10000;
constexpr std::string_view kCancelled = "cancelled";  // the kind of error that a cancelled computation ends in

// The text as SX would write it as a string, without needing a vm: what `; prints` is compared with.
std::string written_string(std::string_view text) {
  std::string written = "\"";
  for (char c : text) {
    switch (c) {
      case '\n': written += "\\n"; break;
      case '\t': written += "\\t"; break;
      case '\r': written += "\\r"; break;
      case '"': written += "\\\""; break;
      case '\\': written += "\\\\"; break;
      default: written += c;
    }
  }
  return written + "\"";
}

std::string wanted_text(const Example& example) {
  switch (example.wants) {
    case Example::Wants::kValue: return example.value;
    case Example::Wants::kOutput: return "to print " + example.value;
    case Example::Wants::kError: return "error " + example.error_kind + ": " + example.error_part;
    case Example::Wants::kNothing: break;
  }
  return "no error";
}

// One file in one vm.
class ProgramRun {
 public:
  ProgramRun(Engine& engine, const CorpusProgram& program, const CorpusOptions& options)
      : engine_(engine), program_(program), options_(options),
        session_(engine, program.settings, [this](std::string_view text) { output_ += text; }, corpus_effects()) {}

  // Nothing when every example gave what it says; else what the first wrong one gave.
  std::optional<std::string> run() {
    if (!session_.ok()) return session_.problem();
    for (const auto& example : program_.examples) {
      if (auto wrong = run_example(example)) {
        return example.path + ":" + std::to_string(example.line) + ": " + *wrong;
      }
      settle();
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> run_example(const Example& example) {
    output_.clear();
    TimeLimit limit(session_.library(), session_.vm(), options_.seconds);
    // In storm mode every example is interrupted at its first safe point, all code is dropped, and it goes on.
    session_.on_interrupt([this, &limit] {
      if (storm()) session_.library().reset(engine_.get(), nullptr);
      return !limit.passed();
    });
    if (storm()) session_.library().interrupt(session_.vm());
    Outcome outcome = session_.run(example.source, example.path);
    if (limit.passed()) return "took longer than " + std::to_string(options_.seconds) + " seconds";
    return compare(example, outcome);
  }

  std::optional<std::string> compare(const Example& example, const Outcome& outcome) const {
    if (outcome.kind == Outcome::Kind::kCancelled) {
      if (example.wants == Example::Wants::kError && example.error_kind == kCancelled) return std::nullopt;
      return "expected " + wanted_text(example) + "\n#   got cancelled";
    }
    if (outcome.kind == Outcome::Kind::kFailed) {
      const Failure& failure = outcome.failure;
      bool right = example.wants == Example::Wants::kError && failure.kind == example.error_kind &&
                   describe(failure).find(example.error_part) != std::string::npos;
      if (right) return std::nullopt;
      return "expected " + wanted_text(example) + "\n#   got error " + describe(failure);
    }
    if (example.wants == Example::Wants::kNothing) return std::nullopt;
    bool output = example.wants == Example::Wants::kOutput;
    std::string got = output ? written_string(output_) : session_.print(outcome.value.raw(), true);
    if (example.wants != Example::Wants::kError && got == example.value) return std::nullopt;
    return "expected " + wanted_text(example) + "\n#   got " + got;
  }

  // Between examples compilation in the background comes to rest, so that the next one runs what was compiled.
  void settle() {
    if (program_.settings.mode == JIT_MODE_INTERP) return;
    session_.library().wait(engine_.get(), kSettleMilliseconds, nullptr, nullptr);
  }

  bool storm() const { return program_.settings.mode == JIT_MODE_STORM; }

  Engine& engine_;
  const CorpusProgram& program_;
  const CorpusOptions& options_;
  std::string output_;
  Session session_;
};

// What a program may have changed with jit-set-threshold! and the like is as before for the next one.
void restore(Engine& engine, const jit_stats_data& before) {
  const Library& library = engine.library();
  jit_stats_data now = engine.stats();
  if (now.threshold != before.threshold) library.set_threshold(engine.get(), before.threshold, nullptr);
  if (now.budget != before.budget) library.set_budget(engine.get(), static_cast<int64_t>(before.budget), nullptr);
}

std::optional<std::string> run_program(const Library& library, Engine& shared, const CorpusProgram& program,
                                       const CorpusOptions& options) {
  if (!program.problem.empty()) return program.path + ": " + program.problem;
  std::unique_ptr<Engine> own;
  if (program.own_engine) own = std::make_unique<Engine>(library, program.settings);
  Engine& engine = own ? *own : shared;
  if (!engine.ok()) return engine.problem();
  jit_stats_data before = engine.stats();
  auto wrong = ProgramRun(engine, program, options).run();
  restore(engine, before);
  return wrong;
}

// Refused compilations by reason, without those that a program asked for with jit-exclude!; "" when there were none.
std::string refusals(const Engine& engine) {
  auto stats = nlohmann::json::parse(engine.stats_json(), nullptr, false);
  if (!stats.is_object() || !stats.contains("refusals")) return "no statistics";
  auto reasons = stats["refusals"];
  reasons.erase("excluded");
  return reasons.empty() ? "" : reasons.dump();
}

// A tier that refuses to compile gives right answers from a lower one; the corpus is there to see that it does compile.
bool compiled_what_it_should(const Engine& engine, const CorpusOptions& options) {
  jit_stats_data stats = engine.stats();
  std::printf("# %s: %llu base and %llu opt functions compiled\n", options.mode_name.c_str(),
              static_cast<unsigned long long>(stats.base_compiles), static_cast<unsigned long long>(stats.opt_compiles));
  std::string refused = refusals(engine);
  if (refused.empty() || options.allow_refused || options.settings.mode == JIT_MODE_INTERP) return true;
  std::printf("not ok - %s: compilation was refused: %s\n", options.mode_name.c_str(), refused.c_str());
  return false;
}

}  // namespace

bool run_corpus(const Library& library, const std::vector<std::string>& paths, const CorpusOptions& options) {
  Engine engine(library, options.settings);
  if (!engine.ok()) {
    std::printf("not ok - %s\n", engine.problem().c_str());
    return false;
  }
  size_t passed = 0;
  size_t number = 0;
  auto files = corpus_files(paths);
  auto start = std::chrono::steady_clock::now();
  for (const auto& file : files) {
    ++number;
    auto wrong = run_program(library, engine, read_corpus_program(file, options.settings), options);
    if (wrong) {
      std::printf("not ok %zu - %s\n#   %s\n", number, file.c_str(), wrong->c_str());
    } else {
      ++passed;
      if (options.verbose) std::printf("ok %zu - %s\n", number, file.c_str());
    }
    std::fflush(stdout);
  }
  bool compiled = compiled_what_it_should(engine, options);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%s: %zu passed, %zu failed in %.1f s\n", options.mode_name.c_str(), passed, files.size() - passed,
              seconds.count());
  return passed == files.size() && !files.empty() && compiled;
}

}  // namespace terrace::cli
