;;;; stacks.lisp: what a Lisp must be told when one of its threads goes into the library.
;;;;
;;;; The library runs SX on stacks of its own, which no Lisp knows. Two things would go wrong there:
;;;;  1. A collection that another thread starts. SBCL ends the process ("no SP known for thread"), ECL's collector reads from the foreign
;;;;     stack to the end of the thread's own and crashes.
;;;;  2. An asynchronous interrupt (timer, SIGINT, INTERRUPT-THREAD), whose handler is Lisp code.
;;;; So every call out of Lisp goes through CALL-OUTSIDE-LISP, and what a callback does, on the thread's own stack again, through
;;;; INSIDE-LISP. Interrupts wait for the end of the call or the next callback; a long program is made to end its call now and then
;;;; (interrupts.lisp).

(in-package #:terrace)

;;; --- SBCL
;;;
;;; SBCL takes a stopped thread's stack pointer from the thread's interrupt contexts, and is content with the lowest that lies in the
;;; thread's own stack. While a thread is outside, one more context stands there, with the stack pointer at which it left. Callbacks that
;;; call out again lower that one, as a thread has room for few.

#+sbcl
(progn
  (defconstant +context-size+ 1024)                      ; sizeof(ucontext_t) is 968
  (defconstant +context-frame-pointer+ (+ 40 (* 8 10)))  ; gregs[REG_RBP]; 0 is no frame of the debugger's
  (defconstant +context-stack-pointer+ (+ 40 (* 8 15)))  ; gregs[REG_RSP]
  (defconstant +context-pc+ (+ 40 (* 8 16)))             ; gregs[REG_RIP]
  (defconstant +context-float-registers+ (+ 40 (* 8 23)))

  (defvar *left-at* nil "The address of this thread's additional context, while it is outside.")

  (declaim (inline context-word (setf context-word)))
  (defun context-word (context offset)
    (sb-sys:sap-ref-word (sb-sys:int-sap context) offset))
  (defun (setf context-word) (value context offset)
    (setf (sb-sys:sap-ref-word (sb-sys:int-sap context) offset) value))

  (defun push-context (context index)
    (setf (context-word context +context-frame-pointer+) 0
          (context-word context +context-pc+) 0
          (context-word context +context-float-registers+) 0)
    (setf (sb-sys:sap-ref-word (sb-vm::current-thread-offset-sap sb-vm::thread-this-slot)
                               (+ (sb-alien:extern-alien "dynamic_values_bytes" (sb-alien:unsigned 32)) (* 8 index)))
          context))

  (defun call-further-outside (thunk)
    "Out again, from a callback."
    (declare (function thunk))
    (let* ((context *left-at*) (before (context-word context +context-stack-pointer+)))
      (setf (context-word context +context-stack-pointer+) (sb-sys:sap-int (sb-vm::current-sp)))
      (multiple-value-prog1 (funcall thunk)
        (setf (context-word context +context-stack-pointer+) before))))

  (defun call-with-known-stack (thunk)
    (declare (function thunk))
    (if *left-at*
        (call-further-outside thunk)
        (cffi:with-foreign-pointer (buffer +context-size+)
          (let* ((context (sb-sys:sap-int buffer)) (index sb-kernel:*free-interrupt-context-index*))
            (setf (context-word context +context-stack-pointer+) (sb-sys:sap-int (sb-vm::current-sp)))
            (push-context context index)
            (let ((sb-kernel:*free-interrupt-context-index* (1+ index)) (*left-at* context))
              (funcall thunk))))))

  (defmacro call-outside-lisp (address result &rest types-and-arguments)
    "Calls the function at ADDRESS."
    (let ((thunk (gensym "CALL")))
      `(flet ((,thunk () (cffi:foreign-funcall-pointer ,address () ,@types-and-arguments ,result)))
         (declare (dynamic-extent #',thunk))
         (sb-sys:without-interrupts (sb-sys:allow-with-interrupts (call-with-known-stack #',thunk))))))

  (defmacro inside-lisp (&body body)
    `(sb-sys:with-interrupts ,@body))

  (defconstant +least-stack+ (* 256 1024))

  (defun stack-left-p ()
    "Whether Lisp has room to run another callback; with --script SBCL ends when its stack is exhausted."
    (> (- (sb-sys:sap-int (sb-vm::current-sp)) (sb-sys:sap-int (sb-vm::current-thread-offset-sap sb-vm::thread-control-stack-start-slot)))
       +least-stack+)))

#+sbcl
(progn
  (defmacro define-callback (name (&rest parameters) function)
    "A callback that calls FUNCTION, a symbol, with what the library passes. Parameters are types; the result is an :int32."
    (let ((names (loop for nil in parameters collect (gensym "ARGUMENT"))))
      `(cffi:defcallback ,name :int32 ,(mapcar #'list names parameters)
         (,function ,@names))))

  (defmacro callback-address (name)
    `(cffi:callback ,name)))

;;; --- ECL
;;;
;;; Its collector has a pair of functions for this: GC_do_blocking calls out and remembers where the thread's stack ends meanwhile,
;;; GC_call_with_gc_active comes back. They must stand around C functions, so both directions are written in C here.

#+ecl
(ffi:clines "
#include <stdint.h>
extern void *GC_do_blocking(void *(*)(void *), void *);
extern void *GC_call_with_gc_active(void *(*)(void *), void *);

typedef uint64_t (*terrace_function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

struct terrace_call {
  terrace_function function;
  uint64_t argument[9];
  uint64_t result;
};

static void *terrace_outside(void *data) {
  struct terrace_call *call = data;
  uint64_t *a = call->argument;
  call->result = call->function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
  return 0;
}

static uint64_t terrace_word(cl_object value) {
  if (ECL_FIXNUMP(value)) return (uint64_t)ecl_fixnum(value);
  if (ecl_t_of(value) == t_foreign) return (uint64_t)value->foreign.data;
  return ecl_minusp(value) ? (uint64_t)ecl_to_int64_t(value) : ecl_to_uint64_t(value);
}

static cl_object terrace_call_library(void *address, int kind, cl_object arguments) {
  struct terrace_call call = {(terrace_function)address, {0}, 0};
  int count = 0;
  for (; !Null(arguments) && count < 9; arguments = ECL_CONS_CDR(arguments))
    call.argument[count++] = terrace_word(ECL_CONS_CAR(arguments));
  GC_do_blocking(terrace_outside, &call);
  switch (kind) {
    case 1: return ecl_make_int32_t((int32_t)call.result);
    case 2: return ecl_make_uint32_t((uint32_t)call.result);
    case 3: return ecl_make_pointer((void *)call.result);
    default: return ECL_NIL;
  }
}

/* What a callback passes: the number of its Lisp function, and its arguments. */
struct terrace_callback {
  const char *function;
  int count;
  uint64_t argument[6];
  int32_t result;
};

static void *terrace_inside(void *data) {
  struct terrace_callback *call = data;
  cl_object arguments = ECL_NIL;
  for (int i = call->count; i-- > 0;) arguments = CONS(ecl_make_uint64_t(call->argument[i]), arguments);
  cl_object function = ecl_make_symbol(call->function, \"TERRACE\");
  call->result = ecl_to_int32_t(cl_apply(2, function, arguments));
  return 0;
}

static int32_t terrace_host_function(void *env, void *vm, void *arguments, uint64_t count, void *result, void *err) {
  struct terrace_callback call = {\"CALL-HOST-FUNCTION\", 6, {(uint64_t)env, (uint64_t)vm, (uint64_t)arguments, count,
                                                           (uint64_t)result, (uint64_t)err}, 0};
  GC_call_with_gc_active(terrace_inside, &call);
  return call.result;
}

static void terrace_unused(void *env) {
  struct terrace_callback call = {\"FORGET-OBJECT\", 1, {(uint64_t)env}, 0};
  GC_call_with_gc_active(terrace_inside, &call);
}

static void terrace_output(void *env, void *data, uint64_t size) {
  struct terrace_callback call = {\"OUTPUT-TEXT\", 3, {(uint64_t)env, (uint64_t)data, size}, 0};
  GC_call_with_gc_active(terrace_inside, &call);
}
")

#+ecl
(progn
  (defun call-library (address kind &rest arguments)
    (ffi:c-inline (address kind arguments) (:pointer-void :int :object) :object
                  "terrace_call_library(#0, #1, #2)" :one-liner t))

  (defun c-callback (name)
    (ecase name
      (host-function-called (ffi:c-inline () () :pointer-void "(void *)terrace_host_function" :one-liner t))
      (object-unused (ffi:c-inline () () :pointer-void "(void *)terrace_unused" :one-liner t))
      (output-written (ffi:c-inline () () :pointer-void "(void *)terrace_output" :one-liner t))))

  (defmacro call-outside-lisp (address result &rest types-and-arguments)
    "Calls the function at ADDRESS."
    `(mp:without-interrupts
       (mp:allow-with-interrupts
         (call-library ,address ,(ecase result (:void 0) (:int32 1) (:uint32 2) (:pointer 3))
                       ,@(loop for (nil argument) on types-and-arguments by #'cddr collect argument)))))

  (defmacro inside-lisp (&body body)
    `(mp:with-interrupts ,@body))

  (defun stack-left-p ()
    "ECL checks its stack itself."
    t)

  (defmacro define-callback (name (&rest parameters) function)
    "The C function of that name is above; it calls FUNCTION, a symbol."
    (declare (ignore name parameters))
    `',function)

  (defmacro callback-address (name)
    `(c-callback ',name)))
