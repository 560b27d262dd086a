// store/problems.cpp: the texts of problems.def.
#include "store/problems.hpp"

namespace terrace::store {
namespace {

constexpr std::array<ProblemText, kProblemCount> kTexts = {{
    {"none", "Nothing is wrong."},
#define T_PROBLEM(name, json, sentence) {json, sentence},
#include "store/problems.def"
#undef T_PROBLEM
}};

}  // namespace

const ProblemText& problem_text(Problem problem) { return kTexts[static_cast<size_t>(problem)]; }

}  // namespace terrace::store
