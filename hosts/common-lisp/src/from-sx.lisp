;;;; from-sx.lisp: struct jit_value as Lisp values.
;;;;
;;;; Answers for: every kind and type of jit.h. References in results are owned by the reader: FROM-SX gives them back or keeps them in an
;;;; object; BORROWED-FROM-SX leaves them alone.

(in-package #:terrace)

(defvar *reading* nil "The arena that counts elements and depth while one value is read.")

(defconstant +chunk+ 512)

(defun from-sx (vm pointer)
  "The Lisp value of the result at POINTER, whose reference is used up."
  (if (= (value-kind pointer) +kind-ref+)
      (let ((ref (value-ref pointer)) (kept nil))
        (unwind-protect
             (multiple-value-bind (value keeps) (read-ref vm ref (value-type pointer))
               (setf kept keeps)
               value)
          (unless kept (%ref-release ref))))
      (read-scalar vm pointer)))

(defun borrowed-from-sx (vm pointer)
  "The Lisp value of the argument at POINTER."
  (if (= (value-kind pointer) +kind-ref+)
      (let ((ref (value-ref pointer)))
        (multiple-value-bind (value kept) (read-ref vm ref (%ref-type ref))
          (when kept (%ref-retain ref))
          value))
      (read-scalar vm pointer)))

(defun read-scalar (vm pointer)
  (let ((kind (value-kind pointer)))
    (cond ((= kind +kind-int+) (value-integer pointer))
          ((= kind +kind-nil+) nil)
          ((= kind +kind-double+) (value-number pointer))
          ((= kind +kind-bool+) (if (zerop (value-integer pointer)) (vm-false vm) t))
          ((= kind +kind-char+) (code-char (value-integer pointer)))
          (t nil))))

(defun read-ref (vm ref type)
  "The Lisp value, and whether it keeps REF."
  (cond ((= type +type-string+) (read-text vm ref))
        ((= type +type-symbol+) (lisp-symbol (read-text vm ref) (vm-package vm)))
        ((= type +type-keyword+) (intern (invertible (read-text vm ref)) :keyword))
        ((= type +type-big+) (parse-digits (print-ref vm ref)))
        ((= type +type-ratio+) (read-ratio (print-ref vm ref)))
        ((= type +type-bytes+) (read-bytes vm ref))
        ((= type +type-f64+) (read-doubles vm ref))
        ((= type +type-function+) (values (make-sx-function vm ref) t))
        ((= type +type-host-object+) (read-host-object vm ref))
        ((<= +type-pair+ type +type-i64+) (read-compound vm ref type))
        (t (values (make-sx-object vm ref type) t))))

(defun read-compound (vm ref type)
  (let ((*reading* (or *reading* (make-arena))))
    (deeper (*reading* (type-name type))
      (cond ((= type +type-pair+) (read-list vm ref))
            ((= type +type-vector+) (read-vector vm ref))
            ((= type +type-tuple+) (make-tuple (read-vector vm ref)))
            ((= type +type-dict+) (read-dict vm ref))
            (t (read-integers vm ref))))))

;;; --- text and numbers

(defun read-text (vm ref)
  (cffi:with-foreign-objects ((data :pointer) (size :uint64))
    (checked vm (%string-data ref data size))
    (decode (cffi:mem-ref data :pointer) (cffi:mem-ref size :uint64))))

(defun print-ref (vm ref)
  "How SX writes the value."
  (with-values (value 1)
    (put-ref value ref)
    (print-value vm value 1)))

(defun print-value (vm value readable)
  (cffi:with-foreign-object (out :pointer)
    (checked vm (%print (pointer-of vm) value readable out))
    (let ((text (cffi:mem-ref out :pointer)))
      (unwind-protect (read-text vm text) (%ref-release text)))))

(defun parse-digits (text &optional (start 0) (end (length text)))
  "The integer that TEXT writes; long ones by halves."
  (if (< (- end start) 400)
      (parse-integer text :start start :end end)
      (let* ((negative (char= (char text start) #\-))
             (first (if negative (1+ start) start))
             (middle (floor (+ first end) 2))
             (value (+ (* (parse-digits text first middle) (expt 10 (- end middle))) (parse-digits text middle end))))
        (if negative (- value) value))))

(defun read-ratio (text)
  (let ((slash (position #\/ text)))
    (/ (parse-digits text 0 slash) (parse-digits text (1+ slash)))))

;;; --- compounds

(defun element-count (vm ref)
  (cffi:with-foreign-object (length :uint64)
    (checked vm (%length ref length))
    (cffi:mem-ref length :uint64)))

(defun release-values (items start count)
  (loop for i from start below count
        for pointer = (value-at items i)
        when (= (value-kind pointer) +kind-ref+) do (%ref-release (value-ref pointer))))

(defun map-chunk (vm ref start items capacity tail function)
  "Calls FUNCTION with the values from START on, as many as one call gives; answers their number."
  (cffi:with-foreign-object (count :uint64)
    (checked vm (%items ref start items capacity count tail))
    (let ((n (cffi:mem-ref count :uint64)) (used 0))
      (unwind-protect
           (dotimes (i n n)
             (count-element *reading* :data)
             (setf used (1+ i))
             (funcall function (from-sx vm (value-at items i))))
        (release-values items used n)))))

(defun map-items (vm ref values stride function)
  "Calls FUNCTION with all VALUES values of a vector, tuple or dict; STRIDE is 2 for dicts, which count in pairs."
  (let ((capacity (max 2 (min +chunk+ values))))
    (with-values (items capacity)
      (loop with done = 0
            while (< done values)
            do (let ((n (map-chunk vm ref (floor done stride) items capacity (cffi:null-pointer) function)))
                 (when (zerop n) (return))
                 (incf done n))))))

(defun read-vector (vm ref)
  (let* ((count (element-count vm ref)) (vector (make-array count :initial-element nil)) (i 0))
    (map-items vm ref count 1 (lambda (item) (setf (svref vector i) item) (incf i)))
    vector))

(defun read-dict (vm ref)
  (let ((table (make-hash-table :test #'equal)) (key nil) (at-key t))
    (map-items vm ref (* 2 (element-count vm ref)) 2
               (lambda (item)
                 (if at-key (setf key item) (setf (gethash key table) item))
                 (setf at-key (not at-key))))
    table))

(defun proper-length (ref)
  "The number of elements, or NIL when the list is improper or circular."
  (cffi:with-foreign-object (length :uint64)
    (when (= (%length ref length (cffi:null-pointer)) +status-ok+)
      (cffi:mem-ref length :uint64))))

(defun read-list (vm ref)
  (let ((length (proper-length ref)))
    (if length (read-proper-list vm ref length) (read-conses vm ref))))

(defun read-proper-list (vm ref length)
  "In one piece, as the library walks a list from its start for every piece."
  (let ((items '()))
    (with-values (values length)
      (map-chunk vm ref 0 values length (cffi:null-pointer) (lambda (item) (push item items))))
    (nreverse items)))

(defun read-conses (vm ref)
  "Pair by pair, to a last cdr that is not nil."
  (let* ((list (list nil)) (last list) (rest ref))
    (with-values (head 1)
      (with-values (tail 1)
        (loop
          (unwind-protect (checked vm (%pair-get rest head tail))
            (unless (eq rest ref) (%ref-release rest)))
          (count-element *reading* :list)
          (setf last (setf (cdr last) (list (from-sx vm head))))
          (unless (and (= (value-kind tail) +kind-ref+) (= (value-type tail) +type-pair+)) (return))
          (setf rest (value-ref tail)))
        (setf (cdr last) (from-sx vm tail))))
    (cdr list)))

(defun read-bytes (vm ref)
  (cffi:with-foreign-objects ((data :pointer) (size :uint64))
    (checked vm (%bytes-data ref data size))
    (let* ((n (cffi:mem-ref size :uint64)) (from (cffi:mem-ref data :pointer))
           (bytes (make-array n :element-type '(unsigned-byte 8))))
      (dotimes (i n bytes) (setf (aref bytes i) (cffi:mem-aref from :uint8 i))))))

(defun read-doubles (vm ref)
  (cffi:with-foreign-objects ((data :pointer) (size :uint64))
    (checked vm (%f64-data ref data size))
    (let* ((n (cffi:mem-ref size :uint64)) (from (cffi:mem-ref data :pointer))
           (doubles (make-array n :element-type 'double-float)))
      (dotimes (i n doubles) (setf (aref doubles i) (cffi:mem-ref from :double (* 8 i)))))))

(defun read-integers (vm ref)
  (let* ((n (element-count vm ref)) (integers (make-array n :element-type '(signed-byte 64))))
    (with-values (value 1)
      (dotimes (i n integers)
        (checked vm (%get ref i value))
        (setf (aref integers i) (from-sx vm value))))))

;;; --- what Lisp only holds

(defun make-sx-object (vm ref type)
  (own (make-instance 'sx-object :vm vm :type (type-name type)) ref '%ref-release vm))

(defun make-sx-function (vm ref)
  (let ((function (own (make-instance 'sx-function :vm vm :type :function) ref '%ref-release vm)))
    (#+sbcl sb-mop:set-funcallable-instance-function #+ecl clos:set-funcallable-instance-function
     function (function-calling function))
    function))

(defun function-calling (function)
  (lambda (&rest arguments) (apply #'call (sx-vm function) function arguments)))
