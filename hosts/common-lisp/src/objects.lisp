;;;; objects.lisp: the classes of engines, vms and of SX values that have no counterpart in Lisp.

(in-package #:terrace)

(defclass engine (owner)
  ((listener :initform nil :accessor listener :documentation "What TELL-EVENTS calls, or NIL."))
  (:documentation "Compiler, code cache and statistics, shared by its vms. Any thread."))

(defclass vm (owner)
  ((engine :initarg :engine :reader engine-of)
   (package :initarg :package :reader vm-package)
   (false-value :initarg :false :reader vm-false)
   (wants-interrupt :initform nil :accessor wants-interrupt)
   (runs :initform 0 :accessor runs :type fixnum)
   (running :initform nil :accessor running :documentation "The number of the run in progress, or NIL.")
   (seen-running :initform nil :accessor seen-running :documentation "RUNNING, a tick ago.")
   (turn :initform nil :accessor turn :documentation "NIL, :asking or :asked: whether the program was asked to set itself aside.")
   (answer :initform nil :accessor last-answer))
  (:documentation "A heap with its globals and running computations. One thread at a time."))

(defmethod engine-of ((engine engine)) engine)

(defvar *vm* nil "The vm whose program runs, inside host functions and effect handlers.")

(defun pointer-address-of (vm)
  (cffi:pointer-address (pointer-of vm)))

(defvar *suspending* nil "Whether an unanswered effect makes the running function return the computation.")

;;; --- values

(defconstant false 'false "What SX false arrives as, unless a vm was made with another :false.")

(defun true-p (value)
  "Whether SX takes VALUE for true: it is neither NIL nor TERRACE:FALSE."
  (not (or (null value) (eq value 'false))))

(defstruct (tuple (:constructor make-tuple (items)))
  "An SX tuple."
  (items #() :type simple-vector))

(defun tuple (&rest items)
  "A tuple of ITEMS."
  (make-tuple (coerce items 'simple-vector)))

(defclass sx-object (owner)
  ((vm :initarg :vm :reader sx-vm)
   (type :initarg :type :reader sx-object-type))
  (:documentation "An SX value that Lisp only holds: a record, an error object, a box, ..."))

(defclass sx-function (sx-object #+sbcl sb-mop:funcallable-standard-object #+ecl clos:funcallable-standard-object) ()
  (:metaclass #+sbcl sb-mop:funcallable-standard-class #+ecl clos:funcallable-standard-class)
  (:documentation "An SX function. FUNCALL and APPLY run it."))

(defparameter *type-names*
  #(:none :string :symbol :keyword :pair :vector :tuple :dict :bytes :f64-vector :i64-vector :integer :ratio :function :record
    :error :host-object :other))

(defun type-name (code)
  (if (< code (length *type-names*)) (svref *type-names* code) :other))

;;; --- numbers that Lisp has no notation for

(defun double-from-bits (bits)
  (cffi:with-foreign-object (cell :uint64)
    (setf (cffi:mem-ref cell :uint64) bits)
    (cffi:mem-ref cell :double)))

(defun bits-of-double (number)
  (cffi:with-foreign-object (cell :uint64)
    (setf (cffi:mem-ref cell :double) number)
    (cffi:mem-ref cell :uint64)))

(defvar +nan+ (double-from-bits #x7FF8000000000000) "Not a number. Comparing it traps in most Lisps: use NAN-P.")
(defvar +positive-infinity+ (double-from-bits #x7FF0000000000000))
(defvar +negative-infinity+ (double-from-bits #xFFF0000000000000))

(defun nan-p (value)
  "Whether VALUE is the double that is not a number. Never traps."
  (and (typep value 'double-float)
       (> (logand (bits-of-double value) #x7FFFFFFFFFFFFFFF) #x7FF0000000000000)))

;;; --- printing

(defun print-owner (object stream detail)
  (print-unreadable-object (object stream :type t :identity t)
    (let ((handle (handle-of object)))
      (cond ((or (null handle) (null (handle-pointer handle))) (write-string "released" stream))
            ((/= (handle-generation handle) *generation*) (write-string "of a saved image" stream))
            (detail (write-string detail stream))))))

(defmethod print-object ((object engine) stream) (print-owner object stream nil))
(defmethod print-object ((object vm) stream) (print-owner object stream nil))
(defmethod print-object ((object sx-object) stream)
  (print-owner object stream (string-downcase (sx-object-type object))))
