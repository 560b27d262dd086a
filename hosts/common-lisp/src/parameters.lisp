;;;; parameters.lisp: every number that steers an engine, by name: a string or symbol such as :opt-threshold. Every function takes an engine or one
;;;; of its vms.

(in-package #:terrace)

(defun param (engine name)
  "The value of a parameter."
  (with-text (text size (param-name name))
    (cffi:with-foreign-object (value :int64)
      (engine-call engine (%param-get text size value))
      (cffi:mem-ref value :int64))))

(defun set-param (engine name value)
  "Sets a parameter for every vm of the engine from now on."
  (with-text (text size (param-name name))
    (engine-call engine (%param-set text size value)))
  value)

(defun (setf param) (value engine name) (set-param engine name value))

(defmacro with-params ((engine &rest params) &body body)
  "BODY with other values of PARAMS, a plist; the ones before come back in any case."
  (let ((e (gensym "ENGINE")) (names (gensym "NAMES")) (values (gensym "VALUES")) (before (gensym "BEFORE")))
    `(let* ((,e ,engine)
            (,names (list ,@(loop for (name) on params by #'cddr collect name)))
            (,values (list ,@(loop for (nil value) on params by #'cddr collect value)))
            (,before (mapcar (lambda (name) (param ,e name)) ,names)))
       (unwind-protect (progn (mapc (lambda (name value) (set-param ,e name value)) ,names ,values)
                              ,@body)
         (mapc (lambda (name value) (set-param ,e name value)) ,names ,before)))))

(defun params (engine)
  "A plist (:name :value :default :least :most :unit :at-start :text) for every parameter. The name is a keyword."
  (mapcar (lambda (plist)
            (setf (getf plist :name) (json-keyword (getf plist :name)))
            plist)
          (getf (engine-text engine %params-json take-json) :parameters)))

(defun presets (engine)
  "A plist (:name :text :values) for every preset. The name is a keyword."
  (mapcar (lambda (plist)
            (setf (getf plist :name) (json-keyword (getf plist :name)))
            plist)
          (getf (engine-text engine %params-json take-json) :presets)))

(defun use-preset (engine name)
  "Sets every parameter to what a preset says: :default, :development or :production."
  (with-text (text size (param-name name))
    (engine-call engine (%set-preset text size)))
  name)
