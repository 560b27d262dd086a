// differential/prelude.hpp: what generated programs and the machine that runs them call in SX.
#pragma once

#include <string>

namespace terrace::differential {

// Every handler of a generated program calls `describe` with what it is given, so that no limit is met without being counted.
inline constexpr const char* kPrelude = R"sx(
(define log nil)
(define log-length 0)
(define (note x)
  (when (< log-length 60)
    (set! log-length (+ log-length 1))
    (set! log (cons (write-to-string x) log)))
  x)
(define (take-log) (let ((taken (reverse log))) (set! log nil) (set! log-length 0) taken))
(define limits-met 0)
(define (describe e)
  (when (and (error? e) (memq (error-kind e) '(stack-overflow heap-limit))) (set! limits-met (+ limits-met 1)))
  (if (error? e) (list (error-kind e) (error-message e)) (list 'raised e)))
(define (clip s)
  (cond ((string? s) (if (> (string-length s) 40) (substring s 0 40) s))
        ((vector? s) (if (> (vector-length s) 20) (subvector s 0 20) s))
        ((bytes? s) (if (> (bytes-length s) 40) (bytes-copy s 0 40) s))
        ((pair? s) (take s 20))
        (else s)))
(define (length* x) (let loop ((x x) (n 0)) (if (pair? x) (loop (cdr x) (+ n 1)) (list n x))))
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
(define (the-value x) x)
(define (keep-alive f) nil)
(define (place-fraction i j) (/ 1.0 (+ (quotient (* (+ i j) (+ i j 1)) 2) i 1)))
(define (place-mixed i j) (if (< i j) (+ (modulo (- i j) 7) (* i j)) (- (remainder (* i j) 5) (quotient (+ i j) 2))))
(define (place-next i) (+ (* i 2) 1))
(define (apart body) (body))
(define (arguments-of text) (map made-real (read-from-string text)))
(define (attempt f text)
  (take-log)
  (let ((value (guard (e (true (list 'failed (describe e)))) (list 'value (write-to-string (apply f (arguments-of text)))))))
    (write-to-string (list value (take-log)))))
(define (attempt-unguarded f text) (take-log) (write-to-string (apply f (arguments-of text))))
(define (log-text) (write-to-string (take-log)))
)sx";

// A record type and what is done with it. There is one for anything, `point`, and some that as a rule are given floats alone: `spot0` and so on, each of
// which is spoilt by the first program that gives it something else.
inline constexpr int kSpots = 12;
inline constexpr const char* kPoints = R"sx(
(define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))
(define-record-type (point3 point) (make-point3 x y z) point3? (z point-z))
(define (point+ a b) (make-point (+ (point-x a) (point-x b)) (+ (point-y a) (point-y b))))
(define (point- a b) (make-point (- (point-x a) (point-x b)) (- (point-y a) (point-y b))))
(define (point* a s) (make-point (* (point-x a) s) (* (point-y a) s)))
(define (point-dot a b) (+ (* (point-x a) (point-x b)) (* (point-y a) (point-y b))))
(define (point-square a) (point-dot a a))
(define (point-smaller a) (make-point (quotient (point-x a) 4) (quotient (point-y a) 4)))
(define (point-larger a b) (if (< (point-square a) (point-square b)) b a))
(define (point-moved! a s) (set-point-x! a s) a)
(define (point-tail a) (point-square a))
)sx";

inline std::string spot_name(int number) { return "spot" + std::to_string(number); }
// The text with another name for points.
inline std::string with_spots(std::string text, const std::string& spot) {
  constexpr size_t kLength = sizeof "point" - 1;
  for (size_t at = text.find("point"); at != std::string::npos; at = text.find("point", at + spot.size())) text.replace(at, kLength, spot);
  return text;
}

}  // namespace terrace::differential
