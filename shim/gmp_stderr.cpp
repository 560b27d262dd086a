// shim/gmp_stderr.cpp: what the static GMP in this library sees as stderr.
//
// Debian's libgmp.a refers to stderr, where it writes before it aborts, in a way that a shared library cannot relocate against
// the C library's variable. The library is linked with --wrap=stderr, so that those references find this one.
#include <cstdio>

extern "C" {
extern FILE* __real_stderr;
extern FILE* __wrap_stderr;
FILE* __wrap_stderr = __real_stderr;
}
