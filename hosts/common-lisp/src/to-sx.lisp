;;;; to-sx.lisp: Lisp values as struct jit_value.
;;;;
;;;; Answers for: every Lisp type. What a value needs while it crosses (text, references) is noted in an arena and given back afterwards.

(in-package #:terrace)

(defvar *maximum-depth* #+ecl 200 #-ecl 1000
  "How deeply conses in cars, vectors and tables may be nested when they cross. ECL's stack is small, and ends the program when it
is used up in the wrong place.")

(defvar *maximum-elements* 10000000 "How many elements one value may have in all when it crosses; circular data ends here.")

(defstruct arena
  (texts '())
  (references '())
  (depth 0 :type fixnum)
  (elements 0 :type fixnum))

(defun free-arena (arena)
  (mapc #'cffi:foreign-string-free (arena-texts arena))
  (mapc #'%ref-release (arena-references arena))
  (setf (arena-texts arena) '() (arena-references arena) '()))

(defmacro with-arena ((arena) &body body)
  `(let ((,arena (make-arena)))
     (unwind-protect (progn ,@body) (free-arena ,arena))))

(defun cannot-cross (datum control &rest arguments)
  (error 'conversion-error :datum datum :message (apply #'format nil control arguments)))

(defun count-element (arena datum)
  (when (> (incf (arena-elements arena)) *maximum-elements*)
    (cannot-cross datum "it has more than ~D elements (TERRACE:*MAXIMUM-ELEMENTS*), or is circular" *maximum-elements*)))

(defmacro deeper ((arena datum) &body body)
  "BODY with one more level; a value that is nested too deeply, or circular, is refused."
  `(progn
     (when (> (incf (arena-depth ,arena)) *maximum-depth*)
       (setf (arena-depth ,arena) 0)
       (cannot-cross ,datum "it is nested more than ~D deep (TERRACE:*MAXIMUM-DEPTH*), or circular" *maximum-depth*))
     (multiple-value-prog1 (progn ,@body) (decf (arena-depth ,arena)))))

(defun put-text (arena kind string pointer)
  (multiple-value-bind (text size) (encode string)
    (push text (arena-texts arena))
    (setf (value-kind pointer) kind
          (cffi:mem-ref pointer :pointer 8) text
          (value-bytes pointer) (1- size))))

(defun put-ref (pointer ref)
  (setf (value-kind pointer) +kind-ref+ (value-ref pointer) ref))

(defmacro put-new (vm arena pointer (function &rest arguments))
  "Stores the new reference that FUNCTION gives through its output, which comes before the error cell."
  (let ((out (gensym "OUT")))
    `(cffi:with-foreign-object (,out :pointer)
       (checked ,vm (,function ,@arguments ,out))
       (push (cffi:mem-ref ,out :pointer) (arena-references ,arena))
       (put-ref ,pointer (cffi:mem-ref ,out :pointer)))))

(defun put-integer (arena value pointer)
  (if (typep value '(signed-byte 64))
      (setf (value-kind pointer) +kind-int+ (value-integer pointer) value)
      (put-text arena +kind-integer-text+ (let ((*print-base* 10) (*print-radix* nil)) (princ-to-string value)) pointer)))

(defun put-double (value pointer)
  (setf (value-kind pointer) +kind-double+ (value-number pointer) value))

(defun put-symbol (vm arena value pointer)
  (cond ((null value) (clear-value pointer))
        ((eq value t) (setf (value-kind pointer) +kind-bool+ (value-integer pointer) 1))
        ((or (eq value 'false) (eq value (vm-false vm)))
         (setf (value-kind pointer) +kind-bool+ (value-integer pointer) 0))
        ((keywordp value) (put-text arena +kind-keyword+ (sx-name value) pointer))
        (t (put-text arena +kind-symbol+ (sx-name value) pointer))))

(defun put-ratio (vm arena value pointer)
  "There is no struct for a ratio, but its text is a literal."
  (let ((*print-base* 10) (*print-radix* nil))
    (with-text (source size (princ-to-string value))
      (complete vm pointer (lambda (computation err)
                             (%eval (pointer-of vm) source size (cffi:null-pointer) pointer computation err))))
    (push (value-ref pointer) (arena-references arena))))

(defmacro with-elements ((vm arena items count sequence-form datum) &body body)
  "Puts the elements that the loop clause SEQUENCE-FORM gives as `item` into ITEMS."
  `(with-values (,items ,count)
     (deeper (,arena ,datum)
       (loop ,@sequence-form
             for pointer = ,items then (value-at pointer 1)
             do (count-element ,arena ,datum)
                (to-sx ,vm item pointer ,arena)))
     ,@body))

(defun put-vector (vm arena value pointer)
  (with-elements (vm arena items (length value) (for item across value) value)
    (put-new vm arena pointer (%vector-new (pointer-of vm) items (length value)))))

(defun put-tuple (vm arena value pointer)
  (let ((elements (tuple-items value)))
    (with-elements (vm arena items (length elements) (for item across elements) value)
      (put-new vm arena pointer (%tuple-new (pointer-of vm) items (length elements))))))

(defun put-bytes (arena value pointer)
  (let* ((size (length value)) (bytes (cffi:foreign-alloc :uint8 :count (max 1 size))))
    (push bytes (arena-texts arena))
    (dotimes (i size) (setf (cffi:mem-aref bytes :uint8 i) (aref value i)))
    (setf (value-kind pointer) +kind-bytes+
          (cffi:mem-ref pointer :pointer 8) bytes
          (value-bytes pointer) size)))

(defun put-doubles (vm arena value pointer)
  (declare (type (simple-array double-float (*)) value))
  (let ((count (length value)))
    (cffi:with-foreign-pointer (data (* 8 (max 1 count)))
      (dotimes (i count) (setf (cffi:mem-ref data :double (* 8 i)) (aref value i)))
      (put-new vm arena pointer (%f64-new (pointer-of vm) data count)))))

(defun put-integers (vm arena value pointer)
  "Packed integers are made by the library's own function."
  (with-values (arguments (length value))
    (loop for integer across value
          for i from 0
          do (put-integer arena integer (value-at arguments i)))
    (with-text (name size "i64-vector")
      (with-values (function 1)
        (setf (value-kind function) +kind-symbol+ (cffi:mem-ref function :pointer 8) name (value-bytes function) size)
        (complete vm pointer (lambda (computation err)
                               (%call (pointer-of vm) function arguments (length value) pointer computation err)))))
    (push (value-ref pointer) (arena-references arena))))

(defun spine (list)
  "The number of conses of LIST and its last cdr."
  (loop for rest = list then (cdr rest)
        for count from 0
        while (consp rest)
        do (when (> count *maximum-elements*)
             (cannot-cross list "it has more than ~D elements (TERRACE:*MAXIMUM-ELEMENTS*), or is circular" *maximum-elements*))
        finally (return (values count rest))))

(defun put-list (vm arena value pointer)
  (multiple-value-bind (count tail) (spine value)
    (if (null tail)
        (with-elements (vm arena items count (for item in value) value)
          (put-new vm arena pointer (%list-new (pointer-of vm) items count)))
        (put-improper vm arena (reverse-spine value) tail pointer))))

(defun reverse-spine (list)
  (let ((reversed '()))
    (loop for rest = list then (cdr rest) while (consp rest) do (push (car rest) reversed))
    reversed))

(defun put-improper (vm arena reversed tail pointer)
  "The list whose elements are REVERSED and whose last cdr is TAIL, made from its end."
  (deeper (arena tail)
    (to-sx vm tail pointer arena)
    (with-values (head 1)
      (dolist (item reversed)
        (count-element arena tail)
        (clear-value head)
        (to-sx vm item head arena)
        (put-new vm arena pointer (%pair-new (pointer-of vm) head pointer))))))

(defun put-table (vm arena table pointer)
  (let ((count (hash-table-count table)) (i 0))
    (with-values (items (* 2 count))
      (deeper (arena table)
        (maphash (lambda (key value)
                   (count-element arena table)
                   (to-sx vm key (value-at items i) arena)
                   (to-sx vm value (value-at items (1+ i)) arena)
                   (incf i 2))
                 table))
      (put-new vm arena pointer (%dict-new (pointer-of vm) items count)))))

(defun put-object (vm value pointer)
  (unless (eq (sx-vm value) vm)
    (cannot-cross value "it belongs to another vm"))
  (put-ref pointer (pointer-of value)))

(defun to-sx (vm value pointer arena)
  "Writes VALUE to the nil at POINTER."
  (typecase value
    (integer (put-integer arena value pointer))
    (double-float (put-double value pointer))
    (symbol (put-symbol vm arena value pointer))
    (string (put-text arena +kind-string+ value pointer))
    (cons (put-list vm arena value pointer))
    (character (setf (value-kind pointer) +kind-char+ (value-integer pointer) (char-code value)))
    (sx-object (put-object vm value pointer))
    (function (put-function vm arena value pointer))
    (float (put-double (coerce value 'double-float) pointer))
    (ratio (put-ratio vm arena value pointer))
    ((simple-array double-float (*)) (put-doubles vm arena value pointer))
    ((vector (unsigned-byte 8)) (put-bytes arena value pointer))
    ((simple-array (signed-byte 64) (*)) (put-integers vm arena value pointer))
    (vector (put-vector vm arena value pointer))
    (hash-table (put-table vm arena value pointer))
    (tuple (put-tuple vm arena value pointer))
    (t (put-lisp-object vm arena value pointer))))

(defmacro with-arguments ((pointer vm values &optional (count (gensym "COUNT"))) &body body)
  "The list VALUES as an array of struct jit_value, for the extent of BODY."
  (let ((list (gensym "VALUES")) (arena (gensym "ARENA")) (item (gensym "ITEM")) (at (gensym "AT")))
    `(let* ((,list ,values) (,count (length ,list)))
       (with-arena (,arena)
         (with-values (,pointer ,count)
           (loop for ,item in ,list
                 for ,at = ,pointer then (value-at ,at 1)
                 do (to-sx ,vm ,item ,at ,arena))
           ,@body)))))
