#!/bin/sh
# The scenarios of hosts/scenarios.md as far as a command line can tell them, as TAP.
#
#   scenarios.sh TERRACE LIBRARY
set -u
terrace=$1
TERRACE_LIBRARY=$2
export TERRACE_LIBRARY
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/tmp"
TMPDIR=$place/tmp
export TMPDIR
number=0

# check NAME WANTED-CODE WANTED-OUTPUT WANTED-IN-STDERR ARGUMENT...: standard input is the file $place/in.
: >"$place/in"
check() {
  name=$1; code=$2; output=$3; complaint=$4
  shift 4
  number=$((number + 1))
  got=$("$terrace" "$@" <"$place/in" 2>"$place/err")
  ended=$?
  if [ $ended = "$code" ] && [ "$got" = "$output" ] && { [ -z "$complaint" ] || grep -qF -- "$complaint" "$place/err"; }; then
    echo "ok $number - $name"
    return
  fi
  echo "not ok $number - $name"
  echo "# wanted exit code $code and: $output"
  echo "# got $ended and: $got"
  sed 's/^/# /' "$place/err"
}
# The same, with the program in a file.
check_program() {
  name=$1; code=$2; output=$3; complaint=$4; program=$5
  shift 5
  printf '%s\n' "$program" >"$place/program.sx"
  check "$name" "$code" "$output" "$complaint" "$@" run "$place/program.sx" one "two words" --three
}

check "1 numbers: exact" 0 1267650600228229401496703205376 "" eval "(expt 2 100)"
check "1 numbers: ratios and doubles" 0 "(1/3 0.1 -0.0 +inf.0)" "" eval "(list (/ 1 3) 0.1 -0.0 (/ 1.0 0.0))"
check "2 data" 0 '("é😀" :k sym #(1 (2)) {a 1})' "" eval '(list "é😀" :k (quote sym) (vector 1 (list 2)) (dict (quote a) 1))'
check "2 data: nothing is shown for the unspecified value" 0 "" "" eval '(if false 1)'
check_program "3 functions: a program and its arguments" 0 "(one two words --three)" "" "(display arguments)"
check_program "3 functions: of a program that prints nothing" 0 "" "" "(define (f x) x) (f 5)"

printf 'first\nsecond é\n' >"$place/in"
check "6 effects: read-line" 0 '("first" "second é" nil)' "" eval "(map (lambda (i) (perform 'read-line)) (range 3))"
check "6 effects: read-line leaves the rest" 0 '"first"' "" eval "(perform 'read-line)"
check "6 effects: read-file is allowed" 0 15 "" --allow-files eval "(string-length (perform 'read-file \"$place/in\"))"
check "6 effects: read-file is not allowed" 1 "" "--allow-files" eval "(perform 'read-file \"$place/in\")"
check "6 effects: no such file" 1 "" "cannot read" --allow-files eval "(perform 'read-file \"$place/none\")"
check "6 effects: unknown, guarded" 0 host-error "" eval "(guard (e (true (error-kind e))) (perform 'nobody-knows))"
: >"$place/in"

check "5 errors: kind and place" 1 "" "eval:2:1: type-error: car" eval "(+ 1 2)
(car 5)"
check_program "5 errors: in a file" 1 "before" "program.sx:2:1: unbound-variable" '(display "before")
(undefined-name)'
check "5 errors: raised values" 1 "" "uncaught: 42" eval "(raise 42)"
check "9 bad input: unbalanced" 1 "" "eval:1:1: read-error" eval "(+ 1 2"
check "9 bad input: arity" 1 "" "arity-error" eval "((lambda (x) x))"
check "9 bad input: not a form" 1 "" "eval:1:1: syntax-error" eval "(if)"
check "9 bad input: endless recursion" 1 "" "stack-overflow" --stack-limit 2M eval "(define (f n) (+ 1 (f n))) (f 1)"
check "9 bad input: 2 GB" 1 "" "heap-limit" --heap-limit 256M eval "(make-bytes 2147483648)"
deep=$(printf '%100000s' "" | tr ' ' '(')
printf '%s' "$deep" >"$place/deep.sx"
check "9 bad input: 100,000 deep" 1 "" "read-error" run "$place/deep.sx"
check "9 bad input: no such file" 2 "" "cannot read" run "$place/none.sx"
check "9 bad input: no such option" 2 "" "--nonsense" --nonsense eval 1
check "9 bad input: no such tier" 2 "" "--tier" --tier=fast eval 1
check "9 bad input: no command" 2 "" "Usage" 
check "9 bad input: not a size" 2 "" "is no size" --heap-limit much eval 1
check "9 bad input: no library" 3 "" "--library" --library "$place/none.so" eval 1

check "8 control: parameters at the start" 0 "(10 2 30)" "" --preset=development --set opt_threshold=10 --set workers=2 eval \
  "(map jit-param '(opt-threshold workers threshold))"
check "8 control: a parameter that is not there" 2 "" "no parameter is called" --set speed=1 eval 1
check "8 control: a parameter out of its bounds" 2 "" "from 1 to 64" --set workers=0 eval 1
check "8 control: a preset that is not there" 2 "" "no preset is called" --preset=slow eval 1
check "8 control: one parameter" 0 "workers = 2 processes
  Compile workers at the same time, at most.
  default 1, from 1 to 64
  production: 2" "" --preset=production params workers
check "8 control: no such parameter" 2 "" "no parameter is called" params speed
check "8 control: a report" 0 3 "code cache" --report eval "(+ 1 2)"
check "8 control: a report as JSON" 0 3 '"functions":[' --report=json eval "(+ 1 2)"
check "9 bad input: a report of another form" 2 "" "neither text nor json" --report=xml eval 1

hot="(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (fib 18) (jit-wait!) (fib 18)"
for tier in interp base opt auto storm; do
  check "7 tiers: $tier" 0 2584 "" --tier=$tier eval "$hot"
done
check "7 tiers: statistics as text" 0 2584 "threshold" --stats eval "$hot"
check "7 tiers: statistics as JSON" 0 2584 '"threshold":7' --stats=json --threshold 7 eval "$hot"
check "8 control: never" 0 2584 '"base_compiles":0' --stats=json --threshold 0 eval "$hot"
check "8 control: budget" 0 2584 '"budget":1,' --stats=json --budget 1 eval "$hot"
check "8 control: no budget" 0 2584 '"entries":0,"budget":0' --stats=json --budget 0 eval "$hot"
kept=$place/kept
check "8 control: the store, empty" 0 2584 '"store_hits":0' --stats=json --tier=base --store "$kept" eval "$hot"
check "8 control: the store, filled" 0 2584 '"worker_starts":0' --stats=json --tier=base --store "$kept" eval "$hot"
check "8 control: no store" 0 2584 '"store_hits":0' --stats=json --tier=base --store off eval "$hot"
check "8 control: a store too small" 0 2584 '"too_large"' --stats=json --tier=base --store "$kept-2" --store-limit 1K eval "$hot"
printf 'noise' >"$kept/0123456789012345678901234567890123456789"
check "8 control: terrace store verify, one entry is bad" 1 "0123456789012345678901234567890123456789  The entry is not what was written.
$(($(find "$kept" -type f | wc -l) - 1)) entries are good, 1 are not; they are never loaded, and replaced when their functions are compiled again" \
  "" store verify --store "$kept"
check "8 control: terrace store clear" 0 "removed $(find "$kept" -type f | wc -l) entries" "" store clear --store "$kept"
check "8 control: terrace store verify" 0 "0 entries are good, 0 are not" "" store verify --store "$kept"
check "8 control: terrace store list" 0 "" "" store list --store "$kept"
check "8 control: terrace store, none" 0 "$place/none: The directory does not exist yet." "" store --store "$place/none"
check "8 control: terrace store, off" 0 "The store is turned off." "" store --store off
chmod 777 "$kept"
check "8 control: terrace store clear, where others may write" 1 "" "others may write in it" store clear --store "$kept"
chmod 700 "$kept"
check "10 a good guest: no worker" 0 2584 '"no_worker"' --stats=json --worker "$place/none" eval "$hot"
check "10 a good guest: a worker that does not work" 0 2584 '"worker_' --stats=json --worker /bin/false eval "$hot"
TMPDIR=/proc check "10 a good guest: no place for temporary files" 0 2584 "" --stats=json eval "$hot"

printf '(define (f x)\n  (* x 2))\n(f\n 21)\n"two\nlines"\n(car 5)\n(f 4)\n' >"$place/in"
check "the prompt: forms over several lines, and on after an error" 1 '42
"two\nlines"
8' "type-error" repl

number=$((number + 1))
left=$(find "$place/tmp" -mindepth 1)
if [ -z "$left" ]; then echo "ok $number - 10 a good guest: no temporary file is left"; else
  echo "not ok $number - 10 a good guest: no temporary file is left"; echo "# $left"; fi
echo "1..$number"
