;;;; vm.lisp: engines, vms, and what is done with a vm.

(in-package #:terrace)

(defparameter *modes*
  `((:auto . ,+mode-auto+) (:interp . ,+mode-interp+) (:base . ,+mode-base+) (:opt . ,+mode-opt+) (:storm . ,+mode-storm+)))

(defun mode-code (mode)
  (or (cdr (assoc mode *modes*))
      (error 'type-error :datum mode :expected-type `(member ,@(mapcar #'car *modes*)))))

(defun zero-means-never (number)
  "The options structure takes 0 for the default."
  (cond ((null number) 0) ((plusp number) number) (t -1)))

(defmacro with-option-text ((pointer string) &body body)
  "STRING as UTF-8 that ends with NUL, or NULL without one."
  (let ((text (gensym "TEXT")))
    `(let ((,text ,string))
       (if ,text
           (with-text (,pointer size ,text) (declare (ignorable size)) ,@body)
           (let ((,pointer (cffi:null-pointer))) ,@body)))))

(defun own-output (object out releaser)
  (own object (cffi:mem-ref out :pointer) releaser))

(defun param-name (designator)
  "The name of a parameter or preset for a string or symbol."
  (string-downcase (string designator)))

(defun settings-text (params)
  "A plist of parameters as the library reads them."
  (format nil "~{~A=~D~^ ~}" (loop for (name value) on params by #'cddr
                                   do (check-type value integer)
                                   append (list (param-name name) value))))

(defun make-engine (&key library (mode :auto) threshold budget budget-bytes worker workers store store-limit preset params on-event)
  "An engine, with libterrace opened first when it is not (LIBRARY, TERRACE_LIBRARY). MODE is :auto, :interp, :base, :opt or :storm.
THRESHOLD: calls before compilation, 0 for never. BUDGET: entries of the code cache, 0 for none. WORKER: the path of the compile
worker. WORKERS: how many processes of it. STORE: the directory where compiled code is kept for the next process (TERRACE_STORE, then the user's
cache), or :off; STORE-LIMIT: the bytes that it may take. PRESET: :default, :development or :production. PARAMS: a plist of parameters (PARAMS). ON-EVENT: see the
function of that name. NIL everywhere means the default."
  (load-library library)
  (sweep)
  (let ((engine (create-engine mode threshold budget budget-bytes worker workers store store-limit preset params)))
    (when on-event (on-event engine on-event))
    engine))

(defun create-engine (mode threshold budget budget-bytes worker workers store store-limit preset params)
  (with-option-text (path (and worker (uiop:native-namestring worker)))
    (with-option-text (store-path (case store ((nil) nil) (:off "off") (t (uiop:native-namestring store))))
      (with-option-text (preset-name (and preset (param-name preset)))
        (with-option-text (settings (settings-text params))
          (with-zeroed (options (cffi:foreign-type-size '(:struct engine-options)))
            (flet (((setf option) (value slot)
                     (setf (cffi:foreign-slot-value options '(:struct engine-options) slot) value)))
              (setf (option 'size) (cffi:foreign-type-size '(:struct engine-options))
                    (option 'mode) (mode-code mode)
                    (option 'workers) (or workers 0)
                    (option 'threshold) (zero-means-never threshold)
                    (option 'budget) (zero-means-never budget)
                    (option 'budget-bytes) (or budget-bytes 0)
                    (option 'worker-path) path
                    (option 'store-path) store-path
                    (option 'store-limit) (or store-limit 0)
                    (option 'preset) preset-name
                    (option 'settings) settings))
            (cffi:with-foreign-object (out :pointer)
              (checked nil (%engine-new options out))
              (own-output (make-instance 'engine) out '%engine-release))))))))

(defun make-vm (engine &key heap-limit stack-limit gc-stress (output '*standard-output*) (package *package*)
                         ((:false false-value) 'false))
  "A vm of ENGINE. HEAP-LIMIT and STACK-LIMIT are bytes. OUTPUT is where display writes: a stream, a function of a string, a variable that holds a
stream, or NIL. PACKAGE is where SX symbols become Lisp symbols. FALSE is what SX false arrives as."
  (sweep)
  (with-zeroed (options (cffi:foreign-type-size '(:struct vm-options)))
    (flet (((setf option) (value slot)
             (setf (cffi:foreign-slot-value options '(:struct vm-options) slot) value)))
      (setf (option 'size) (cffi:foreign-type-size '(:struct vm-options))
            (option 'heap-limit) (or heap-limit 0)
            (option 'stack-limit) (or stack-limit 0)
            (option 'gc-stress) (if gc-stress 1 0)))
    (create-vm options (make-instance 'vm :engine engine :package (find-package package) :false false-value) output)))

(defun create-vm (options vm output)
  (flet ((create ()
           (cffi:with-foreign-object (out :pointer)
             (checked nil (%vm-new (pointer-of (engine-of vm)) options out))
             (own-output vm out '%vm-release)
             (add-vm vm)
             vm)))
    (if (null output)
        (create)
        (registering (number output)
          (flet (((setf option) (value slot)
                   (setf (cffi:foreign-slot-value options '(:struct vm-options) slot) value)))
            (setf (option 'write) (callback-address output-written)
                  (option 'write-env) (cffi:make-pointer number)
                  (option 'write-finalizer) (callback-address object-unused)))
          (create)))))

;;; --- running

(defun calling-handler (function)
  "A handler of *EFFECTS* for a FUNCTION of operation and arguments that answers everything."
  (lambda (operation arguments) (values (apply function operation arguments) t)))

(defun eval-sx (vm source &key (name "eval") effects)
  "Runs every form of SOURCE, a string; the last one's value. NAME is what messages call the source. EFFECTS is a function of an operation and
its arguments that answers every effect."
  (check-type source string)
  (let ((*effects* (if effects (cons (calling-handler effects) *effects*) *effects*)))
    (run vm (lambda (result computation err)
              (with-text (text size source)
                (with-text (label label-size name)
                  (declare (ignore label-size))
                  (%eval (pointer-of vm) text size label result computation err)))))))

(defun load-sx (vm path)
  "Runs the file at PATH, in UTF-8."
  (eval-sx vm (uiop:read-file-string path :external-format :utf-8) :name (uiop:native-namestring path)))

(defun callable (function)
  "FUNCTION as the library takes it: a symbol for a name."
  (etypecase function
    (string (make-symbol (invertible function)))
    ((or symbol sx-function) function)))

(defun call (vm function &rest arguments)
  "Calls FUNCTION, an SX function or the name of a global (a string, or a symbol)."
  (let ((function (callable function)))
    (run vm (lambda (result computation err)
              (with-arguments (values vm (cons function arguments) count)
                (%call (pointer-of vm) values (value-at values 1) (1- count) result computation err))))))

;;; --- globals

(defun define (vm name value &key (min 0) max)
  "Makes VALUE the global NAME, a string or symbol. A Lisp function becomes an SX function that takes from MIN to MAX arguments;
inside it *VM* is the vm that calls."
  (sweep)
  (let ((name (sx-name name)))
    (if (and (functionp value) (not (typep value 'sx-function)))
        (define-host-function vm name value min max)
        (with-text (text size name)
          (with-arguments (pointer vm (list value))
            (checked vm (%define (pointer-of vm) text size pointer)))))
    value))

(defun lookup (vm name &optional (default nil default-given))
  "The value of the global NAME, a string or symbol; DEFAULT, or else an error, when there is none."
  (sweep)
  (with-values (result 1)
    (handler-bind ((jit-error (lambda (condition)
                                (when (and default-given (eq (jit-error-status condition) :not-found))
                                  (return-from lookup default)))))
      (with-text (text size (sx-name name))
        (checked vm (%lookup (pointer-of vm) text size result))))
    (from-sx vm result)))

(defun (setf lookup) (value vm name)
  (define vm name value))

;;; --- values

(defun print-sx (vm value &key (readably t))
  "VALUE as SX writes it, or, with :readably nil, as SX displays it."
  (with-arguments (pointer vm (list value))
    (print-value vm pointer (if readably 1 0))))

(defun equal-sx (vm a b)
  "Whether A and B are equal? in SX."
  (with-arguments (pointer vm (list a b))
    (cffi:with-foreign-object (result :uint32)
      (checked vm (%equal (pointer-of vm) pointer (value-at pointer 1) result))
      (= 1 (cffi:mem-ref result :uint32)))))
