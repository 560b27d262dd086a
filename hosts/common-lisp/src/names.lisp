;;;; names.lisp: Lisp symbols as SX names and back, and text on its way to the library.
;;;;
;;;; SX names are mostly lower case, Lisp's mostly upper case: a name all in one case changes it, a mixed one stays. So FOO is foo,
;;;; |foo| is FOO, |fooBar| is fooBar, and every name comes back as it was.

(in-package #:terrace)

(defun invert-case (name)
  (cond ((not (some #'upper-case-p name)) (string-upcase name))
        ((not (some #'lower-case-p name)) (string-downcase name))
        (t name)))

(defun invertible (name)
  "NAME in the other case, when that can be taken back."
  (let ((inverted (invert-case name)))
    (if (and (/= (length name) 0) (string= (invert-case inverted) name)) inverted name)))

(defun sx-name (designator)
  "The SX name for a string (itself) or a symbol."
  (etypecase designator
    (string designator)
    (symbol (invertible (symbol-name designator)))))

(defun lisp-symbol (name package)
  "The symbol of PACKAGE for an SX name."
  (let ((lisp-name (invertible name)))
    (if (or (string= lisp-name "NIL") (string= lisp-name "T"))
        (intern lisp-name '#:terrace.symbols)
        (values (intern lisp-name package)))))

(defmacro with-text ((pointer size string) &body body)
  "STRING as UTF-8, for the extent of BODY."
  (let ((bytes (gensym "BYTES")))
    `(multiple-value-bind (,pointer ,bytes) (encode ,string)
       (unwind-protect (let ((,size (1- ,bytes))) ,@body)
         (cffi:foreign-string-free ,pointer)))))

(defun encode (string)
  "Newly allocated UTF-8 with a NUL behind it, and the number of bytes with the NUL."
  (handler-case (cffi:foreign-string-alloc string :encoding :utf-8)
    (error (condition)
      (error 'conversion-error :datum string :message (format nil "it is no Unicode text: ~A" condition)))))

(defun decode (pointer &optional size)
  "The text of UTF-8, up to the NUL when there is no SIZE."
  (cond ((cffi:null-pointer-p pointer) "")
        (size (values (cffi:foreign-string-to-lisp pointer :count size :encoding :utf-8)))
        (t (values (cffi:foreign-string-to-lisp pointer :encoding :utf-8)))))
