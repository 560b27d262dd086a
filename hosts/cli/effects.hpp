// cli/effects.hpp: the effects that the program answers as a host.
//
// Answers for: what (perform 'operation ...) means outside of every handler. Not for: suspending and resuming (session.cpp).
#pragma once

#include "session.hpp"

namespace terrace::cli {

// (perform 'read-line): the next line of standard input, nil at its end.
// (perform 'read-file path): the text of a file, when allow_files; otherwise, and for any other operation, an error.
EffectHost program_effects(bool allow_files);

// For the corpus: (perform 'echo x) is x, (perform 'add a b) their sum, (perform 'fail text) an error with that text, and
// (perform 'cancel) ends the computation.
EffectHost corpus_effects();

}  // namespace terrace::cli
