;;;; stacks.lisp: what a Lisp must be told when a thread leaves it for the library.
;;;;
;;;; The library runs SX on stacks of its own, which no Lisp knows.
;;;;
;;;; SBCL: asynchronous interrupts (timers, SIGINT, INTERRUPT-THREAD) are Lisp code that would run on such a stack, so they wait until the
;;;; call is over. A callback runs on the thread's own stack and lets them in.

(in-package #:terrace)

#+sbcl
(defmacro call-outside-lisp (call)
  `(sb-sys:without-interrupts (sb-sys:allow-with-interrupts ,call)))

(defmacro inside-lisp (&body body)
  "BODY is what a callback does, on the thread's own stack."
  #+sbcl `(sb-sys:with-interrupts ,@body)
  #-sbcl `(progn ,@body))
