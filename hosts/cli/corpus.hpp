// cli/corpus.hpp: programs that say what they expect, and the run of them in one mode.
//
// A program is an SX file. A comment at the end of a form, on its line or the next, says what the text since the last such comment
// must give:
//   ; => 42                          the last form's value, as `write` shows it
//   ; !! type-error: expected a pair an unhandled error of this kind, shown (with its place) with this text in it; the text may be
//                                    left out
//                                    left out; `cancelled` when the host ended it
//   ; prints "a\n"                   no error, and this is what display and friends have written, as a string is written
// Text after the last comment must run without an error. A line `; options: name=value ...` at the top sets the vm or engine up:
// heap-limit, stack-limit, output-limit (bytes, or with K, M, G), fuel (milliseconds), no-control (1), threshold, budget. A line `; include: path` runs that file, named relative to this
// one, first. In a Markdown page the program is what stands between lines of ```sx and ```.
//
// Answers for: reading such files, running them, comparing. Not for: which files (main.cpp).
#pragma once

#include <string>
#include <vector>

#include "session.hpp"

namespace terrace::cli {

// A piece of a program with what it must give.
struct Example {
  enum class Wants { kNothing, kValue, kOutput, kError } wants = Wants::kNothing;
  std::string path;             // where the source stands
  std::string source;           // preceded by as many newlines as stand before it in the file, so that positions are right
  size_t line = 0;              // of the expectation, from 1
  std::string value;            // kValue, kOutput: written form
  std::string error_kind;       // kError
  std::string error_part;
};

struct CorpusProgram {
  std::string path;
  Settings settings;            // the runner's, changed by `; options:`
  bool own_engine = false;      // threshold or budget are its own
  std::vector<Example> examples;
  std::string problem;          // the file cannot be used: why
};

struct CorpusOptions {
  Settings settings;
  std::string mode_name;
  bool verbose = false;         // a line for every file, not only for those that fail
  bool allow_refused = false;   // a refused compilation is not a failure
  uint32_t seconds = 60;        // an example that takes longer is cancelled and has failed
};

CorpusProgram read_corpus_program(const std::string& path, const Settings& settings);
// Every .sx file under the paths, sorted.
std::vector<std::string> corpus_files(const std::vector<std::string>& paths);
// Runs them and prints TAP-like lines and a closing line; answers whether all passed.
bool run_corpus(const Library& library, const std::vector<std::string>& paths, const CorpusOptions& options);

}  // namespace terrace::cli
