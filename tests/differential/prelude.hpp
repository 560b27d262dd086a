// differential/prelude.hpp: what generated programs and the machine that runs them call in SX.
#pragma once

namespace terrace::differential {

inline constexpr const char* kPrelude = R"sx(
(define log nil)
(define log-length 0)
(define (note x)
  (when (< log-length 60)
    (set! log-length (+ log-length 1))
    (set! log (cons (write-to-string x) log)))
  x)
(define (take-log) (let ((taken (reverse log))) (set! log nil) (set! log-length 0) taken))
(define (describe e) (if (error? e) (list (error-kind e) (error-message e)) (list 'raised e)))
(define (clip s)
  (cond ((string? s) (if (> (string-length s) 40) (substring s 0 40) s))
        ((vector? s) (if (> (vector-length s) 20) (subvector s 0 20) s))
        ((bytes? s) (if (> (bytes-length s) 40) (bytes-copy s 0 40) s))
        ((pair? s) (take s 20))
        (else s)))
(define (clip-list s) (if (vector? s) (vector->list s) s))
(define (clip-number x)
  (if (and (exact-rational? x) (> (+ (integer-length (numerator x)) (integer-length (denominator x))) 200))
      (/ (remainder (numerator x) 1000003) 7)
      x))
(define *pi* (make-parameter 3))
(define (twice x) (* x 2))
(define (make-counter) (let ((n 0)) (lambda (k) (set! n (+ n k)) n)))
(define (named-function name)
  (case name ((1+) 1+) ((identity) identity) ((twice) twice) (else (make-counter))))
(define (made-real x)
  (if (pair? x)
      (case (car x)
        ((%f64) (list->f64-vector (cdr x)))
        ((%bytes) (list->bytes (cdr x)))
        ((%dict) (apply dict (cdr x)))
        ((%function) (named-function (cadr x)))
        (else x))
      (if (vector? x) (vector-copy x) x)))
(define (arguments-of text) (map made-real (read-from-string text)))
(define (attempt f text)
  (let ((value (guard (e (true (list 'failed (describe e)))) (list 'value (write-to-string (apply f (arguments-of text)))))))
    (write-to-string (list value (take-log)))))
(define (attempt-unguarded f text) (write-to-string (apply f (arguments-of text))))
(define (log-text) (write-to-string (take-log)))
)sx";

}  // namespace terrace::differential
