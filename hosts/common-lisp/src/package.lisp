;;;; package.lisp: the names that users see. Meant to be used with the prefix terrace: and not through :use, as several names
;;;; (call, define, wait, ...) are short.

(defpackage #:terrace
  (:use #:common-lisp)
  (:shadow #:optimize)
  (:export
   ;; the library
   #:load-library #:library-path #:library-version
   ;; engines and vms
   #:engine #:make-engine #:vm #:make-vm #:engine-of #:release #:*vm*
   ;; running
   #:eval-sx #:call #:load-sx #:define #:lookup #:print-sx #:equal-sx
   ;; values
   #:false #:true-p #:tuple #:tuple-p #:tuple-items #:make-tuple #:sx-object #:sx-object-type #:sx-function
   #:+nan+ #:+positive-infinity+ #:+negative-infinity+ #:nan-p
   #:sx-name #:*maximum-depth* #:*maximum-elements*
   ;; conditions
   #:terrace-error #:library-error #:handle-error #:conversion-error #:jit-error #:jit-division-by-zero #:jit-type-error
   #:jit-unbound-variable
   #:jit-error-status #:jit-error-kind #:jit-error-message #:jit-error-source #:jit-error-line #:jit-error-column
   #:jit-error-trace #:jit-error-value #:jit-error-cause
   #:interrupted #:effect #:effect-operation #:effect-arguments #:effect-computation
   #:retry #:refuse #:suspend #:*break-on-callback-errors*
   ;; effects
   #:with-effects #:with-suspension #:suspended #:suspended-p #:operation #:arguments #:resume #:resume-error #:cancel
   ;; control
   #:threshold #:set-threshold #:with-threshold #:budget #:set-budget #:budget-bytes #:set-budget-bytes
   #:param #:set-param #:with-params #:params #:presets #:use-preset
   #:report-data #:events #:on-event #:tell-events #:memory-pressure #:housekeep #:keep-house #:stop-keeping-house #:*full-share*
   #:pin #:unpin #:reset #:clear-cold #:stats #:report #:exclude #:allow #:optimize #:demote #:explain #:wait #:interrupt #:*tick*))

;;; SX symbols whose names would read as NIL and T live here when they become Lisp symbols: these two mean something else in Lisp.
(defpackage #:terrace.symbols
  (:use))
