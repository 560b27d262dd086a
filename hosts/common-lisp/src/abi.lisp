;;;; abi.lisp: include/terrace/jit.h in Lisp: numbers, layouts, and one Lisp function for each function of the library.
;;;;
;;;; Rules for calls out of Lisp, kept by DEFINE-ENTRY:
;;;;  1. They go through CALL-OUTSIDE-LISP, as the library may run on a stack of its own (stacks.lisp).
;;;;  2. Nothing signals between a call that gives a handle and the place where the handle is kept.

(in-package #:terrace)

;;; --- numbers

(macrolet ((codes (prefix &rest names-and-numbers)
             `(progn ,@(loop for (name number) on names-and-numbers by #'cddr
                             collect `(defconstant ,(intern (format nil "+~A-~A+" prefix name)) ,number)))))
  (codes status ok 0 suspended 1 interrupted 2 argument -1 handle -2 busy -3 sx -4 memory -5 state -6 type -7 range -8
    not-found -9 host -10)
  (codes kind nil 0 bool 1 int 2 double 3 char 4 ref 5 string 6 symbol 7 keyword 8 bytes 9 integer-text 10 unspecified 11)
  (codes type none 0 string 1 symbol 2 keyword 3 pair 4 vector 5 tuple 6 dict 7 bytes 8 f64 9 i64 10 big 11 ratio 12
    function 13 record 14 error 15 host-object 16 other 17)
  (codes mode auto 0 interp 1 base 2 opt 3 storm 4))

(defparameter *status-keywords*
  '((-1 . :argument) (-2 . :handle) (-3 . :busy) (-4 . :sx) (-5 . :memory) (-6 . :state) (-7 . :type) (-8 . :range)
    (-9 . :not-found) (-10 . :host)))

;;; --- struct jit_value: kind at 0, type at 4, the datum at 8, size at 16

(eval-when (:compile-toplevel :load-toplevel :execute)
  (defconstant +value-size+ 24)
  (defconstant +few+ 8 "As many values lie on Lisp's stack, where it can do that."))

(defmacro value-kind (pointer) `(cffi:mem-ref ,pointer :uint32 0))
(defmacro value-type (pointer) `(cffi:mem-ref ,pointer :uint32 4))
(defmacro value-integer (pointer) `(cffi:mem-ref ,pointer :int64 8))
(defmacro value-number (pointer) `(cffi:mem-ref ,pointer :double 8))
(defmacro value-ref (pointer) `(cffi:mem-ref ,pointer :pointer 8))
(defmacro value-bytes (pointer) `(cffi:mem-ref ,pointer :uint64 16))

(defun clear-value (pointer)
  (setf (value-kind pointer) +kind-nil+ (value-type pointer) 0 (value-integer pointer) 0 (value-bytes pointer) 0)
  pointer)

(declaim (inline value-at))
(defun value-at (pointer index)
  (cffi:inc-pointer pointer (* +value-size+ index)))

(defun clear-values (pointer count)
  (dotimes (i count pointer) (clear-value (value-at pointer i))))

(defmacro with-values ((pointer count) &body body)
  "COUNT values, all nil, for the extent of BODY."
  (if (integerp count)
      `(cffi:with-foreign-pointer (,pointer ,(* +value-size+ (max 1 count)))
         (clear-values ,pointer ,count)
         ,@body)
      (let ((n (gensym "COUNT")) (run (gensym "RUN")))
        `(let ((,n ,count))
           (flet ((,run (,pointer) (clear-values ,pointer ,n) ,@body))
             (declare (dynamic-extent #',run))
             (if (<= ,n +few+)
                 (cffi:with-foreign-pointer (,pointer ,(* +value-size+ +few+)) (,run ,pointer))
                 (cffi:with-foreign-pointer (,pointer (* +value-size+ ,n)) (,run ,pointer))))))))

;;; --- structures for options and statistics

(cffi:defcstruct engine-options
  (size :uint64) (mode :uint32) (workers :uint32) (threshold :int64) (budget :int64) (budget-bytes :uint64)
  (worker-path :pointer) (on-event :pointer) (event-env :pointer) (event-finalizer :pointer) (store-path :pointer) (store-limit :uint64)
  (preset :pointer) (settings :pointer))

(cffi:defcstruct vm-options
  (size :uint64) (heap-limit :uint64) (stack-limit :uint64) (gc-stress :uint32) (reserved :uint32)
  (write :pointer) (write-env :pointer) (write-finalizer :pointer))

(defparameter *statistics*
  '(:entries :budget :bytes :budget-bytes :threshold :hits :misses :evictions :resets :pinned :base-entries :opt-entries
    :base-compiles :opt-compiles :base-compile-ns :opt-compile-ns :queued :refused :retired-bytes :worker-starts
    :worker-deaths :promotions :heap-bytes :heap-collections :store-hits :store-misses :store-writes
    :store-written-bytes :store-rejected :deopts :invalidations :workers :batches :functions :shared :events-lost)
  "The fields of jit_stats_data after `size`, each 64 bits wide.")

(defmacro with-zeroed ((pointer size) &body body)
  (let ((n (gensym "SIZE")) (i (gensym "I")))
    `(let ((,n ,size))
       (cffi:with-foreign-pointer (,pointer ,n)
         (dotimes (,i ,n) (setf (cffi:mem-ref ,pointer :uint8 ,i) 0))
         ,@body))))

;;; --- functions

(defmacro define-entry (name (foreign-name result) &rest arguments)
  "Defines NAME to call the library's function; arguments are (name type)."
  (let ((address (intern (format nil "*~A*" name))) (names (mapcar #'first arguments)))
    `(progn
       (defvar ,address nil)
       (pushnew '(,address . ,foreign-name) *entries* :key #'car)
       (declaim (inline ,name))
       (defun ,name ,names
         (call-outside-lisp (or ,address (no-library)) ,result
                            ,@(loop for (argument type) in arguments append `(,type ,argument)))))))

(define-entry %version-string ("jit_version_string" :pointer))
(define-entry %error-new ("jit_error_new" :pointer) (status :int32) (message :pointer) (length :uint64))
(define-entry %error-release ("jit_error_release" :void) (error :pointer))
(define-entry %error-status ("jit_error_status" :int32) (error :pointer))
(define-entry %error-message ("jit_error_message" :pointer) (error :pointer))
(define-entry %error-kind ("jit_error_kind" :pointer) (error :pointer))
(define-entry %error-source ("jit_error_source" :pointer) (error :pointer))
(define-entry %error-line ("jit_error_line" :uint32) (error :pointer))
(define-entry %error-column ("jit_error_column" :uint32) (error :pointer))
(define-entry %error-trace ("jit_error_trace" :pointer) (error :pointer))
(define-entry %error-value ("jit_error_value" :int32) (error :pointer) (value :pointer))
(define-entry %engine-new ("jit_engine_new" :int32) (options :pointer) (out :pointer) (err :pointer))
(define-entry %engine-release ("jit_engine_release" :void) (engine :pointer))
(define-entry %vm-new ("jit_vm_new" :int32) (engine :pointer) (options :pointer) (out :pointer) (err :pointer))
(define-entry %vm-release ("jit_vm_release" :void) (vm :pointer))
(define-entry %eval ("jit_eval" :int32)
  (vm :pointer) (source :pointer) (length :uint64) (name :pointer) (result :pointer) (computation :pointer) (err :pointer))
(define-entry %call ("jit_call" :int32)
  (vm :pointer) (function :pointer) (arguments :pointer) (count :uint64) (result :pointer) (computation :pointer) (err :pointer))
(define-entry %resume ("jit_resume" :int32)
  (computation :pointer) (answer :pointer) (result :pointer) (next :pointer) (err :pointer))
(define-entry %resume-error ("jit_resume_error" :int32)
  (computation :pointer) (message :pointer) (length :uint64) (result :pointer) (next :pointer) (err :pointer))
(define-entry %cancel ("jit_cancel" :int32) (computation :pointer) (err :pointer))
(define-entry %computation-release ("jit_computation_release" :void) (computation :pointer))
(define-entry %interrupt ("jit_interrupt" :int32) (vm :pointer))
(define-entry %define ("jit_define" :int32) (vm :pointer) (name :pointer) (length :uint64) (value :pointer) (err :pointer))
(define-entry %lookup ("jit_lookup" :int32) (vm :pointer) (name :pointer) (length :uint64) (result :pointer) (err :pointer))
(define-entry %define-function ("jit_define_function" :int32)
  (vm :pointer) (name :pointer) (length :uint64) (min :int32) (max :int32) (function :pointer) (env :pointer)
  (finalizer :pointer) (err :pointer))
(define-entry %host-object-new ("jit_host_object_new" :int32)
  (vm :pointer) (pointer :pointer) (type-id :uint64) (finalizer :pointer) (out :pointer) (err :pointer))
(define-entry %host-object-get ("jit_host_object_get" :int32)
  (object :pointer) (type-id :uint64) (pointer :pointer) (err :pointer))
(define-entry %ref-retain ("jit_ref_retain" :pointer) (ref :pointer))
(define-entry %ref-release ("jit_ref_release" :void) (ref :pointer))
(define-entry %ref-type ("jit_ref_type" :uint32) (ref :pointer))
(define-entry %list-new ("jit_list_new" :int32) (vm :pointer) (items :pointer) (count :uint64) (out :pointer) (err :pointer))
(define-entry %vector-new ("jit_vector_new" :int32)
  (vm :pointer) (items :pointer) (count :uint64) (out :pointer) (err :pointer))
(define-entry %tuple-new ("jit_tuple_new" :int32) (vm :pointer) (items :pointer) (count :uint64) (out :pointer) (err :pointer))
(define-entry %dict-new ("jit_dict_new" :int32) (vm :pointer) (items :pointer) (count :uint64) (out :pointer) (err :pointer))
(define-entry %pair-new ("jit_pair_new" :int32) (vm :pointer) (head :pointer) (tail :pointer) (out :pointer) (err :pointer))
(define-entry %f64-new ("jit_f64_new" :int32) (vm :pointer) (data :pointer) (count :uint64) (out :pointer) (err :pointer))
(define-entry %length ("jit_length" :int32) (ref :pointer) (length :pointer) (err :pointer))
(define-entry %get ("jit_get" :int32) (ref :pointer) (index :uint64) (result :pointer) (err :pointer))
(define-entry %pair-get ("jit_pair_get" :int32) (ref :pointer) (head :pointer) (tail :pointer) (err :pointer))
(define-entry %items ("jit_items" :int32)
  (ref :pointer) (start :uint64) (items :pointer) (capacity :uint64) (count :pointer) (tail :pointer) (err :pointer))
(define-entry %string-data ("jit_string_data" :int32) (ref :pointer) (data :pointer) (size :pointer) (err :pointer))
(define-entry %bytes-data ("jit_bytes_data" :int32) (ref :pointer) (data :pointer) (size :pointer) (err :pointer))
(define-entry %f64-data ("jit_f64_data" :int32) (ref :pointer) (data :pointer) (count :pointer) (err :pointer))
(define-entry %print ("jit_print" :int32) (vm :pointer) (value :pointer) (readable :uint32) (out :pointer) (err :pointer))
(define-entry %equal ("jit_equal" :int32) (vm :pointer) (a :pointer) (b :pointer) (result :pointer) (err :pointer))
(define-entry %set-threshold ("jit_set_threshold" :int32) (engine :pointer) (calls :int64) (err :pointer))
(define-entry %set-budget ("jit_set_budget" :int32) (engine :pointer) (entries :int64) (err :pointer))
(define-entry %set-budget-bytes ("jit_set_budget_bytes" :int32) (engine :pointer) (bytes :uint64) (err :pointer))
(define-entry %pin ("jit_pin" :int32) (engine :pointer) (name :pointer) (length :uint64) (err :pointer))
(define-entry %unpin ("jit_unpin" :int32) (engine :pointer) (name :pointer) (length :uint64) (err :pointer))
(define-entry %reset ("jit_reset" :int32) (engine :pointer) (err :pointer))
(define-entry %clear-cold ("jit_clear_cold" :int32) (engine :pointer) (generations :uint32) (dropped :pointer) (err :pointer))
(define-entry %exclude ("jit_exclude" :int32) (engine :pointer) (pattern :pointer) (length :uint64) (err :pointer))
(define-entry %allow ("jit_allow" :int32) (engine :pointer) (pattern :pointer) (length :uint64) (err :pointer))
(define-entry %optimize ("jit_optimize" :int32) (vm :pointer) (function :pointer) (tier :uint32) (err :pointer))
(define-entry %demote ("jit_demote" :int32) (vm :pointer) (function :pointer) (err :pointer))
(define-entry %wait ("jit_wait" :int32) (engine :pointer) (milliseconds :uint32) (idle :pointer) (err :pointer))
(define-entry %stats ("jit_stats" :int32) (engine :pointer) (stats :pointer) (err :pointer))
(define-entry %stats-json ("jit_stats_json" :int32) (engine :pointer) (text :pointer) (err :pointer))
(define-entry %text-release ("jit_text_release" :void) (text :pointer))
(define-entry %param-get ("jit_param_get" :int32) (engine :pointer) (name :pointer) (length :uint64) (value :pointer) (err :pointer))
(define-entry %param-set ("jit_param_set" :int32) (engine :pointer) (name :pointer) (length :uint64) (value :int64) (err :pointer))
(define-entry %params-json ("jit_params_json" :int32) (engine :pointer) (text :pointer) (err :pointer))
(define-entry %set-preset ("jit_set_preset" :int32) (engine :pointer) (name :pointer) (length :uint64) (err :pointer))
(define-entry %pin-function ("jit_pin_function" :int32) (vm :pointer) (function :pointer) (err :pointer))
(define-entry %unpin-function ("jit_unpin_function" :int32) (vm :pointer) (function :pointer) (err :pointer))
(define-entry %events-poll ("jit_events_poll" :int32) (engine :pointer) (text :pointer) (err :pointer))
(define-entry %memory-pressure ("jit_memory_pressure" :int32) (engine :pointer) (level :uint32) (bytes :pointer) (err :pointer))
(define-entry %idle ("jit_idle" :int32) (engine :pointer) (budget-ns :uint64) (more :pointer) (err :pointer))
(define-entry %report ("jit_report" :int32) (engine :pointer) (text :pointer) (err :pointer))
(define-entry %report-json ("jit_report_json" :int32) (engine :pointer) (text :pointer) (err :pointer))
(define-entry %explain ("jit_explain" :int32) (vm :pointer) (function :pointer) (text :pointer) (err :pointer))

(defun library-version ()
  "What the library calls itself."
  (load-library)
  (cffi:foreign-string-to-lisp (%version-string) :encoding :utf-8))
