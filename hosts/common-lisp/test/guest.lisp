;;;; 10 a good guest

(in-package #:terrace/tests)

(defun status-lines (&rest names)
  (with-open-file (in "/proc/self/status")
    (loop for line = (read-line in nil)
          while line
          when (some (lambda (name) (eql 0 (search name line))) names) collect line)))

#+ecl (ffi:clines "#include <xmmintrin.h>")

(defun float-state ()
  "Traps and rounding; not the flags of what happened, which Lisp's own work sets."
  #+sbcl (loop for (name value) on (sb-int:get-floating-point-modes) by #'cddr
               unless (member name '(:current-exceptions :accrued-exceptions))
                 append (list name value))
  #+ecl (ffi:c-inline () () :int "_mm_getcsr() & ~0x3f" :one-liner t))

(defun process-state ()
  (list (status-lines "SigBlk" "SigIgn" "SigCgt") (float-state)))

(defun process-directories ()
  "Processes may end while the directory is read."
  (loop (handler-case (return (directory "/proc/*/"))
          (file-error () (sleep 0.01)))))

(defun processes ()
  "(pid name parent state) of every process."
  (loop for directory in (process-directories)
        for pid = (parse-integer (or (car (last (pathname-directory directory))) "x") :junk-allowed t)
        for line = (and pid (ignore-errors
                             (with-open-file (in (format nil "/proc/~D/stat" pid)) (read-line in nil))))
        when line
          collect (let ((open (position #\( line)) (close (position #\) line :from-end t)))
                    (list pid (subseq line (1+ open) close)
                          (parse-integer line :start (+ close 4) :junk-allowed t)
                          (char line (+ close 2))))))

(defun own-pid ()
  (with-open-file (in "/proc/self/stat") (parse-integer (read-line in) :junk-allowed t)))

(defun children ()
  (remove (own-pid) (processes) :key #'third :test-not #'eql))

(defvar *marks* 0)

(defmacro with-marked-workers ((mark) &body body)
  "BODY, whose engines' workers, and no others on this machine, are found by MARK: they inherit it in PATH."
  (let ((before (gensym "PATH")))
    `(let* ((,before (or (uiop:getenv "PATH") ""))
            (,mark (format nil "/nonexistent/terrace-test-~D-~D/" (own-pid) (incf *marks*))))
       (setf (uiop:getenv "PATH") (format nil "~A:~A" ,before ,mark))
       (unwind-protect (progn ,@body)
         (setf (uiop:getenv "PATH") ,before)))))

(defun text-of (pid file)
  "What FILE of a process says. Empty when the process is gone or is not ours to read."
  (handler-case
      (with-open-file (in (format nil "/proc/~D/~A" pid file) :external-format :latin-1)
        (with-output-to-string (out)
          (loop for char = (read-char in nil) while char do (write-char char out))))
    (error () "")))

(defun marked-workers (mark)
  "The numbers of the workers of engines that were made under MARK."
  (loop for (pid name) in (processes)
        for environment = (if (eql 0 (search "terrace-worker" name)) (text-of pid "environ") "")
        when (search mark environment) collect pid))

(defun temporary-directories (pid)
  "Where the worker PID may have its directory: the words of its command that follow --temp."
  (rest (member "--temp" (uiop:split-string (string-right-trim '(#\Nul) (text-of pid "cmdline")) :separator '(#\Nul))
                :test #'string=)))

(defun exists-p (directory)
  (uiop:directory-exists-p (uiop:ensure-directory-pathname directory)))

(defun comes-true-p (condition)
  "Whether CONDITION, a function, holds within some seconds."
  (loop repeat 100
        when (funcall condition) return t
        do (sleep 0.05)))

(defun kill (pid)
  (uiop:run-program (list "kill" "-9" (princ-to-string pid)) :ignore-error-status t))

(defun busy-session (vm)
  (eval-sx vm *fib*)
  (eval-sx vm *functions*)
  (define vm "host" (lambda (x) (1+ x)))
  (call vm "map" (lambda (x) (* 2 x)) '(1 2 3))
  (caught (eval-sx vm "(car 1)"))
  (eval-sx vm "(/ 1.0 0.0)")
  (with-effects ((ask (x) x)) (eval-sx vm "(perform 'ask 1)"))
  (dotimes (i 20) (call vm "fib" 15) (call vm "use-all" 10))
  (terrace:wait vm))

(scenario 10-a-good-guest/signals-and-floating-point
  (let ((children (length (children))) (start (or *state-at-start* (process-state))))
    (dolist (mode '(:auto :base :opt :interp))
      (with-vm (vm :mode mode)
        (busy-session vm)
        (is (equal start (process-state)))))
    (is (equal start (process-state)))
    (is (= children (length (children))))
    (is (null (remove #\Z (children) :key #'fourth :test-not #'eql)))))

(scenario 10-a-good-guest/float-flags-are-left-alone
  "Neither what SX does nor how it is compiled shows in the flags that Lisp sees."
  (with-vm (vm)
    (let ((divide (eval-sx vm "(fn (a b) (/ a b))")))
      #+sbcl (flet ((flags () (getf (sb-int:get-floating-point-modes) :accrued-exceptions)))
               (sb-int:with-float-traps-masked (:divide-by-zero :inexact)
                 (let ((before (flags)))
                   (funcall divide 1d0 0d0)
                   (funcall divide 1d0 3d0)
                   (is (equal before (flags))))))
      (is (terrace:nan-p (funcall divide 0d0 0d0))))))

(scenario 10-a-good-guest/no-process-and-no-file-is-left
  (with-marked-workers (mark)
    (let ((directories '()))
      (with-vm (vm)
        (busy-session vm)
        (setf directories (mapcan #'temporary-directories (marked-workers mark)))
        (if (compiles-p vm)
            (is-true (some #'exists-p directories))
            (is (null directories))))
      (is-true (comes-true-p (lambda () (null (marked-workers mark)))))
      (dolist (directory directories)
        (is-true (comes-true-p (lambda () (not (exists-p directory)))) "~A is left" directory)))))

(scenario 10-a-good-guest/the-worker-may-be-killed
  (with-marked-workers (mark)
    (with-vm (vm :engine engine)
      (when (compiles-p vm)
        (dotimes (round 5)
          (terrace:reset engine)
          (eval-sx vm (format nil "(define (fib~D n) (if (< n 2) (+ n ~:*~D (- ~:*~D)) (+ (fib~:*~D (- n 1)) (fib~:*~D (- n 2)))))" round))
          (is (= 987 (call vm (format nil "fib~D" round) 16)))
          (mapc #'kill (marked-workers mark))
          (is (= 987 (call vm (format nil "fib~D" round) 16)))
          (is-true (terrace:wait engine))
          (is (= 987 (call vm (format nil "fib~D" round) 16))))
        (is (plusp (getf (stats engine) :worker-deaths)))
        (is (null (remove #\Z (children) :key #'fourth :test-not #'eql)))))))

(scenario 10-a-good-guest/no-worker-in-the-environment
  (let ((before (uiop:getenv "TERRACE_WORKER")))
    (setf (uiop:getenv "TERRACE_WORKER") "/nonexistent/terrace-worker")
    (unwind-protect
         (with-vm (vm :engine engine)
           (busy-session vm)
           (is (= 610 (call vm "fib" 15)))
           (is (zerop (getf (stats engine) :entries)))
           (is (plusp (getf (stats engine) :refused))))
      (setf (uiop:getenv "TERRACE_WORKER") (or before "")))))

(scenario 10-a-good-guest/an-endless-loop-can-be-interrupted
  (with-vm (vm)
    (eval-sx vm "(define n 0) (define (forever) (set! n (+ n 1)) (forever))")
    (dotimes (i 3)
      (let ((thread (start-thread (lambda () (sleep 0.1) (terrace:interrupt vm)))))
        (signals terrace:interrupted (eval-sx vm "(forever)"))
        (join thread)))
    (is (plusp (lookup vm "n")))
    (let ((thread (start-thread (lambda () (sleep 0.1) (terrace:interrupt vm)))))
      (eval-sx vm "(define (count-to n) (let loop ((i 0)) (if (= i n) i (loop (+ i 1)))))")
      (is (= 100000000 (handler-bind ((terrace:interrupted (lambda (condition) (continue condition))))
                         (call vm "count-to" 100000000))))
      (join thread))
    (is-true (works-p vm))))
