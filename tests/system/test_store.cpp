// tests/system/test_store.cpp: what one process compiled, the next one finds on disk: no compiler runs, and every answer is the
// same; whatever is wrong with the store, programs run as without it.
#include <filesystem>

#include "machine.hpp"
#include "store/entry.hpp"

using namespace terrace::test;
namespace store = terrace::store;
namespace fs = std::filesystem;

namespace {

// Integers, doubles, closures, a loop within one call, errors and bignums; each is called often enough for both tiers.
const char kProgram[] = R"(
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define (sum v) (let loop ((i 0) (s 0.0)) (if (< i (vector-length v)) (loop (+ i 1) (+ s (vector-ref v i))) s)))
(define (adder n) (lambda (x) (+ x n)))
(define add7 (adder 7))
(define (safe x) (guard (e (true (error-kind e))) (car x)))
(define (fact n) (if (= n 0) 1 (* n (fact (- n 1)))))
(define data (list->vector (map (lambda (i) (* i 0.5)) (range 100))))
(define (everything) (list (fib 12) (sum data) (add7 5) (safe '(1)) (safe 5) (fact 25)))
(define (repeat n) (if (> n 1) (begin (everything) (repeat (- n 1))) (everything)))
)";
const char kAnswer[] = "(144 2475.0 12 1 type-error 15511210043330985984000000)";

class StorePlace {
 public:
  std::string path() const { return place_.path() + "/store"; }
  ~StorePlace() { fs::remove_all(path()); }

 private:
  TemporaryPlace place_;
};

// What a process has to tell its parent.
struct Report {
  char wrong[400];
  jit_stats_data stats;
  bool has_problems;
};

void complain(Report& report, const std::string& text) {
  snprintf(report.wrong, sizeof report.wrong, "%.390s", text.c_str());
}

std::string printed(jit_vm* vm, const jit_value& value) {
  jit_ref* text = nullptr;
  const char* data = "";
  size_t size = 0;
  jit_print(vm, &value, 1, &text, nullptr);
  if (text) jit_string_data(text, &data, &size, nullptr);
  const std::string copy(data, size);
  jit_ref_release(text);
  return copy;
}

void evaluate(Report& report, jit_vm* vm, const std::string& source, const std::string& wanted) {
  jit_value v;
  jit_error* err = nullptr;
  if (jit_eval(vm, source.data(), source.size(), "test", &v, nullptr, &err) != JIT_OK)
    complain(report, jit_error_message(err));
  const std::string got = printed(vm, v);
  if (!wanted.empty() && got != wanted) complain(report, got + " instead of " + wanted);
  if (v.kind == JIT_REF) jit_ref_release(v.as.ref);
  jit_error_release(err);
}

void run_here(Report& report, const jit_engine_options& options, const std::string& extra) {
  jit_engine* engine = nullptr;
  jit_vm* vm = nullptr;
  if (jit_engine_new(&options, &engine, nullptr) != JIT_OK || jit_vm_new(engine, nullptr, &vm, nullptr) != JIT_OK)
    return complain(report, "no engine");
  evaluate(report, vm, kProgram, "");
  for (int i = 0; i < 6; i++) {
    evaluate(report, vm, "(repeat 400)", kAnswer);
    jit_wait(engine, 120000, nullptr, nullptr);
  }
  if (!extra.empty()) evaluate(report, vm, extra, "");
  report.stats.size = sizeof report.stats;
  jit_stats(engine, &report.stats, nullptr);
  report.has_problems = stats_json_of(engine).find("\"store_problems\":{}") == std::string::npos;
  jit_vm_release(vm);
  jit_engine_release(engine);
  if (!has_no_child()) complain(report, "a child is left");
}

// The program in a process of its own.
Report run(const jit_engine_options& options, const std::string& extra = "") {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  const int code = in_child(
      [&] {
        Report report{};
        run_here(report, options, extra);
        _exit(write(ends[1], &report, sizeof report) == sizeof report ? 0 : 1);
      },
      300);
  Report report{};
  assert_int_equal(code, 0);
  assert_int_equal(read(ends[0], &report, sizeof report), sizeof report);
  close(ends[0]);
  close(ends[1]);
  if (report.wrong[0]) give_up("%s", report.wrong);
  return report;
}

jit_engine_options with_store(const char* path, uint32_t mode = JIT_MODE_AUTO) {
  jit_engine_options options = engine_options(mode);
  options.store_path = path;
  return options;
}

void assert_compiled_nothing(const Report& report) {
  assert_int_equal(report.stats.base_compiles + report.stats.opt_compiles, 0);
  assert_int_equal(report.stats.worker_starts, 0);
  assert_int_equal(report.stats.store_misses, 0);
  assert_int_equal(report.stats.store_writes, 0);
  assert_int_equal(report.stats.refused, 0);
  assert_true(report.stats.store_hits > 0);
  assert_true(report.stats.base_entries + report.stats.opt_entries > 0);
  assert_false(report.has_problems);
}

void assert_compiled(const Report& report) {
  assert_true(report.stats.base_compiles + report.stats.opt_compiles > 0);
  assert_true(report.stats.worker_starts > 0);
}

// Timing decides in which run a function is asked for last, so the third at the latest has everything.
void fill(const jit_engine_options& options) {
  assert_compiled(run(options));
  run(options);
}

void the_next_process_compiles_nothing(void**) {
  StorePlace place;
  const std::string path = place.path();
  const jit_engine_options options = with_store(path.c_str());
  const Report first = run(options);
  assert_compiled(first);
  assert_int_equal(first.stats.store_hits, 0);
  assert_true(first.stats.store_writes >= first.stats.base_compiles);
  run(options);
  const Report third = run(options);
  assert_compiled_nothing(third);
  assert_true(third.stats.opt_entries > 0);
}

void also_in_the_modes_that_wait(void**) {
  StorePlace place;
  const std::string path = place.path();
  for (uint32_t mode : {JIT_MODE_BASE, JIT_MODE_OPT}) {
    const jit_engine_options options = with_store(path.c_str(), mode);
    fill(options);
    assert_compiled_nothing(run(options));
  }
}

void without_a_store_nothing_is_kept(void**) {
  StorePlace place;
  for (const char* off : {"off", ""}) {
    const jit_engine_options options = with_store(off);
    for (int i = 0; i < 2; i++) {
      const Report report = run(options);
      assert_compiled(report);
      assert_int_equal(report.stats.store_hits + report.stats.store_misses + report.stats.store_writes, 0);
      assert_false(report.has_problems);
    }
  }
  assert_false(fs::exists(place.path()));
}

void the_usual_place_is_the_users_cache(void**) {
  StorePlace place;
  const std::string home = place.path();
  fs::create_directory(home);
  const std::string old_home = getenv("HOME") ? getenv("HOME") : "/";
  const std::string old_store = getenv("TERRACE_STORE") ? getenv("TERRACE_STORE") : "off";
  unsetenv("TERRACE_STORE");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", home.c_str(), 1);
  const Report first = run(with_store(nullptr));
  const std::string usual = home + "/.cache/terrace";
  const bool is_there = fs::is_directory(usual);
  setenv("TERRACE_STORE", "off", 1);
  const Report second = run(with_store(nullptr));
  setenv("TERRACE_STORE", (home + "/named").c_str(), 1);
  const Report third = run(with_store(nullptr));
  setenv("HOME", old_home.c_str(), 1);
  setenv("TERRACE_STORE", old_store.c_str(), 1);
  assert_true(is_there);
  struct stat status {};
  stat(usual.c_str(), &status);
  assert_int_equal(status.st_mode & 0777, 0700);
  assert_true(first.stats.store_writes > 0);
  assert_int_equal(second.stats.store_hits + second.stats.store_misses, 0);
  assert_int_equal(third.stats.store_hits, 0);
  assert_true(fs::is_directory(home + "/named"));
}

// Code that is there for integers is passed over, or left, for doubles, and the other way round.
void other_types_get_other_code(void**) {
  StorePlace place;
  const std::string path = place.path();
  const jit_engine_options options = with_store(path.c_str());
  const std::string loop = "(define (half x n) (let go ((i 0) (s x)) (if (< i n) (go (+ i 1) (+ s x)) s)))"
                           "(define (many x n) (if (> n 1) (begin (half x 50) (many x (- n 1))) (half x 50)))";
  const auto use = [&](const std::string& x, const std::string& answer) {
    return loop + "(many " + x + " 3000) (jit-wait!) (many " + x + " 3000) (jit-wait!)" +
           "(if (equal? (many " + x + " 300) " + answer + ") 'right (car 'wrong))";
  };
  for (int i = 0; i < 2; i++) {
    run(options, use("1", "51"));
    run(options, use("0.5", "25.5"));
    run(options, use("1/2", "51/2"));
  }
}

void damage_is_repaired(void**) {
  StorePlace place;
  const std::string path = place.path();
  const jit_engine_options options = with_store(path.c_str());
  fill(options);
  uint64_t damaged = 0;
  for (const auto& file : fs::directory_iterator(path)) {
    std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(file.file_size() / 2));
    stream.put('\x5a');
    stream.put('\xa5');
    damaged++;
  }
  assert_true(damaged > 5);
  const Report after = run(options);
  assert_compiled(after);
  assert_true(after.stats.store_rejected > 0);
  assert_true(after.has_problems);
  run(options);
  const Report later = run(options);
  assert_compiled_nothing(later);
}

// A file whose checksum is right and whose code is not: the loader has the last word.
void what_does_not_load_is_compiled(void**) {
  StorePlace place;
  const std::string path = place.path();
  fs::create_directory(path);
  chmod(path.c_str(), 0755);  // others may read, which does no harm
  const jit_engine_options options = with_store(path.c_str());
  fill(options);
  for (const auto& file : fs::directory_iterator(path)) {
    const std::string bytes = text_of(file.path());
    store::Entry entry;
    assert_int_equal(store::unpack({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &entry),
                     store::Problem::kNone);
    entry.object.resize(entry.object.size() / 2);
    const std::vector<uint8_t> packed = store::pack(entry);
    std::ofstream(file.path(), std::ios::binary)
        .write(reinterpret_cast<const char*>(packed.data()), static_cast<std::streamsize>(packed.size()));
  }
  const Report after = run(options);
  assert_compiled(after);
  assert_int_equal(after.stats.store_hits, 0);
  assert_true(after.stats.store_rejected > 0);
  run(options);
  assert_compiled_nothing(run(options));
}

void a_place_that_cannot_be_used_does_no_harm(void**) {
  StorePlace place;
  const std::string path = place.path();
  std::ofstream(path) << "a file";
  for (const std::string& where : {path, path + "/below", std::string("/proc/none/terrace")}) {
    const Report report = run(with_store(where.c_str()));
    assert_compiled(report);
    assert_int_equal(report.stats.store_writes, 0);
    assert_true(report.has_problems);
  }
  fs::remove(path);
  fs::create_directory(path);
  chmod(path.c_str(), 0777);
  const Report report = run(with_store(path.c_str()));
  assert_compiled(report);
  assert_true(fs::is_empty(path));
}

void processes_that_start_together_share(void**) {
  StorePlace place;
  const std::string path = place.path();
  const jit_engine_options options = with_store(path.c_str());
  std::vector<pid_t> children;
  for (int i = 0; i < 3; i++) {
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      Report report{};
      run_here(report, options, "");
      if (report.wrong[0]) fprintf(stderr, "# %s\n", report.wrong);
      _exit(report.wrong[0] || report.has_problems ? 1 : 0);
    }
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
  }
  run(options);
  assert_compiled_nothing(run(options));
}

// Two engines of one process, as two hosts in it would have them; and a forked child of a host that used the store.
void engines_and_forked_children_share(void**) {
  StorePlace place;
  const std::string path = place.path();
  const jit_engine_options options = with_store(path.c_str());
  fill(options);
  const int code = in_child(
      [&] {
        Report reports[3] = {};
        run_here(reports[0], options, "");
        run_here(reports[1], options, "");
        jit_engine* engine = nullptr;
        jit_vm* vm = nullptr;
        jit_engine_new(&options, &engine, nullptr);
        jit_vm_new(engine, nullptr, &vm, nullptr);
        evaluate(reports[2], vm, std::string(kProgram) + "(repeat 400)", kAnswer);
        jit_wait(engine, 60000, nullptr, nullptr);
        const int child = in_child([&] {
          Report report{};
          evaluate(report, vm, "(define (again x) (* x 3)) (again 1) (again 2) (again 3) (again 4) (repeat 400)", kAnswer);
          jit_wait(engine, 60000, nullptr, nullptr);
          evaluate(report, vm, "(list (again 5) (jit-tier again))", "(15 base)");
          _exit(report.wrong[0] ? 1 : 0);
        });
        jit_vm_release(vm);
        jit_engine_release(engine);
        for (const Report& report : reports) {
          if (report.wrong[0]) fprintf(stderr, "# %s\n", report.wrong);
          if (report.wrong[0] || report.stats.base_compiles != 0) _exit(1);
        }
        _exit(child == 0 ? 0 : 2);
      },
      300);
  assert_int_equal(code, 0);
}

void the_store_can_be_looked_at_and_emptied(void**) {
  StorePlace place;
  const std::string path = place.path();
  char* text = nullptr;
  assert_int_equal(jit_store_json(path.c_str(), &text, nullptr), JIT_OK);
  assert_non_null(strstr(text, "\"problem\":\"absent\""));
  jit_text_release(text);
  const jit_engine_options options = with_store(path.c_str());
  const Report report = run(options);
  assert_int_equal(jit_store_json(path.c_str(), &text, nullptr), JIT_OK);
  for (const char* part : {"\"name\":\"fib\"", "\"tier\":\"base\"", "\"tier\":\"opt\"", "\"compiler\":\"gcc "})
    if (!strstr(text, part)) give_up("%s is not in %s", part, text);
  jit_text_release(text);
  uint64_t removed = 0;
  assert_int_equal(jit_store_clear(path.c_str(), &removed, nullptr), JIT_OK);
  assert_true(removed > 0 && removed <= report.stats.store_writes);
  assert_int_equal(jit_store_clear(path.c_str(), nullptr, nullptr), JIT_OK);
  assert_compiled(run(options));
  jit_error* err = nullptr;
  assert_failure(jit_store_clear("off", &removed, &err), JIT_E_STATE, err, "turned off");
  assert_int_equal(removed, 0);
  assert_int_equal(jit_store_json(nullptr, nullptr, nullptr), JIT_E_ARGUMENT);
}

void the_limit_is_kept(void**) {
  StorePlace place;
  const std::string path = place.path();
  jit_engine_options options = with_store(path.c_str());
  options.store_limit = 6 * 4096;
  run(options);
  uint64_t bytes = 0;
  for (const auto& file : fs::directory_iterator(path)) bytes += (file.file_size() + 4095) / 4096 * 4096;
  assert_true(bytes > 0 && bytes <= options.store_limit);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_next_process_compiles_nothing),
      cmocka_unit_test(also_in_the_modes_that_wait),
      cmocka_unit_test(without_a_store_nothing_is_kept),
      cmocka_unit_test(the_usual_place_is_the_users_cache),
      cmocka_unit_test(other_types_get_other_code),
      cmocka_unit_test(damage_is_repaired),
      cmocka_unit_test(what_does_not_load_is_compiled),
      cmocka_unit_test(a_place_that_cannot_be_used_does_no_harm),
      cmocka_unit_test(processes_that_start_together_share),
      cmocka_unit_test(engines_and_forked_children_share),
      cmocka_unit_test(the_store_can_be_looked_at_and_emptied),
      cmocka_unit_test(the_limit_is_kept),
  };
  return cmocka_run_group_tests_name("store", tests, nullptr, nullptr);
}
