/*
 * terrace/jit.h: the whole public interface of libterrace. This file is the authoritative source.
 *
 * Terrace runs functions written in SX, a small s-expression language: interpreted at once, compiled when warm,
 * optimised when hot. A host opens libterrace.so (dlopen, RTLD_LOCAL or RTLD_GLOBAL) and reaches everything by dlsym: no structure
 * passes by value, there are no variadic functions, no inline functions and no macros that a binding must repeat except
 * the numbers in the enumerations below.
 *
 * OBJECTS
 *   jit_engine       what all vms share: compiler, code cache, statistics. Any thread.
 *   jit_vm           one heap with its globals and running computations. One thread at a time; a call while another
 *                    thread is inside answers JIT_E_BUSY.
 *   jit_ref          keeps one SX value alive for the host. Belongs to the thread rules of its vm.
 *   jit_computation  a computation that was set aside (suspended or interrupted) and can be resumed once.
 *   jit_error        what went wrong; independent of any vm except for its value; any thread, not two at once.
 * All are opaque and are checked on every call: NULL, a handle of another kind, or one that was released is answered with
 * JIT_E_HANDLE, never with a crash. *_new and functions with an `out` handle give a handle that the caller owns; *_release gives
 * it back and accepts NULL; *_retain adds an owner. Order of release does not matter: what depends on a vm keeps it alive.
 *
 * RESULTS
 *   Functions answer a jit_status: 0 done, positive another ordinary ending, negative a failure. Every output is always set:
 *   to the result, or to NULL / nil. `err` may be NULL; when it is not, *err is NULL or, for a negative status, an error that the
 *   caller owns and releases. Nothing is kept per thread.
 *
 * VALUES
 *   struct jit_value carries scalars by themselves. Values that live in the heap travel as JIT_REF: in results, `ref` is a
 *   reference that the caller owns (jit_ref_release); in arguments it is borrowed for the call. Text and bytes may be passed directly by
 *   pointer and length (JIT_STRING, JIT_SYMBOL, JIT_KEYWORD, JIT_BYTES, JIT_INTEGER_TEXT): they are copied during the call.
 *   Objects never move, so the pointer that jit_string_data, jit_bytes_data or jit_f64_data gives stays good as long as a reference to the
 *   object is held.
 *
 * CALLBACKS
 *   Every callback carries `env`, and where it is registered a finalizer that runs exactly once when the library has no more
 *   use for env: between calls, on a thread that uses or releases the vm, never in the middle of a running computation. When
 *   registering fails it does not run, and env stays the caller's. Host functions run on the stack of the thread that called into the library, inside that call, and may call
 *   back into the same vm. They must return normally: no exception, longjmp or thread exit through the library.
 *
 * PROMISES
 *   The library installs no signal handler, does not write to standard output or error, does not exit or abort on
 *   anything a user does, changes no environment variable, leaves no child to be waited for, and saves and restores the
 *   floating-point environment around every call. The compiler runs in a separate process; without it everything still works, interpreted.
 *
 * "since" is 0.1 unless a declaration says otherwise.
 */
#ifndef TERRACE_JIT_H
#define TERRACE_JIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define JIT_API __attribute__((visibility("default")))

typedef struct jit_engine jit_engine;
typedef struct jit_vm jit_vm;
typedef struct jit_ref jit_ref;
typedef struct jit_computation jit_computation;
typedef struct jit_error jit_error;
typedef struct jit_value jit_value;

/* ------------------------------------------------------------------ status */

typedef int32_t jit_status;
enum {
  JIT_OK = 0,
  JIT_SUSPENDED = 1,   /* the computation performed an effect that the host must answer */
  JIT_INTERRUPTED = 2, /* jit_interrupt stopped it at a safe point; it can be resumed */
  JIT_E_ARGUMENT = -1, /* an argument makes no sense (NULL output, bad length, ...) */
  JIT_E_HANDLE = -2,   /* a handle is NULL, of the wrong kind, of another vm, or was released */
  JIT_E_BUSY = -3,     /* the vm is in use by another thread */
  JIT_E_SX = -4,       /* an SX error was raised and not handled: jit_error_kind says which */
  JIT_E_MEMORY = -5,   /* the system gave no memory for something the library itself needs */
  JIT_E_STATE = -6,    /* not possible now (resumed twice, pinned twice where it matters, ...) */
  JIT_E_TYPE = -7,     /* the value is not of the type that the function needs */
  JIT_E_RANGE = -8,    /* an index or number is outside what is allowed */
  JIT_E_NOT_FOUND = -9,/* no such global, function, key or parameter */
  JIT_E_HOST = -10     /* a host function answered a failure; also what a host function returns to raise */
};

/* Short English name of a status, static storage; "unknown" for numbers that are none. */
JIT_API const char *jit_status_name(jit_status status);

/* Version of this interface that the library implements: major << 16 | minor << 8 | patch. */
JIT_API uint32_t jit_abi_version(void);
/* "terrace 0.1.0 (x86-64)", static storage. */
JIT_API const char *jit_version_string(void);

/* ------------------------------------------------------------------ errors */

/* Makes an error for a host function to return. Text is UTF-8; NULL text with length 0 is allowed. */
JIT_API jit_error *jit_error_new(jit_status status, const char *message, size_t length);
JIT_API void jit_error_release(jit_error *error);
JIT_API jit_status jit_error_status(const jit_error *error);
/* NUL-terminated UTF-8, owned by the error. The message says what, where and, where it can, what to do. "" for NULL. */
JIT_API const char *jit_error_message(const jit_error *error);
/* The SX kind: "type-error", "division-by-zero", ... (lib/frame/errors.def); "" when the error is not an SX error. */
JIT_API const char *jit_error_kind(const jit_error *error);
/* Where it happened in SX source: name given to jit_eval, line and column from 1; "" and 0 when unknown. */
JIT_API const char *jit_error_source(const jit_error *error);
JIT_API uint32_t jit_error_line(const jit_error *error);
JIT_API uint32_t jit_error_column(const jit_error *error);
/* One line per SX function the error came through, innermost first; "" when none. */
JIT_API const char *jit_error_trace(const jit_error *error);
/* The value that was raised, an error object or anything else; JIT_E_NOT_FOUND when the error did not come out of a vm. Enters that vm,
 * so JIT_E_BUSY while another thread is inside. */
JIT_API jit_status jit_error_value(const jit_error *error, jit_value *value);

/* ------------------------------------------------------------------ values */

enum {
  JIT_NIL = 0,
  JIT_BOOL = 1,         /* as.integer 0 or 1 */
  JIT_INT = 2,          /* as.integer, any int64 */
  JIT_DOUBLE = 3,       /* as.number */
  JIT_CHAR = 4,         /* as.integer, a Unicode scalar value */
  JIT_REF = 5,          /* as.ref; `type` says what it is in results */
  JIT_STRING = 6,       /* input only: as.data, size; UTF-8 */
  JIT_SYMBOL = 7,       /* input only: as.data, size */
  JIT_KEYWORD = 8,      /* input only: as.data, size; without the colon */
  JIT_BYTES = 9,        /* input only: as.data, size */
  JIT_INTEGER_TEXT = 10,/* input only: as.data, size; decimal digits with optional sign, any size */
  JIT_UNSPECIFIED = 11  /* the answer of forms that have none */
};

/* What a JIT_REF refers to. */
enum {
  JIT_TYPE_NONE = 0, JIT_TYPE_STRING = 1, JIT_TYPE_SYMBOL = 2, JIT_TYPE_KEYWORD = 3, JIT_TYPE_PAIR = 4, JIT_TYPE_VECTOR = 5,
  JIT_TYPE_TUPLE = 6, JIT_TYPE_DICT = 7, JIT_TYPE_BYTES = 8, JIT_TYPE_F64_VECTOR = 9, JIT_TYPE_I64_VECTOR = 10,
  JIT_TYPE_BIG_INTEGER = 11, JIT_TYPE_RATIO = 12, JIT_TYPE_FUNCTION = 13, JIT_TYPE_RECORD = 14, JIT_TYPE_ERROR = 15,
  JIT_TYPE_HOST_OBJECT = 16, JIT_TYPE_OTHER = 17
};

struct jit_value {
  uint32_t kind; /* JIT_NIL ... */
  uint32_t type; /* JIT_TYPE_... for JIT_REF, else 0; ignored in arguments */
  union {
    int64_t integer;
    double number;
    jit_ref *ref;
    const char *data;
  } as;
  uint64_t size; /* bytes behind as.data; else 0 */
};               /* 24 bytes, 8-aligned: kind at 0, type at 4, as at 8, size at 16 */

/* ------------------------------------------------------------------ engine */

typedef void (*jit_finalizer)(void *env);

/*
 * An event (lib/observe/events.def): name is "promoted", "installed", "refused", "deoptimised", "invalidated", "evicted", "dropped",
 * "worker_started", "worker_stopped", "worker_died", "changed" or "gave_back", and there may be more in later versions; text is one line for
 * people, such as "fib opt". Both are borrowed for the call.
 * Called on a thread that the library makes for it and that blocks all signals, one event after the other in the order in which they came,
 * never on a thread or stack that runs SX: it must not call back into the library, and a host whose code may not run on a foreign thread
 * passes the event on, or takes events by jit_events_poll instead. What comes too fast for it is dropped and counted (events_lost). Not in a
 * child made by fork.
 */
typedef void (*jit_event_fn)(void *env, const char *name, const char *text);

enum { JIT_MODE_AUTO = 0, JIT_MODE_INTERP = 1, JIT_MODE_BASE = 2, JIT_MODE_OPT = 3, JIT_MODE_STORM = 4 };

/* Zero every field but `size` for the defaults. */
typedef struct jit_engine_options {
  size_t size;               /* sizeof(jit_engine_options) as the caller knows it */
  uint32_t mode;             /* JIT_MODE_...: auto tiers up by counters; base and opt compile every function before its
                                first run and wait for it; interp never compiles; storm is opt's testing mode */
  uint32_t workers;          /* compile processes; 0: one */
  int64_t threshold;         /* calls before compilation; 0: the default (4); negative: never. 1: at once */
  int64_t budget;            /* code cache entries; 0: the default (5000); negative: cache nothing */
  uint64_t budget_bytes;     /* code cache bytes; 0: no limit */
  const char *worker_path;   /* the compile worker; NULL: environment TERRACE_WORKER, then beside the library */
  jit_event_fn on_event;     /* may be NULL */
  void *event_env;
  jit_finalizer event_finalizer;
  const char *store_path;    /* directory of compiled code that all processes of this user share; "off" or "": none; NULL: environment
                                TERRACE_STORE, then $XDG_CACHE_HOME/terrace, then $HOME/.cache/terrace */
  uint64_t store_limit;      /* bytes that the store may take of the disk; 0: the default (64 MiB) */
  const char *preset;        /* "default", "development" or "production" (lib/tier/presets.def); NULL: "default" */
  const char *settings;      /* parameters, as "opt_threshold=500 workers=2", with blanks or commas between; NULL: none. They go over the
                                preset, and what the fields above say goes over both. JIT_E_NOT_FOUND, JIT_E_RANGE or JIT_E_ARGUMENT when it
                                cannot be read */
} jit_engine_options;

/* Makes an engine. options may be NULL. Starts no process yet. */
JIT_API jit_status jit_engine_new(const jit_engine_options *options, jit_engine **out, jit_error **err);
JIT_API jit_engine *jit_engine_retain(jit_engine *engine);
JIT_API void jit_engine_release(jit_engine *engine);

/* ------------------------------------------------------------------ vm */

/* Output of display, newline and the like. Runs on the caller's thread and stack. */
typedef void (*jit_write_fn)(void *env, const char *data, size_t size);

typedef struct jit_vm_options {
  size_t size;              /* sizeof(jit_vm_options) as the caller knows it */
  uint64_t heap_limit;      /* bytes; 0: the default (4 GiB) */
  uint64_t stack_limit;     /* bytes of stack for one computation; 0: the default (256 MiB, reserved but not committed) */
  uint32_t gc_stress;       /* 1: collect as often as possible, for tests */
  uint32_t reserved;
  jit_write_fn write;       /* NULL: output is dropped */
  void *write_env;
  jit_finalizer write_finalizer;
  uint64_t fuel;            /* milliseconds of processor time for one computation: all that jit_eval or jit_call starts and jit_resume goes
                               on with, and what runs in the vm inside of its host calls; 0: no limit */
  uint64_t output_limit;    /* bytes that one computation may give to `write`; 0: no limit */
  uint32_t no_control;      /* 1: the SX primitives that change the engine, which other vms share, raise unsupported */
  uint32_t reserved2;
} jit_vm_options;
/*
 * What passes a limit raises heap-limit, stack-overflow, fuel-limit or output-limit, which SX code may catch once to clean up. Code that goes
 * on nevertheless is ended soon: no guard sees that, and the call answers JIT_E_SX with the kind of the limit. The vm is usable afterwards.
 */

/* Makes a vm with every primitive defined. It keeps the engine alive. */
JIT_API jit_status jit_vm_new(jit_engine *engine, const jit_vm_options *options, jit_vm **out, jit_error **err);
JIT_API jit_vm *jit_vm_retain(jit_vm *vm);
JIT_API void jit_vm_release(jit_vm *vm);

/* ------------------------------------------------------------------ running */

/*
 * Reads and runs every form of `source` (UTF-8, `length` bytes). `name` is used in messages; NULL is "eval".
 * JIT_OK: *result is the last form's value.
 * JIT_SUSPENDED: *result is the request, a list (operation argument ...), and *computation, which the caller owns, can be resumed.
 * JIT_INTERRUPTED: *computation can be resumed with jit_resume(..., NULL, ...).
 * `computation` may be NULL: then an effect that reaches the host is an SX error (unhandled-effect), and an interrupt cancels.
 * May block (it runs the program), may call host functions.
 */
JIT_API jit_status jit_eval(jit_vm *vm, const char *source, size_t length, const char *name, jit_value *result,
                            jit_computation **computation, jit_error **err);

/* Calls an SX function (a JIT_REF, or JIT_SYMBOL naming a global) with `count` arguments. Otherwise as jit_eval. */
JIT_API jit_status jit_call(jit_vm *vm, const jit_value *function, const jit_value *arguments, size_t count,
                            jit_value *result, jit_computation **computation, jit_error **err);

/*
 * Goes on with a computation: perform answers *answer (NULL: nil). Statuses as jit_eval; when it is set aside again, *next is a handle
 * the caller owns. `computation` is used up as soon as it goes on, and only its release remains to be done: a second resume is JIT_E_STATE.
 * After JIT_E_ARGUMENT, JIT_E_HANDLE and JIT_E_BUSY it did not go on and may be resumed still.
 * `next` may be NULL with the meaning that jit_eval gives.
 */
JIT_API jit_status jit_resume(jit_computation *computation, const jit_value *answer, jit_value *result,
                              jit_computation **next, jit_error **err);
/* The same, but perform raises an error with this message, which SX code can guard. */
JIT_API jit_status jit_resume_error(jit_computation *computation, const char *message, size_t length, jit_value *result,
                                    jit_computation **next, jit_error **err);
/* Ends it: dynamic-wind exits run, guards do not see it. JIT_OK when it is gone. Releasing the last handle does the
 * same with the next call into the vm. */
JIT_API jit_status jit_cancel(jit_computation *computation, jit_error **err);
JIT_API jit_computation *jit_computation_retain(jit_computation *computation);
JIT_API void jit_computation_release(jit_computation *computation);

/* Asks the running computation of this vm to stop at its next safe point. Any thread, also a signal handler. */
JIT_API jit_status jit_interrupt(jit_vm *vm);

/* ------------------------------------------------------------------ globals and host functions */

JIT_API jit_status jit_define(jit_vm *vm, const char *name, size_t length, const jit_value *value, jit_error **err);
/* JIT_E_NOT_FOUND when it is not defined. */
JIT_API jit_status jit_lookup(jit_vm *vm, const char *name, size_t length, jit_value *result, jit_error **err);

/*
 * A function of the host. arguments are valid during the call (their refs are borrowed); *result starts as nil; a ref put there is
 * taken over by the library. Answer JIT_OK, or a negative status to raise host-error, with *err (taken over too) set or left
 * NULL. An error that came out of a call into the same vm is raised again as what it was.
 */
typedef jit_status (*jit_host_fn)(void *env, jit_vm *vm, const jit_value *arguments, size_t count, jit_value *result,
                                  jit_error **err);
/* Defines a global function. max_args negative: any number. The finalizer may be NULL. */
JIT_API jit_status jit_define_function(jit_vm *vm, const char *name, size_t length, int32_t min_args, int32_t max_args,
                                       jit_host_fn function, void *env, jit_finalizer finalizer, jit_error **err);

/* Wraps a pointer of the host as an SX value. type_id is the host's own number, checked by jit_host_object_get. */
JIT_API jit_status jit_host_object_new(jit_vm *vm, void *pointer, uint64_t type_id, jit_finalizer finalizer,
                                       jit_ref **out, jit_error **err);
/* The pointer, when the value is a host object of that type_id; JIT_E_TYPE otherwise. */
JIT_API jit_status jit_host_object_get(const jit_ref *object, uint64_t type_id, void **pointer, jit_error **err);

/* ------------------------------------------------------------------ making and reading values */

JIT_API jit_ref *jit_ref_retain(jit_ref *ref);
JIT_API void jit_ref_release(jit_ref *ref);
/* JIT_TYPE_...; JIT_TYPE_NONE for a bad handle. */
JIT_API uint32_t jit_ref_type(const jit_ref *ref);

/* A list / vector / tuple of `count` values. */
JIT_API jit_status jit_list_new(jit_vm *vm, const jit_value *items, size_t count, jit_ref **out, jit_error **err);
JIT_API jit_status jit_vector_new(jit_vm *vm, const jit_value *items, size_t count, jit_ref **out, jit_error **err);
JIT_API jit_status jit_tuple_new(jit_vm *vm, const jit_value *items, size_t count, jit_ref **out, jit_error **err);
/* A dict of `count` pairs: items holds key, value, key, value, ... */
JIT_API jit_status jit_dict_new(jit_vm *vm, const jit_value *items, size_t count, jit_ref **out, jit_error **err);
/* A pair. */
JIT_API jit_status jit_pair_new(jit_vm *vm, const jit_value *head, const jit_value *tail, jit_ref **out, jit_error **err);
/* Packed doubles, copied from `data` (NULL: zeros). */
JIT_API jit_status jit_f64_new(jit_vm *vm, const double *data, size_t count, jit_ref **out, jit_error **err);
/* Packed doubles in the host's own memory, not copied; it must stay valid until the finalizer runs. */
JIT_API jit_status jit_f64_borrow(jit_vm *vm, double *data, size_t count, jit_finalizer finalizer, void *env, jit_ref **out, jit_error **err);

/* Elements of a list (proper), vector, tuple; pairs of a dict; bytes, doubles, code points of a string. */
JIT_API jit_status jit_length(const jit_ref *ref, size_t *length, jit_error **err);
/* Element `index` of a vector, tuple, list, f64, i64 or byte vector. A list is walked: use jit_items for all of it. */
JIT_API jit_status jit_get(const jit_ref *ref, size_t index, jit_value *result, jit_error **err);
/* All elements from `start` on, at most `capacity`, of a list, vector or tuple; of a dict keys and values in turn (start and
 * count in pairs, capacity in values). *count = values written. Written refs are owned by the caller. A list may be improper: then *tail is
 * its last cdr, else nil; tail may be NULL. */
JIT_API jit_status jit_items(const jit_ref *ref, size_t start, jit_value *items, size_t capacity, size_t *count,
                             jit_value *tail, jit_error **err);
/* Stores an element of a vector, or of an f64 / i64 / byte vector. */
JIT_API jit_status jit_set(jit_ref *ref, size_t index, const jit_value *value, jit_error **err);
/* head and tail of a pair. */
JIT_API jit_status jit_pair_get(const jit_ref *ref, jit_value *head, jit_value *tail, jit_error **err);
/* The value of a key, JIT_E_NOT_FOUND when it has none. */
JIT_API jit_status jit_dict_get(const jit_ref *ref, const jit_value *key, jit_value *result, jit_error **err);
JIT_API jit_status jit_dict_set(jit_ref *ref, const jit_value *key, const jit_value *value, jit_error **err);

/* UTF-8 text of a string, symbol or keyword: NUL-terminated, borrowed while `ref` is held. */
JIT_API jit_status jit_string_data(const jit_ref *ref, const char **data, size_t *size, jit_error **err);
JIT_API jit_status jit_bytes_data(const jit_ref *ref, uint8_t **data, size_t *size, jit_error **err);
JIT_API jit_status jit_f64_data(const jit_ref *ref, double **data, size_t *count, jit_error **err);

/* Text of any value, as write (readable != 0) or display (0) would print it, as a new string reference. Also how a big integer or a ratio is
 * read: its decimal digits. */
JIT_API jit_status jit_print(jit_vm *vm, const jit_value *value, uint32_t readable, jit_ref **out, jit_error **err);
/* equal? of two values: *result 0 or 1. */
JIT_API jit_status jit_equal(jit_vm *vm, const jit_value *a, const jit_value *b, uint32_t *result, jit_error **err);

/* ------------------------------------------------------------------ control: any thread, at any time */

/*
 * PARAMETERS. Every number that steers compilation, the queue, the cache and what is told has a name; lib/tier/params.def is the list, and
 * jit_param_info reads it. In a name - is as good as _. A change counts from then on, for every vm of the engine; code compiled already stays
 * unless the parameter is a budget. Any thread.
 */
typedef struct jit_param_data {
  size_t size;             /* sizeof(jit_param_data) as the caller knows it */
  const char *name;        /* "opt_threshold"; this and the other texts are static */
  const char *unit;        /* "calls", "ms", "bytes", ...; "" for a switch or choice */
  const char *text;        /* one sentence */
  int64_t value;           /* now */
  int64_t default_value;
  int64_t least;           /* the bounds are included */
  int64_t most;
  uint32_t at_start;       /* 1: it can be set only before the engine's first vm is made */
  uint32_t reserved;
} jit_param_data;

/* JIT_E_NOT_FOUND when there is no parameter of that name. */
JIT_API jit_status jit_param_get(jit_engine *engine, const char *name, size_t length, int64_t *value, jit_error **err);
/* JIT_E_NOT_FOUND for another name, JIT_E_RANGE for a number outside of the bounds, JIT_E_STATE when it is too late. */
JIT_API jit_status jit_param_set(jit_engine *engine, const char *name, size_t length, int64_t value, jit_error **err);
/* Parameter number `index`, from 0; JIT_E_NOT_FOUND past the last one. Set data->size before. */
JIT_API jit_status jit_param_info(jit_engine *engine, uint32_t index, jit_param_data *data, jit_error **err);
/* All of them and the presets as JSON: {"parameters": [{"name", "value", "default", "least", "most", "unit", "at_start", "text"} ...],
 * "presets": [{"name", "text", "values": {parameter: value ...}} ...]}. *text is given back with jit_text_release. */
JIT_API jit_status jit_params_json(jit_engine *engine, char **text, jit_error **err);
/* Sets every parameter that can be set now to what the preset says, and to its default where that says nothing. JIT_E_NOT_FOUND for another
 * name. */
JIT_API jit_status jit_set_preset(jit_engine *engine, const char *name, size_t length, jit_error **err);

/* Calls before a function is compiled. 1: at once; 0 or negative: never. Functions compiled already stay. */
JIT_API jit_status jit_set_threshold(jit_engine *engine, int64_t calls, jit_error **err);
/* Most entries in the code cache; 0: cache nothing (everything is dropped and nothing compiled). The excess is evicted at once, least
 * recently used first, pinned entries never. */
JIT_API jit_status jit_set_budget(jit_engine *engine, int64_t entries, jit_error **err);
/* Most bytes of code; 0: no limit. */
JIT_API jit_status jit_set_budget_bytes(jit_engine *engine, uint64_t bytes, jit_error **err);
/* A function of that name is never evicted, in any vm, now or when it is defined and compiled later. */
JIT_API jit_status jit_pin(jit_engine *engine, const char *name, size_t length, jit_error **err);
/* JIT_E_NOT_FOUND when the name is not pinned. */
JIT_API jit_status jit_unpin(jit_engine *engine, const char *name, size_t length, jit_error **err);
/* The same for one function (a JIT_REF or a global's symbol): by its name when it has one, else by what it does. */
JIT_API jit_status jit_pin_function(jit_vm *vm, const jit_value *function, jit_error **err);
JIT_API jit_status jit_unpin_function(jit_vm *vm, const jit_value *function, jit_error **err);
/* Drops every entry that is not pinned; counters start again. What waits for the compiler is compiled all the same; jit_memory_pressure gives
 * that up, too. */
JIT_API jit_status jit_reset(jit_engine *engine, jit_error **err);
/* Drops entries not called in the last `generations` generations (a generation ends at every call of this function). *dropped may be NULL. */
JIT_API jit_status jit_clear_cold(jit_engine *engine, uint32_t generations, uint64_t *dropped, jit_error **err);
/* Functions whose name matches stay in the interpreter; `*` matches any text. Their compiled code is dropped. */
JIT_API jit_status jit_exclude(jit_engine *engine, const char *pattern, size_t length, jit_error **err);
/* Takes an exclusion back; JIT_E_NOT_FOUND when there is none with exactly this pattern. */
JIT_API jit_status jit_allow(jit_engine *engine, const char *pattern, size_t length, jit_error **err);
/* Compiles a function (a JIT_REF or a global's symbol) at once for a tier (JIT_MODE_BASE or JIT_MODE_OPT) and waits for it. */
JIT_API jit_status jit_optimize(jit_vm *vm, const jit_value *function, uint32_t tier, jit_error **err);
/* Back to the interpreter; its counter starts again. */
JIT_API jit_status jit_demote(jit_vm *vm, const jit_value *function, jit_error **err);
/* Waits until nothing is being compiled, at most `milliseconds`. *idle 0 or 1, may be NULL. */
JIT_API jit_status jit_wait(jit_engine *engine, uint32_t milliseconds, uint32_t *idle, jit_error **err);

/*
 * Takes the events that are kept, oldest first: *text is a JSON array of {"event", "number", "time_ns", "text"} with "function", "tier" and
 * "reason" where they apply, given back with jit_text_release; NULL when there are none. `number` counts the engine's events, so a gap shows what
 * was dropped. Nothing is kept unless the parameter events_kept says how many. The way for hosts whose code must run on threads of their own.
 */
JIT_API jit_status jit_events_poll(jit_engine *engine, char **text, jit_error **err);

enum { JIT_PRESSURE_MODERATE = 1, JIT_PRESSURE_CRITICAL = 2 };
/*
 * Gives memory back to the system now. Moderate: code that was not used for cold_time, garbage of the vms that nobody is inside (a vm that is
 * in use collects when its thread leaves it), compile workers that have nothing to do, what the allocator holds. Critical: all code that is not
 * pinned too, requests that wait for the compiler, events that are kept. *bytes, which may be NULL: how many bytes of this process it knows to
 * have given back. May take as long as a full collection of each vm; a call into a vm from another thread waits meanwhile. Runs no SX and no
 * host code: finalizers wait for the vm's next call. Any thread, also inside a host function.
 */
JIT_API jit_status jit_memory_pressure(jit_engine *engine, uint32_t level, uint64_t *bytes, jit_error **err);
/*
 * For a host that has nothing to do: drops code that was not used for cold_time, frees dropped code that no stack returns into, and collects
 * vms that nobody is inside and that have enough garbage, as long as the time lasts: a collection that is expected to take longer than what is
 * left of budget_ns is not begun. *more, which may be NULL: 1 when something was left for another time. Otherwise as jit_memory_pressure.
 */
JIT_API jit_status jit_idle(jit_engine *engine, uint64_t budget_ns, uint32_t *more, jit_error **err);

/* Zero it, set size, and call. All counts are since the engine was made unless they say "now". */
typedef struct jit_stats_data {
  size_t size;
  uint64_t entries;          /* now in the cache */
  uint64_t budget;           /* now; 0: cache nothing */
  uint64_t bytes;            /* of code, now */
  uint64_t budget_bytes;     /* now; 0: no limit */
  int64_t threshold;         /* now; 0: never */
  uint64_t hits;             /* functions that became warm and found their compiled code in the cache */
  uint64_t misses;           /* functions that became warm and had to be compiled */
  uint64_t evictions;        /* entries dropped to keep the budget */
  uint64_t resets;           /* entries dropped by jit_reset, jit_clear_cold, jit_demote, jit_exclude */
  uint64_t pinned;           /* entries that are pinned, now */
  uint64_t base_entries;     /* now */
  uint64_t opt_entries;      /* now */
  uint64_t base_compiles;    /* installed */
  uint64_t opt_compiles;     /* installed */
  uint64_t base_compile_ns;  /* request to installed, summed */
  uint64_t opt_compile_ns;
  uint64_t queued;           /* requests waiting or in work, now */
  uint64_t refused;          /* requests that ended without code, all reasons */
  uint64_t retired_bytes;    /* code dropped but still on some stack, now */
  uint64_t worker_starts;
  uint64_t worker_deaths;
  uint64_t promotions;
  uint64_t heap_bytes;       /* live in all vms after their last collection */
  uint64_t heap_collections;
  uint64_t store_hits;       /* requests answered by the store on disk, without a compiler */
  uint64_t store_misses;     /* requests for which it had nothing */
  uint64_t store_writes;     /* functions put there */
  uint64_t store_written_bytes;
  uint64_t store_rejected;   /* entries that were there and not taken: damaged, foreign, or others could have written them */
  uint64_t deopts;           /* times opt code was left in the middle, for a value of a type it was not compiled for */
  uint64_t invalidations;    /* times opt code was given up for it */
  uint64_t workers;          /* compile processes, now */
  uint64_t batches;          /* sent to compile workers, each with one or more functions */
  uint64_t functions;        /* that the engine has looked at, compiled or not, equal ones once; now */
  uint64_t shared;           /* functions that run code which was compiled for another one with the same content, now */
  uint64_t events_lost;      /* events that nobody heard, since there was no room for them */
} jit_stats_data;
JIT_API jit_status jit_stats(jit_engine *engine, jit_stats_data *stats, jit_error **err);
/* Everything jit_stats knows, the refusals by reason and what was wrong with the store, as JSON. *text is NUL-terminated and given back with jit_text_release. */
JIT_API jit_status jit_stats_json(jit_engine *engine, char **text, jit_error **err);
JIT_API void jit_text_release(char *text);

/*
 * The store that an engine with this store_path (NULL: the usual place) would use, as JSON: {"path", "problem", "reason", "bytes", "unfinished",
 * "entries": [{"file", "bytes", "used_at", "problem", "reason", "name", "tier", "compiler", "cpu", "compile_ns"}]}, last used first. "problem" is
 * "" where all is well. Reads and checks every entry. *text is given back with jit_text_release.
 */
JIT_API jit_status jit_store_json(const char *store_path, char **text, jit_error **err);
/* Removes every entry. Engines that use the store go on and fill it again. *removed may be NULL. JIT_E_STATE when there is no store, or not one
 * that only this user may write. */
JIT_API jit_status jit_store_clear(const char *store_path, uint64_t *removed, jit_error **err);

/* Says whether the function is compiled, in which tier, and if not, why, as JSON: {"name", "tier", "reason", "calls", "bytes", "pinned"}. */
/* Everything for people: tiers, cache, compiler, queue, refusals, and the hottest functions (as many as the parameter report_functions says) with
 * what they counted of calls in the interpreter and of calls and loop turns in base code, tier, bytes, compile time and deopts. */
JIT_API jit_status jit_report(jit_engine *engine, char **text, jit_error **err);
/* The same as JSON: {"statistics": as jit_stats_json, "tiers": {"interp", "base", "opt", "compiling"}, "functions": [{"name", "tier", "calls",
 * "bytes", "compile_ns", "deopts", "misjudged", "drops", "pinned", "users", "compiling_for", "reason"} ...]}. */
JIT_API jit_status jit_report_json(jit_engine *engine, char **text, jit_error **err);
/* Says whether the function is compiled, in which tier, and if not, why, as JSON: {"name", "tier", "reason", "calls", "bytes", "pinned",
 * "compile_ns", "deopts", "left_at": [{"pc", "times", "place"} ...], "misjudged", "drops", "users"}, and where they apply "refused" (a reason of
 * lib/observe/reasons.def), "detail", "excluded_by", "compiling_for". `reason` is a sentence, "" when there is nothing to explain. */
JIT_API jit_status jit_explain(jit_vm *vm, const jit_value *function, char **text, jit_error **err);

#ifdef __cplusplus
}
#endif

#endif
