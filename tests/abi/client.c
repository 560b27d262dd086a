/*
 * tests/abi/client.c: a host in plain C that knows the library only through dlopen and dlsym, as bindings do.
 * usage: client LIBRARY local|global. Releases what it holds in every order.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terrace/jit.h"

#define FUNCTIONS(X)                                                                                            \
  X(jit_abi_version)                                                                                            \
  X(jit_engine_new) X(jit_engine_release) X(jit_vm_new) X(jit_vm_release) X(jit_eval) X(jit_call) X(jit_resume) \
      X(jit_computation_release) X(jit_define_function) X(jit_ref_release) X(jit_length) X(jit_error_message)   \
          X(jit_error_kind) X(jit_error_release) X(jit_vm_retain)

static struct {
#define MEMBER(name) __typeof__(&name) name;
  FUNCTIONS(MEMBER)
#undef MEMBER
} api;

static int failures;

static void check(int right, const char* what) {
  printf("%s %s\n", right ? "ok  " : "FAIL", what);
  failures += !right;
}

static void* load(const char* path, int mode) {
  void* library = dlopen(path, RTLD_NOW | mode);
  if (!library) {
    printf("FAIL dlopen: %s\n", dlerror());
    exit(1);
  }
#define LOOK_UP(name)                                            \
  {                                                              \
    void* address = dlsym(library, #name);                       \
    if (!address) printf("FAIL no symbol " #name "\n"), exit(1); \
    memcpy(&api.name, &address, sizeof address);                 \
  }
  FUNCTIONS(LOOK_UP)
#undef LOOK_UP
  return library;
}

static jit_status sum(void* env, jit_vm* vm, const jit_value* arguments, size_t count, jit_value* result,
                      jit_error** err) {
  int64_t total = 0;
  (void)vm;
  (void)err;
  for (size_t i = 0; i < count; i++) total += arguments[i].as.integer;
  ++*(int*)env;
  result->kind = JIT_INT;
  result->as.integer = total;
  return JIT_OK;
}

static void finalize(void* env) { *(int*)env += 1000; }

/* What one session leaves in the hands of the host. */
struct held {
  jit_engine* engine;
  jit_vm* vm;
  jit_ref* list;
  jit_computation* computation;
  jit_error* error;
};

static jit_status eval(struct held* h, const char* source, jit_value* result, jit_computation** computation) {
  return api.jit_eval(h->vm, source, strlen(source), "client", result, computation, &h->error);
}

static void run(struct held* h, int* calls) {
  jit_value v, argument, name;
  jit_computation* next = NULL;
  memset(h, 0, sizeof *h);
  check(api.jit_engine_new(NULL, &h->engine, NULL) == JIT_OK, "an engine");
  check(api.jit_vm_new(h->engine, NULL, &h->vm, NULL) == JIT_OK, "a vm");
  check(eval(h, "(define (square x) (* x x)) (square 12)", &v, NULL) == JIT_OK && v.as.integer == 144, "eval");
  memset(&name, 0, sizeof name);
  name.kind = JIT_SYMBOL;
  name.as.data = "square";
  name.size = 6;
  memset(&argument, 0, sizeof argument);
  argument.kind = JIT_DOUBLE;
  argument.as.number = 1.5;
  check(api.jit_call(h->vm, &name, &argument, 1, &v, NULL, NULL) == JIT_OK && v.as.number == 2.25, "call");
  check(api.jit_define_function(h->vm, "sum", 3, 0, -1, sum, calls, finalize, NULL) == JIT_OK, "a host function");
  check(eval(h, "(sum 1 2 (sum 3 4))", &v, NULL) == JIT_OK && v.as.integer == 10 && *calls % 1000 == 2, "called twice");
  check(eval(h, "(+ 1 (perform 'ask 5) (perform 'ask 6))", &v, &h->computation) == JIT_SUSPENDED, "suspended");
  api.jit_ref_release(v.as.ref);
  argument.kind = JIT_INT;
  argument.as.integer = 40;
  check(api.jit_resume(h->computation, &argument, &v, &next, NULL) == JIT_SUSPENDED, "resumed, suspended again");
  api.jit_ref_release(v.as.ref);
  api.jit_computation_release(h->computation);
  h->computation = next;
  check(eval(h, "(list 1 2 3)", &v, NULL) == JIT_OK && v.type == JIT_TYPE_PAIR, "a list");
  h->list = v.as.ref;
  check(eval(h, "(car 5)", &v, NULL) == JIT_E_SX && strcmp(api.jit_error_kind(h->error), "type-error") == 0,
        "an error");
}

static void release(struct held* h, int which) {
  switch (which) {
    case 0:
      api.jit_engine_release(h->engine);
      break;
    case 1:
      api.jit_vm_release(h->vm);
      break;
    case 2:
      api.jit_ref_release(h->list);
      break;
    case 3:
      api.jit_computation_release(h->computation);
      break;
    default:
      api.jit_error_release(h->error);
      break;
  }
}

/* All orders of five things, by the digits of `order` in the factorial number system. */
static void release_in_order(struct held* h, int order) {
  int left[5] = {0, 1, 2, 3, 4};
  for (int n = 5; n > 0; n--) {
    int pick = order % n;
    order /= n;
    release(h, left[pick]);
    memmove(left + pick, left + pick + 1, (size_t)(n - 1 - pick) * sizeof *left);
  }
}

int main(int argc, char** argv) {
  struct held h;
  int calls = 0;
  if (argc != 3) return 2;
  void* library = load(argv[1], strcmp(argv[2], "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL);
  check(api.jit_abi_version() == 0x100, "version");
  for (int order = 0; order < 120; order++) {
    calls = 0;
    if (order > 0 && !freopen("/dev/null", "w", stdout)) return 2;
    run(&h, &calls);
    release_in_order(&h, order);
    if (calls != 1002) failures++;
  }
  if (dlclose(library) != 0) failures++;
  fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}
