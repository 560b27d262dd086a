;;;; interrupts.lisp: stopping programs, and letting Lisp's own interrupts through while one runs.
;;;;
;;;; SIGINT, timers and INTERRUPT-THREAD wait while a thread is outside Lisp (stacks.lisp). So that they need not wait for the end of a long
;;;; program, a ticking thread asks every program that has been outside for a whole tick to set itself aside; RUN-ONCE goes on with
;;;; it at once, and between the two Lisp handles what has waited. The thread is there only while programs run.
;;;;
;;;; A request stays in the vm until the next program takes notice of it. One that came too late would hit the library's own small
;;;; programs, so it is absorbed when a run ends and when a host function begins.

(in-package #:terrace)

(defparameter *tick* 0.05 "Seconds after which a running program lets Lisp's interrupts through. NIL: never.")

(defconstant +idle-ticks+ 20 "Ticks without any program after which the ticking thread ends.")

(defvar *vms* '() "Weak pointers to the vms that may run.")
(defvar *ticker* nil "The ticking thread, or NIL.")
(defvar *stop-ticker* nil)

(defun add-vm (vm)
  (with-registry ()
    (setf *vms* (cons (trivial-garbage:make-weak-pointer vm)
                      (remove nil *vms* :key #'trivial-garbage:weak-pointer-value)))))

(define-image-hook forget-vms
  (setf *vms* '() *ticker* nil *stop-ticker* nil))

;;; --- the thread

(defun request-turn (vm)
  "Asks the program in VM to set itself aside, when it is the one it was a tick ago; again at every tick, as a request may have
been taken by another program."
  (let ((run (running vm)))
    (when (and run (eql run (seen-running vm)))
      (setf (turn vm) :asking)
      (ignore-errors (%interrupt (pointer-of vm)))
      (setf (turn vm) :asked))
    (setf (seen-running vm) run)))

(defun tick-all ()
  "Whether any program runs."
  (let ((any nil))
    (dolist (pointer (with-registry () *vms*) any)
      (let ((vm (trivial-garbage:weak-pointer-value pointer)))
        (when (and vm (handle-of vm) (handle-pointer (handle-of vm)))
          (request-turn vm)
          (when (running vm) (setf any t)))))))

(defun tick-while-needed ()
  (unwind-protect
       (loop with idle = 0
             until (or *stop-ticker* (> idle +idle-ticks+))
             do (sleep (or *tick* 1))
                (setf idle (if (tick-all) 0 (1+ idle))))
    (setf *ticker* nil)))

(defun start-ticker ()
  (with-registry ()
    (unless (or *ticker* *stop-ticker*)
      (setf *ticker*
            #+(and sbcl sb-thread) (sb-thread:make-thread #'tick-while-needed :name "terrace ticker")
            #+(and ecl threads) (mp:process-run-function "terrace ticker" #'tick-while-needed)
            #-(or (and sbcl sb-thread) (and ecl threads)) nil))))

(defun stop-ticker ()
  "For saving an image, which no second thread may see."
  (let ((thread *ticker*))
    (when thread
      (setf *stop-ticker* t)
      (loop while *ticker* do (sleep 0.01))
      #+sbcl (ignore-errors (sb-thread:join-thread thread))
      (setf *stop-ticker* nil))))

#+sbcl (pushnew 'stop-ticker sb-ext:*save-hooks*)

;;; --- in the running thread

(defun absorb-turn (vm)
  "Takes a request that came too late for its program."
  (when (turn vm)
    (loop while (eq (turn vm) :asking) do #+sbcl (sb-thread:thread-yield) #+ecl (mp:process-yield))
    (with-values (result 1)
      (complete vm result (lambda (computation err)
                            (with-text (text size "nil")
                              (%eval (pointer-of vm) text size (cffi:null-pointer) result computation err)))))
    (setf (turn vm) nil)))

(defun complete (vm result start)
  "Runs one of the host's own small programs to its end, whatever wants to interrupt it."
  (cffi:with-foreign-objects ((computation :pointer) (err :pointer))
    (setf (cffi:mem-ref computation :pointer) (cffi:null-pointer) (cffi:mem-ref err :pointer) (cffi:null-pointer))
    (let ((status (funcall start computation err)))
      (loop while (= status +status-interrupted+)
            do (let ((pointer (cffi:mem-ref computation :pointer)))
                 (setf status (%resume pointer (cffi:null-pointer) result computation err))
                 (%computation-release pointer)))
      (when (minusp status) (error (condition-from vm status err))))))

(defmacro while-running ((vm) &body body)
  "BODY lets the program of VM run."
  (let ((v (gensym "VM")) (before (gensym "BEFORE")))
    `(let* ((,v ,vm) (,before (running ,v)))
       (unless *ticker* (when *tick* (start-ticker)))
       (setf (running ,v) (incf (runs ,v)))
       (unwind-protect (progn ,@body)
         (setf (running ,v) ,before)))))

(defun interrupt (vm)
  "Makes the program that runs in VM stop at its next safe point and signal INTERRUPTED in its own thread. Any thread."
  (setf (wants-interrupt vm) t)
  (%interrupt (pointer-of vm))
  nil)
