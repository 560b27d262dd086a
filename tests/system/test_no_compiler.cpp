// tests/system/test_no_compiler.cpp: a worker that cannot start, no assembler, no place for files, no memory for code:
// every call gives the right answer from the interpreter, and jit_stats_json says why nothing was compiled.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>

#include "machine.hpp"

using namespace terrace::test;

namespace {

const char kFib[] = "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))";

struct Expected {
  const char* reason;            // the key in "refusals"; NULL: everything is compiled
  const char* may_be = nullptr;  // another that is as right
  bool some_work = false;        // a large function is refused, small ones may be compiled all the same
  const char* or_be = nullptr;   // a third
};

// A function whose object takes more room than any file system of a few pages has.
std::string large_function() {
  std::string text = "(define (large x) (list";
  for (int i = 0; i < 200; i++) text += " (+ x (* x " + std::to_string(i) + "))";
  return text + ")) (large 1) (large 2) (large 3)";
}

bool says(const std::string& json, const char* reason) {
  return reason && json.find("\"" + std::string(reason) + "\":") != std::string::npos;
}

// Answers what is wrong, empty when nothing is. Also for use in a forked child, where no assertion may fail.
std::string trouble_in_mode(uint32_t mode, const char* worker, const Expected& expected) {
  jit_engine_options options = engine_options(mode, 1);
  options.worker_path = worker;
  jit_engine* engine = nullptr;
  jit_vm* vm = nullptr;
  if (jit_engine_new(&options, &engine, nullptr) != JIT_OK) return "no engine";
  if (jit_vm_new(engine, nullptr, &vm, nullptr) != JIT_OK) return "no vm";
  std::string wrong;
  jit_value v;
  const std::string source = kFib + (expected.some_work ? large_function() : "");
  jit_eval(vm, source.data(), source.size(), nullptr, &v, nullptr, nullptr);
  for (int i = 0; i < 3; i++) {
    if (jit_eval(vm, "(fib 17)", 8, nullptr, &v, nullptr, nullptr) != JIT_OK || v.kind != JIT_INT ||
        v.as.integer != 1597)
      wrong = "a wrong answer";
    jit_wait(engine, 60000, nullptr, nullptr);
  }
  jit_stats_data stats{};
  stats.size = sizeof stats;
  jit_stats(engine, &stats, nullptr);
  char* text = nullptr;
  jit_stats_json(engine, &text, nullptr);
  const std::string json = text ? text : "";
  jit_text_release(text);
  jit_value name = of_symbol("fib");
  char* explained = nullptr;
  jit_explain(vm, &name, &explained, nullptr);
  const std::string why = explained ? explained : "";
  jit_text_release(explained);
  if (expected.reason) {
    if (!expected.some_work && stats.base_compiles + stats.opt_compiles != 0) wrong += " something was compiled";
    if (stats.refused == 0) wrong += " nothing was refused";
    if (!says(json, expected.reason) && !says(json, expected.may_be) && !says(json, expected.or_be)) wrong += " the reason is not told";
    if (!expected.some_work && why.find("\"tier\":\"interp\"") == std::string::npos) wrong += " explain: another tier";
    if (!expected.some_work && why.find("\"reason\":\"\"") != std::string::npos) wrong += " explain: no reason";
  } else if (stats.base_compiles + stats.opt_compiles == 0) {
    wrong += " nothing was compiled";
  }
  jit_vm_release(vm);
  jit_engine_release(engine);
  if (!has_no_child()) wrong += " a child is left";
  return wrong.empty() ? "" : wrong + ": " + json + " " + why;
}

// In the modes that wait for code, too: a lower tier means that nobody waits for ever.
std::string trouble(const char* worker, const Expected& expected) {
  for (uint32_t mode : {JIT_MODE_AUTO, JIT_MODE_BASE, JIT_MODE_OPT})
    if (std::string wrong = trouble_in_mode(mode, worker, expected); !wrong.empty())
      return "mode " + std::to_string(mode) + ": " + wrong;
  return "";
}

void check(const char* worker, const Expected& expected) {
  const std::string wrong = trouble(worker, expected);
  if (!wrong.empty()) give_up("%s", wrong.c_str());
}

// A file below the test's own directory, gone at its end.
class File {
 public:
  File(const TemporaryPlace& place, const std::string& name, const std::string& text, mode_t mode)
      : path_(place.path() + "/" + name) {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), mode);
  }
  ~File() { unlink(path_.c_str()); }
  File(const File&) = delete;
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name), old_(getenv(name) ? getenv(name) : "") {
    setenv(name, value, 1);
  }
  ~Environment() { setenv(name_, old_.c_str(), 1); }
  Environment(const Environment&) = delete;

 private:
  const char* name_;
  std::string old_;
};

// ------------------------------------------------------------------ the worker

void no_file(void**) {
  TemporaryPlace place;
  check((place.path() + "/nothing").c_str(), {"no_worker"});
  assert_true(place.is_empty());
}

void named_by_the_environment(void**) {
  Environment variable("TERRACE_WORKER", "/nonexistent/terrace-worker");
  check(nullptr, {"no_worker"});
}

void a_file_that_may_not_run(void**) {
  TemporaryPlace place;
  File file(place, "worker", "#!/bin/sh\nexit 0\n", 0600);
  check(file.path(), {"no_worker", "worker_start"});
}

void a_directory(void**) { check("/tmp", {"no_worker", "worker_start"}); }

void a_file_that_is_no_program(void**) {
  TemporaryPlace place;
  File file(place, "worker", "\177ELF nothing of the kind", 0700);
  check(file.path(), {"worker_start", "worker_paused"});
}

void a_script_of_an_interpreter_that_is_not_there(void**) {
  TemporaryPlace place;
  File file(place, "worker", "#!/nonexistent/interpreter\n", 0700);
  check(file.path(), {"no_worker", "worker_start"});
}

void a_program_that_ends_at_once(void**) {
  TemporaryPlace place;
  File file(place, "worker", "#!/bin/sh\nexit 7\n", 0700);
  check(file.path(), {"worker_paused", "worker_start"});
}

void a_program_that_says_something_else(void**) {
  TemporaryPlace place;
  File file(place, "worker", "#!/bin/sh\necho 'Content-Type: text/plain, and no more than that' >&3\nsleep 5\n", 0700);
  check(file.path(), {"worker_paused", "bad_answer"});
}

void check_fake(const char* what) {
  TemporaryPlace place;
  File file(place, "worker", "#!/bin/sh\nexec " FAKE_WORKER " " + std::string(what) + " \"$@\"\n", 0700);
  check(file.path(), {"worker_version"});
}
void a_worker_of_another_protocol(void**) { check_fake("protocol"); }
void a_worker_of_another_bytecode(void**) { check_fake("bytecode"); }

// ------------------------------------------------------------------ the assembler

void no_assembler_on_the_path(void**) {
  TemporaryPlace place;
  Environment path("PATH", place.path().c_str());
  check(nullptr, {"compiler_missing"});
  assert_true(becomes_true([&] { return place.is_empty(); }));
}

void an_assembler_that_fails(void**) {
  TemporaryPlace place;
  File as(place, "as", "#!/bin/sh\necho 'as: cannot think of anything' >&2\nexit 1\n", 0700);
  Environment path("PATH", (place.path() + ":/usr/bin:/bin").c_str());
  check(nullptr, {"compile_error", "compiler_crash"});
}

void an_assembler_that_is_killed(void**) {
  TemporaryPlace place;
  File as(place, "as", "#!/bin/sh\nkill -9 $$\n", 0700);
  Environment path("PATH", (place.path() + ":/usr/bin:/bin").c_str());
  // With ten functions asked for at once the pause comes before any of them has been tried twice.
  check(nullptr, {"compile_error", "compiler_crash", false, "worker_paused"});
}

void an_assembler_that_writes_nonsense(void**) {
  TemporaryPlace place;
  File as(place, "as",
          "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = -o ] && echo nonsense >\"$2\"; shift; done\nexit 0\n", 0700);
  Environment path("PATH", (place.path() + ":/usr/bin:/bin").c_str());
  check(nullptr, {"bad_object", "compile_error"});
}

// ------------------------------------------------------------------ the place for files

void a_temporary_directory_that_is_not_there(void**) {
  Environment variable("TMPDIR", "/nonexistent");
  check(nullptr, {nullptr});  // another place is found
}

void a_temporary_directory_that_takes_no_files(void**) {
  Environment variable("TMPDIR", "/proc");
  check(nullptr, {nullptr});
}

// Where the worker is seen once its own directory may be hidden; every Debian has it.
const char kWorkerPlace[] = "/mnt";

// All places that the library tries become a file system of this kind, seen by this process alone.
bool mount_everywhere(unsigned long flags, const char* data) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  const std::string worker = REAL_WORKER;
  if (mount(worker.substr(0, worker.rfind('/')).c_str(), kWorkerPlace, nullptr, MS_BIND, nullptr) != 0) return false;
  for (const char* place : {"/dev/shm", "/var/tmp", "/tmp"})
    if (mount("system-test", place, "tmpfs", flags, data) != 0) return false;
  return setenv("TMPDIR", "/tmp", 1) == 0;
}

constexpr int kNotPermitted = 77;

// tests/run.sh shows the line. What cmocka writes for a skipped test counts as a failure.
void skipped(const char* what) { print_message("# SKIPPED: %s is not permitted here\n", what); }

void check_places(unsigned long flags, const char* data, const Expected& expected) {
  const int code = in_child([&] {
    if (!mount_everywhere(flags, data)) _exit(kNotPermitted);
    const std::string wrong = trouble((std::string(kWorkerPlace) + "/terrace-worker").c_str(), expected);
    if (!wrong.empty()) fprintf(stderr, "# %s\n", wrong.c_str());
    _exit(wrong.empty() ? 0 : 1);
  });
  if (code == kNotPermitted) return skipped("mounting a file system");
  assert_int_equal(code, 0);
}

void read_only_everywhere(void**) { check_places(MS_RDONLY, "size=64k", {"temp_directory"}); }
void full_everywhere(void**) { check_places(0, "size=4k", {"temp_directory"}); }
void too_small_for_all_objects(void**) { check_places(0, "size=12k", {"temp_directory", nullptr, true}); }
void no_inodes_everywhere(void**) { check_places(0, "nr_inodes=2", {"temp_directory"}); }
void noexec_everywhere(void**) { check_places(MS_NOEXEC | MS_NOSUID | MS_NODEV, "size=8m", {nullptr}); }

// ------------------------------------------------------------------ the memory for code

// From here on nothing can become executable, as on hardened systems.
bool forbid_executable_memory() {
  constexpr uint32_t kProtAt = offsetof(seccomp_data, args) + 2 * sizeof(uint64_t);
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kProtAt),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {std::size(rules), rules};
  // With TSYNC it holds for the thread that loads code, too.
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

// A worker would inherit this and could not start, so the one that compiles runs before.
void no_executable_memory(void**) {
  const int code = in_child([&] {
    jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
    jit_engine* engine = nullptr;
    jit_vm* vm = nullptr;
    jit_value v;
    if (jit_engine_new(&options, &engine, nullptr) != JIT_OK || jit_vm_new(engine, nullptr, &vm, nullptr) != JIT_OK)
      _exit(2);
    const std::string first = std::string(kFib) + "(define (twice x) (+ x x)) (twice 1) (twice 2) (twice 3)";
    jit_eval(vm, first.data(), first.size(), nullptr, &v, nullptr, nullptr);
    jit_wait(engine, 60000, nullptr, nullptr);
    if (!forbid_executable_memory()) _exit(kNotPermitted);
    for (int i = 0; i < 3; i++) {
      if (jit_eval(vm, "(fib 17)", 8, nullptr, &v, nullptr, nullptr) != JIT_OK || v.as.integer != 1597) _exit(3);
      jit_wait(engine, 60000, nullptr, nullptr);
    }
    char* text = nullptr;
    jit_stats_json(engine, &text, nullptr);
    const bool told = text && strstr(text, "\"not_executable\":");
    if (!told) fprintf(stderr, "# %s\n", text);
    jit_vm_release(vm);
    jit_engine_release(engine);
    _exit(told ? 0 : 1);
  });
  if (code == kNotPermitted) return skipped("a filter of system calls");
  assert_int_equal(code, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(no_file),
      cmocka_unit_test(named_by_the_environment),
      cmocka_unit_test(a_file_that_may_not_run),
      cmocka_unit_test(a_directory),
      cmocka_unit_test(a_file_that_is_no_program),
      cmocka_unit_test(a_script_of_an_interpreter_that_is_not_there),
      cmocka_unit_test(a_program_that_ends_at_once),
      cmocka_unit_test(a_program_that_says_something_else),
      cmocka_unit_test(a_worker_of_another_protocol),
      cmocka_unit_test(a_worker_of_another_bytecode),
      cmocka_unit_test(no_assembler_on_the_path),
      cmocka_unit_test(an_assembler_that_fails),
      cmocka_unit_test(an_assembler_that_is_killed),
      cmocka_unit_test(an_assembler_that_writes_nonsense),
      cmocka_unit_test(a_temporary_directory_that_is_not_there),
      cmocka_unit_test(a_temporary_directory_that_takes_no_files),
      cmocka_unit_test(read_only_everywhere),
      cmocka_unit_test(full_everywhere),
      cmocka_unit_test(too_small_for_all_objects),
      cmocka_unit_test(no_inodes_everywhere),
      cmocka_unit_test(noexec_everywhere),
      cmocka_unit_test(no_executable_memory),
  };
  return cmocka_run_group_tests_name("no compiler", tests, nullptr, nullptr);
}
