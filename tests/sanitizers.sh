# The build with sanitizers, in which the fuzzers are, too: build-sanitized/. Read by tests/run.sh and tests/fuzz/run.sh, from the top directory.

# clang brings libFuzzer; without it, or without that, there are the sanitizers of the usual compiler and no fuzzers.
fuzzing_compiler=$(command -v clang++-14 || command -v clang++) || fuzzing_compiler=""
if [ -z "$fuzzing_compiler" ] || ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
     "$fuzzing_compiler" -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null; then
  fuzzing_compiler=""
fi

# configure_sanitized COMMAND...: makes the build directory with it, which is given Meson's options and the directory.
configure_sanitized() (
  fuzz=false
  if [ -n "$fuzzing_compiler" ]; then
    fuzz=true
    export CXX="$fuzzing_compiler"
    CC=$(echo "$fuzzing_compiler" | sed 's/clang++/clang/')
    export CC
  fi
  "$@" -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dfuzz=$fuzz build-sanitized
)

# The programs in it that anybody runs.
sanitized_targets() {
  ninja -C build-sanitized -t targets all | sed -n -E 's/^((tests\/(unit|fuzz)|hosts\/cli|lib\/worker|shim)\/[^:]*): (cpp|c)_LINKER.*/\1/p'
}

# No fake stacks: the collector reads the real ones. No leak check: it does not see pointers that are held in the SX heap.
export ASAN_OPTIONS="detect_stack_use_after_return=0:detect_leaks=0:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:${UBSAN_OPTIONS:-}"
