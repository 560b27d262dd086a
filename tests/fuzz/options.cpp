// fuzz/options.cpp: how the sanitizers are set for every target: the collector reads the real stacks, and does not show
// its memory to the leak checker; allocations that are refused are a case that the library handles.
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=0:detect_leaks=0:allocator_may_return_null=1:handle_abort=1";
}
extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }
