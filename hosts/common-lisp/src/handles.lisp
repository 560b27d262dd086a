;;;; handles.lisp: Lisp objects that own something of the library.
;;;;
;;;; Answers for: giving back what a Lisp object owned, once, whether by RELEASE or when it is garbage; noticing objects of
;;;; another process. Invariants:
;;;;  1. A finalizer closes over the handle, never over its owner.
;;;;  2. Finalizers only note what is to be given back, as they may run in the middle of anything; the next call does it (SWEEP).
;;;;  3. A vm's handle knows those of its functions, errors and computations, as each of them would keep the vm, its engine and its worker
;;;;     alive: they are given back with it. Their links are changed only inside WITH-REGISTRY.

(in-package #:terrace)

(define-condition handle-error (terrace-error)
  ((object :initarg :object :reader handle-error-object)
   (message :initarg :message :reader handle-error-message))
  (:report (lambda (condition stream)
             (format stream "~A: ~A" (handle-error-object condition) (handle-error-message condition))))
  (:documentation "An engine, vm, function, ... was used after its release, or in an image that was started from a saved one."))

(defstruct (handle (:constructor make-handle (pointer releaser home)))
  (pointer nil)                ; NIL once given back
  (releaser nil)               ; the name of the function that gives it back
  (home nil)                   ; the handle of the vm that it depends on, or NIL
  (dependents nil)             ; the first of those that have this one as their home
  (next nil)                   ; among the dependents of HOME
  (previous nil)
  (generation *generation*))

(defmethod print-object ((handle handle) stream)
  (print-unreadable-object (handle stream :type t :identity t)))

(defun link-handle (handle home)
  (with-registry ()
    (let ((first (handle-dependents home)))
      (when first (setf (handle-previous first) handle))
      (setf (handle-next handle) first
            (handle-dependents home) handle))))

(defun unlink-handle (handle home)
  (let ((next (handle-next handle)) (previous (handle-previous handle)))
    (when next (setf (handle-previous next) previous))
    (if previous
        (setf (handle-next previous) next)
        (when (eq (handle-dependents home) handle) (setf (handle-dependents home) next)))
    (setf (handle-next handle) nil (handle-previous handle) nil)))

(defgeneric handle-of (object)
  (:documentation "The handle that OBJECT owns."))

(defclass owner ()
  ((handle :accessor handle-of :initform nil)))

(defvar *abandoned* (list '()) "The car is a list of handles whose owners are garbage.")

(defun abandon (handle)
  #+sbcl (sb-ext:atomic-push handle (car *abandoned*))
  #+ecl (mp:atomic-push handle (car *abandoned*))
  #-(or sbcl ecl) (push handle (car *abandoned*)))

(defun take-abandoned ()
  #+sbcl (loop for all = (car *abandoned*)
               when (eq (sb-ext:compare-and-swap (car *abandoned*) all '()) all) return all)
  #+ecl (loop for all = (car *abandoned*)
              when (eq (mp:compare-and-swap (car *abandoned*) all '()) all) return all)
  #-(or sbcl ecl) (shiftf (car *abandoned*) '()))

(defun take-pointer (handle)
  "The pointer, which the handle no longer answers for; NIL when that was so before."
  (with-registry ()
    (let ((pointer (shiftf (handle-pointer handle) nil)))
      (when (and pointer (handle-home handle)) (unlink-handle handle (handle-home handle)))
      (when (= (handle-generation handle) *generation*) pointer))))

(defun give-back (handle)
  (loop for dependent = (handle-dependents handle) while dependent do (give-back dependent))
  (let ((pointer (take-pointer handle)))
    (when pointer (funcall (handle-releaser handle) pointer))))

(declaim (inline sweep))
(defun sweep ()
  "Gives back what is garbage."
  (when (car *abandoned*) (mapc #'give-back (take-abandoned))))

(define-image-hook forget-abandoned
  (setf *abandoned* (list '())))

(defun own (owner pointer releaser &optional vm)
  "Makes OWNER answer for POINTER, which belongs to VM and which the function named RELEASER gives back."
  (let* ((home (and vm (handle-of vm))) (handle (make-handle pointer releaser home)))
    (when home (link-handle handle home))
    (setf (handle-of owner) handle)
    #+sbcl (sb-ext:finalize owner (lambda () (abandon handle)) :dont-save t)
    #-sbcl (trivial-garbage:finalize owner (lambda () (abandon handle)))
    owner))

(defun release (object)
  "Gives back what OBJECT (an engine, vm, function, suspended computation, ...) holds, now. Harmless when done already. With a vm go
its functions and computations; the vms of an engine live on."
  (trivial-garbage:cancel-finalization object)
  (when (handle-of object) (give-back (handle-of object)))
  nil)

(defun handle-fails (object message)
  (error 'handle-error :object object :message message))

(defun pointer-of (object)
  "The pointer that OBJECT owns."
  (let ((handle (handle-of object)))
    (cond ((null handle) (handle-fails object "it holds nothing"))
          ((/= (handle-generation handle) *generation*)
           (handle-fails object "it belongs to the process in which this image was saved; make it anew"))
          ((handle-pointer handle))
          (t (handle-fails object "it was released")))))
