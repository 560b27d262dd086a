;;;; json.lisp: reads the JSON that the library writes (jit_stats_json, jit_explain): objects as plists, arrays as lists, true, false and
;;;; null as T, NIL and NIL.

(in-package #:terrace)

(defvar *json* nil "The stream that is read.")

(defun json-keyword (name)
  (intern (substitute #\- #\_ (string-upcase name)) :keyword))

(defun json-peek ()
  (peek-char t *json*))

(defun json-escape ()
  (let ((char (read-char *json*)))
    (case char
      (#\n #\Newline) (#\t #\Tab) (#\r #\Return) (#\b #\Backspace) (#\f #\Page)
      (#\u (code-char (parse-integer (coerce (loop repeat 4 collect (read-char *json*)) 'string) :radix 16)))
      (t char))))

(defun json-string ()
  (read-char *json*)
  (with-output-to-string (out)
    (loop for char = (read-char *json*)
          until (char= char #\")
          do (write-char (if (char= char #\\) (json-escape) char) out))))

(defun json-sequence (closing read-element)
  (read-char *json*)
  (loop until (char= (json-peek) closing)
        append (funcall read-element)
        when (char= (json-peek) #\,) do (read-char *json*)
        finally (read-char *json*)))

(defun json-member ()
  (json-peek)
  (let ((key (json-keyword (json-string))))
    (json-peek)
    (read-char *json*)
    (list key (json-value))))

(defun json-word ()
  (let ((word (coerce (loop for char = (peek-char nil *json* nil nil)
                            while (and char (or (alphanumericp char) (find char "+-.")))
                            collect (read-char *json*))
                      'string)))
    (cond ((string= word "true") t)
          ((or (string= word "false") (string= word "null")) nil)
          ((every (lambda (char) (or (digit-char-p char) (char= char #\-))) word) (parse-integer word))
          (t (let ((*read-default-float-format* 'double-float) (*read-eval* nil)) (values (read-from-string word)))))))

(defun json-value ()
  (case (json-peek)
    (#\{ (json-sequence #\} #'json-member))
    (#\[ (json-sequence #\] (lambda () (list (json-value)))))
    (#\" (json-string))
    (t (json-word))))

(defun parse-json (text)
  (with-input-from-string (*json* text) (json-value)))
