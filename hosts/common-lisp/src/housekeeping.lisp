;;;; housekeeping.lisp: what an engine tells, and memory that is given back: now, when Lisp has nothing to do, and after Lisp's own collections.

(in-package #:terrace)

;;; --- reports

(defun report (engine &optional (stream *standard-output*))
  "Writes tiers, cache, compiler and the hottest functions for people."
  (fresh-line stream)
  (write-string (engine-text engine %report take-text) stream)
  nil)

(defun report-data (engine)
  "The same as a plist (:statistics :tiers :functions)."
  (engine-text engine %report-json take-json))

;;; --- events: the library keeps them, and Lisp takes them when it comes by, so that no code of Lisp runs on a thread that is not Lisp's

(defconstant +events-kept+ 10000)

(defun events (engine)
  "Takes the events that are kept, oldest first: plists (:event :number :time-ns :text :function :tier :reason), the event a keyword. None are kept
unless ON-EVENT was called or the parameter :events-kept set."
  (mapcar (lambda (plist)
            (setf (getf plist :event) (json-keyword (getf plist :event)))
            plist)
          (engine-text engine %events-poll take-json)))

(defun tell-events (engine)
  "Calls what ON-EVENT registered with every event that came since; answers how many."
  (let ((function (listener (engine-of engine))))
    (if function
        (let ((events (events engine)))
          (mapc function events)
          (length events))
        0)))

(defun on-event (engine function)
  "FUNCTION is called with a plist (see EVENTS) for every event, when a program has ended, by WAIT and by TELL-EVENTS, on the thread that called;
NIL for nothing any more."
  (setf (listener (engine-of engine)) function)
  (when (zerop (param engine :events-kept)) (set-param engine :events-kept +events-kept+))
  function)

;;; --- memory

(defun memory-pressure (engine &optional (level :moderate))
  "Gives memory back now and answers how many bytes; :critical drops all code that is not pinned, too."
  (cffi:with-foreign-object (bytes :uint64)
    (engine-call engine (%memory-pressure (ecase level (:moderate 1) (:critical 2)) bytes))
    (cffi:mem-ref bytes :uint64)))

(defun housekeep (engine &optional (seconds 0.005d0))
  "Does what can wait, for at most SECONDS; whether something is left."
  (cffi:with-foreign-object (more :uint32)
    (engine-call engine (%idle (floor (* 1000000000 seconds)) more))
    (= 1 (cffi:mem-ref more :uint32))))

(defvar *houses* '() "Weak pointers to the engines that KEEP-HOUSE cares for.")

(defvar *full-share* 0.8 "Share of Lisp's own heap above which memory is short, so that its collections give back memory of SX too.")

(defun house-engines ()
  (loop for pointer in *houses*
        for engine = (trivial-garbage:weak-pointer-value pointer)
        when (and engine (handle-of engine) (handle-pointer (handle-of engine))) collect engine))

(defun lisp-is-full ()
  #+sbcl (>= (sb-kernel:dynamic-usage) (* *full-share* (sb-ext:dynamic-space-size)))
  #-sbcl nil)

(defun keep-houses ()
  "After a collection of Lisp's."
  (dolist (engine (house-engines))
    (ignore-errors (if (lisp-is-full) (memory-pressure engine) (housekeep engine)))))

(defun keep-house (engine)
  "Ties ENGINE to Lisp's collector: after its collections the engine does housekeeping, and gives memory back when Lisp's heap is nearly full. Does
not keep the engine alive. In a Lisp without after-collection hooks, which ECL is, nothing happens: call HOUSEKEEP where the program is idle."
  (setf *houses* (cons (trivial-garbage:make-weak-pointer (engine-of engine))
                       (remove-if-not #'trivial-garbage:weak-pointer-value *houses*)))
  #+sbcl (pushnew 'keep-houses sb-ext:*after-gc-hooks*)
  engine)

(defun stop-keeping-house (engine)
  "Takes KEEP-HOUSE back."
  (setf *houses* (remove (engine-of engine) *houses* :key #'trivial-garbage:weak-pointer-value))
  engine)

(define-image-hook forget-houses
  (setf *houses* '()))
