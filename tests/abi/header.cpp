// The header alone is C++17, and says everything it needs.
#include "terrace/jit.h"
int header_is_cpp(const jit_value* value);
int header_is_cpp(const jit_value* value) { return static_cast<int>(value->kind) + JIT_OK; }
