// tests/unit/test_jobs.cpp: every request is answered, whatever happens to the workers, and the host notices nothing.
//
// The worker is the real one with a compiler that obeys commands (worker_compile.cpp), or a shell script that
// misbehaves.
#include "check.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fenv.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

#include "base/poison.hpp"
#include "jobs/pool.hpp"
#include "jobs/temp_directory.hpp"

using namespace terrace;
using namespace std::chrono_literals;
using jobs::BatchAnswer;
using jobs::Pool;
using jobs::PoolOptions;
using jobs::Tier;
using observe::Reason;

namespace {

constexpr auto kLongEnough = 60s;
std::atomic<int> child_signals{0};
std::string parent_directory;  // of everything this test makes

int entries_in(const std::string& directory) {
  int count = 0;
  DIR* stream = opendir(directory.c_str());
  assert_non_null(stream);
  while (const dirent* entry = readdir(stream)) count += entry->d_name[0] != '.';
  closedir(stream);
  return count;
}

std::string contents_of(const std::string& path) {
  std::string text(4096, '\0');
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ssize_t n = read(fd, text.data(), text.size());
  close(fd);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

// Processes of workers, supervisors and children alike: they carry our directory in their arguments.
std::vector<pid_t> worker_processes() {
  std::vector<pid_t> found;
  DIR* stream = opendir("/proc");
  while (const dirent* entry = readdir(stream)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 0 && pid != getpid() &&
        contents_of("/proc/" + std::to_string(pid) + "/cmdline").find(parent_directory + "/terrace-") !=
            std::string::npos) {
      found.push_back(pid);
    }
  }
  closedir(stream);
  return found;
}

bool becomes_true(auto condition, std::chrono::milliseconds limit = 5s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

struct Outcome {
  Reason reason;
  std::string text;
  std::string object;
  int times;
};

// A pool and everything it answered.
struct Host {
  explicit Host(PoolOptions options = {}) : options_(with_defaults(std::move(options))), pool(options_, collector()) {}

  static PoolOptions with_defaults(PoolOptions options) {
    if (options.worker_path.empty()) options.worker_path = TEST_WORKER;
    options.temp_parent = parent_directory;
    // A busy machine may let a test sleep for longer than the usual pause; those that see a pause end say how long it is.
    if (options.first_pause == PoolOptions{}.first_pause) options.first_pause = std::chrono::minutes(1);
    return options;
  }
  jobs::OnAnswer collector() {
    return [this](BatchAnswer&& batch) {
      std::lock_guard lock(mutex);
      const std::string object(batch.object.begin(), batch.object.end());
      for (const jobs::Answer& a : batch.answers) {
        Outcome& o = outcomes[a.id];
        o = {a.reason, batch.text, object, o.times + 1};
        order.push_back(a.id);
      }
      sizes.push_back(batch.answers.size());
    };
  }
  Reason submit(uint64_t id, const std::string& command, Tier tier = Tier::kBase, uint64_t priority = 0) {
    jobs::Request request;
    request.id = id;
    request.tier = tier;
    request.symbol = "f" + std::to_string(id);
    const std::string unique = command + "#" + std::to_string(id);
    request.encoding.assign(unique.begin(), unique.end());
    request.priority = priority;
    return pool.submit(std::move(request));
  }
  // Compiles one function and answers how it went.
  Outcome ask(uint64_t id, const std::string& command) {
    assert_int_equal(submit(id, command), Reason::kNone);
    settle();
    return outcomes.at(id);
  }
  void settle() { assert_true(pool.wait_idle(kLongEnough)); }

  PoolOptions options_;
  std::mutex mutex;
  std::map<uint64_t, Outcome> outcomes;
  std::vector<uint64_t> order;
  std::vector<size_t> sizes;
  Pool pool;
};

std::string write_script(const std::string& body) {
  static int count = 0;
  const std::string path = parent_directory + "/.script" + std::to_string(++count);
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fprintf(file, "#!/bin/sh\n%s\n", body.c_str());
  std::fclose(file);
  chmod(path.c_str(), 0700);
  return path;
}

// --- the ordinary course

void a_batch_is_compiled_together(void**) {
  Host host;
  for (uint64_t id = 1; id <= 120; ++id) assert_int_equal(host.submit(id, "ok"), Reason::kNone);
  host.settle();
  assert_int_equal(host.outcomes.size(), 120);
  for (auto& [id, o] : host.outcomes) {
    assert_int_equal(o.reason, Reason::kNone);
    assert_int_equal(o.times, 1);
    assert_true(o.object.find("f" + std::to_string(id) + "@") != std::string::npos);
  }
  const auto counters = host.pool.counters();
  assert_in_range(counters.batches, 3, 10);
  assert_int_equal(counters.compiled, 120);
  assert_int_equal(counters.worker_starts, 1);
  assert_int_equal(counters.worker_deaths, 0);
  assert_true(host.pool.compiler().starts_with("gcc "));
}

void nothing_is_started_before_it_is_needed(void**) {
  Host host;
  assert_int_equal(host.pool.counters().worker_starts, 0);
  assert_int_equal(entries_in(parent_directory), 0);
  assert_int_equal(entries_in("/proc/self/task"), 1);
}

void the_most_benefit_comes_first(void**) {
  PoolOptions options;
  options.batch_functions = 1;
  Host host(options);
  assert_int_equal(host.submit(1, "slow"), Reason::kNone);  // keeps the worker while the others are put in
  assert_int_equal(host.submit(2, "ok", Tier::kOpt, 100), Reason::kNone);
  assert_int_equal(host.submit(3, "ok", Tier::kBase, 1), Reason::kNone);
  assert_int_equal(host.submit(4, "ok", Tier::kBase, 5), Reason::kNone);
  assert_int_equal(host.submit(5, "ok", Tier::kBase, 5), Reason::kNone);
  assert_int_equal(host.submit(6, "ok", Tier::kBase, 1), Reason::kNone);
  host.pool.raise(6, 50);
  host.settle();
  // The first may overtake nobody or everybody, depending on when the thread looked.
  std::erase(host.order, 1u);
  assert_true((host.order == std::vector<uint64_t>{6, 4, 5, 2, 3}));
  assert_true(host.outcomes[2].object.starts_with("opt:"));
}

// Five hundred functions turn hot while the worker is busy; one of them goes on running and turns out hotter than the rest.
void in_a_storm_the_hottest_does_not_wait_for_the_rest(void**) {
  Host host;
  host.ask(1, "ok");  // there is a worker
  const std::vector<pid_t> workers = worker_processes();
  for (pid_t pid : workers) kill(pid, SIGSTOP);
  assert_int_equal(host.submit(2, "ok"), Reason::kNone);
  assert_true(becomes_true([&] { return host.pool.counters().batches == 2; }));
  constexpr uint64_t kFirst = 100, kCount = 500, kHottest = kFirst + 333;
  for (uint64_t id = kFirst; id < kFirst + kCount; id++) assert_int_equal(host.submit(id, "ok", Tier::kBase, 4), Reason::kNone);
  host.pool.raise(kHottest, 3000);
  for (uint64_t id = kFirst; id < kFirst + 20; id++) host.pool.raise(id, 68);
  for (pid_t pid : workers) kill(pid, SIGCONT);
  host.settle();
  assert_int_equal(host.outcomes.size(), kCount + 2);
  assert_int_equal(host.order[2], kHottest);
  assert_int_equal(host.sizes[2], 1);  // alone: the others would have held it up
  std::vector<uint64_t> next(host.order.begin() + 3, host.order.begin() + 23);
  std::sort(next.begin(), next.end());
  assert_int_equal(next.front(), kFirst);
  assert_int_equal(next.back(), kFirst + 19);
  assert_in_range(host.pool.counters().batches, 2 + 1 + 10, 2 + 1 + 11);  // the rest in batches as large as they may be
}

void a_large_object_arrives_whole(void**) {
  Host host;
  assert_int_equal(host.ask(1, "large").object.size() > (3u << 20), 1);
}

void two_workers_share_the_work(void**) {
  PoolOptions options;
  options.workers = 2;
  options.batch_functions = 1;
  Host host(options);
  for (uint64_t id = 1; id <= 20; ++id) assert_int_equal(host.submit(id, "slow"), Reason::kNone);
  host.settle();
  assert_int_equal(host.pool.counters().worker_starts, 2);
  assert_int_equal(host.pool.counters().compiled, 20);
}

void compilers_are_replaced_after_some_batches(void**) {
  Host host;
  std::map<std::string, int> processes;
  for (uint64_t id = 1; id <= 110; ++id) {
    const std::string object = host.ask(id, "ok").object;
    processes[object.substr(object.find('@'))]++;
  }
  assert_int_equal(processes.size(), 3);
  assert_int_equal(host.pool.counters().worker_starts, 1);
}

void an_idle_worker_is_stopped_and_started_again(void**) {
  PoolOptions options;
  options.idle_limit = 100ms;
  Host host(options);
  host.ask(1, "ok");
  assert_true(becomes_true([&] { return host.pool.counters().workers_alive == 0; }));
  assert_true(becomes_true([] { return worker_processes().empty(); }));
  assert_int_equal(entries_in(parent_directory), 0);
  assert_int_equal(host.ask(2, "ok").reason, Reason::kNone);
  assert_int_equal(host.pool.counters().worker_deaths, 0);
}

void trimming_stops_a_worker_now(void**) {
  Host host;
  host.ask(1, "ok");
  host.pool.trim();
  assert_true(becomes_true([&] { return host.pool.counters().workers_alive == 0; }));
  assert_true(becomes_true([] { return worker_processes().empty(); }));
}

void the_thread_is_as_hosts_need_it(void**) {
  std::atomic<bool> checked{false};
  PoolOptions options = Host::with_defaults({});
  fedisableexcept(FE_ALL_EXCEPT);
  feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);  // as Lisp runs
  {
    Pool pool(options, [&](BatchAnswer&&) {
      sigset_t blocked;
      pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
      char name[32];
      pthread_getname_np(pthread_self(), name, sizeof name);
      volatile double zero = 0;
      volatile double infinite = 1 / zero;
      checked = sigismember(&blocked, SIGCHLD) && sigismember(&blocked, SIGPROF) && sigismember(&blocked, SIGVTALRM) &&
                std::string(name) == "terrace-jobs" && infinite > 0 && fegetexcept() == 0;
    });
    jobs::Request request;
    request.symbol = "f";
    assert_int_equal(pool.submit(request), Reason::kNone);
    assert_true(pool.wait_idle(kLongEnough));
  }
  fedisableexcept(FE_ALL_EXCEPT);
  assert_true(checked);
}

void a_pool_that_ends_answers_what_waits(void**) {
  std::map<uint64_t, Outcome> outcomes;
  {
    PoolOptions options;
    options.batch_functions = 1;
    Host host(options);
    for (uint64_t id = 1; id <= 50; ++id) assert_int_equal(host.submit(id, "slow"), Reason::kNone);
    host.pool.~Pool();
    outcomes = host.outcomes;
    new (&host.pool) Pool(host.options_, host.collector());
  }
  assert_int_equal(outcomes.size(), 50);
  for (auto& [id, o] : outcomes) assert_true(o.reason == Reason::kNone || o.reason == Reason::kStopped);
}

void waiting_requests_can_be_dropped(void**) {
  PoolOptions options;
  options.batch_functions = 1;
  Host host(options);
  for (uint64_t id = 1; id <= 50; ++id) assert_int_equal(host.submit(id, "slow"), Reason::kNone);
  host.pool.drop_waiting();
  host.settle();
  assert_int_equal(host.outcomes.size(), 50);
  assert_int_equal(host.outcomes[50].reason, Reason::kStopped);
}

void a_full_queue_refuses(void**) {
  PoolOptions options;
  options.queue_limit = 3;
  options.worker_path = write_script("sleep 100");
  Host host(options);
  for (uint64_t id = 1; id <= 3; ++id) assert_int_equal(host.submit(id, "ok", Tier::kBase, id), Reason::kNone);
  assert_int_equal(host.submit(4, "ok", Tier::kBase, 1), Reason::kQueueFull);
  // Where there is more benefit, the one with the least gives way.
  assert_int_equal(host.submit(5, "ok", Tier::kBase, 7), Reason::kNone);
  const auto answered = [&] {
    std::lock_guard lock(host.mutex);
    return host.outcomes.contains(1);
  };
  assert_true(becomes_true(answered));
  assert_int_equal(host.outcomes[1].reason, Reason::kQueueFull);
  assert_int_equal(host.outcomes.size(), 1);
}

// --- answers that are known before a worker is asked

// Knows every request with an even number.
PoolOptions knowing_even_ones() {
  PoolOptions options;
  options.known = [](jobs::Request& request, BatchAnswer* answer) {
    if (request.id % 2 != 0) return false;
    answer->object = {'k', 'n', 'o', 'w', 'n'};
    request.symbol = "code";
    return true;
  };
  return options;
}

void what_is_known_needs_no_worker(void**) {
  PoolOptions options = knowing_even_ones();
  options.worker_path = "/nonexistent/worker";
  Host host(options);
  for (uint64_t id = 2; id <= 200; id += 2) assert_int_equal(host.ask(id, "ok").object == "known", 1);
  assert_int_equal(host.pool.counters().known, 100);
  assert_int_equal(host.pool.counters().compiled, 0);
  assert_int_equal(host.pool.counters().worker_starts, 0);
  assert_int_equal(host.ask(1, "ok").reason, Reason::kNoWorker);  // which brings a pause
  assert_int_equal(host.ask(2, "ok").reason, Reason::kNone);
}

void what_is_not_known_is_compiled(void**) {
  Host host(knowing_even_ones());
  for (uint64_t id = 1; id <= 100; ++id) assert_int_equal(host.submit(id, "ok"), Reason::kNone);
  host.settle();
  assert_int_equal(host.outcomes.size(), 100);
  for (auto& [id, o] : host.outcomes) {
    assert_int_equal(o.reason, Reason::kNone);
    assert_int_equal(o.times, 1);
    assert_int_equal(o.object == "known", id % 2 == 0);
  }
  assert_int_equal(host.pool.counters().known, 50);
  assert_int_equal(host.pool.counters().compiled, 50);
}

// --- what the compiler may do

void one_bad_function_does_not_cost_the_others(void**) {
  Host host;
  for (uint64_t id = 1; id <= 20; ++id) {
    assert_int_equal(host.submit(id, id == 7 ? "error" : id == 9 ? "abort" : "ok"), Reason::kNone);
  }
  host.settle();
  for (auto& [id, o] : host.outcomes) {
    const Reason expected = id == 7 ? Reason::kCompileError : id == 9 ? Reason::kCompilerCrash : Reason::kNone;
    assert_int_equal(o.reason, expected);
    assert_int_equal(o.times, 1);
  }
  assert_true(host.outcomes[7].text.find("this function does not compile") != std::string::npos);
  assert_true(host.outcomes[9].text.find("internal compiler error: as asked") != std::string::npos);
}

void a_function_that_kills_the_compiler_is_poisoned(void**) {
  Host host;
  uint64_t id = 0;
  for (const char* command : {"abort", "exit", "segv", "litter"}) {
    assert_int_equal(host.ask(++id, command).reason, Reason::kCompilerCrash);
    assert_int_equal(host.submit(id, command), Reason::kPoisoned);
  }
  assert_int_equal(host.ask(99, "ok").reason, Reason::kNone);
  host.pool.forgive();
  assert_int_equal(host.submit(1, "abort"), Reason::kNone);
  host.settle();
}

void a_compiler_that_hangs_is_stopped(void**) {
  PoolOptions options;
  options.time_limit = 200ms;
  Host host(options);
  const auto began = std::chrono::steady_clock::now();
  assert_int_equal(host.ask(1, "hang").reason, Reason::kTimeout);
  assert_true(std::chrono::steady_clock::now() - began < 3s);
  assert_int_equal(host.submit(1, "hang"), Reason::kPoisoned);
  assert_int_equal(host.ask(2, "ok").reason, Reason::kNone);
  assert_int_equal(host.pool.counters().worker_starts, 1);
}

void a_missing_assembler_is_named_and_not_asked_for_again(void**) {
  Host host;
  assert_int_equal(host.ask(1, "no-assembler").reason, Reason::kCompilerMissing);
  assert_true(host.outcomes[1].text.find("cannot execute 'as'") != std::string::npos);
  assert_int_equal(host.ask(2, "ok").reason, Reason::kCompilerMissing);
  host.pool.forgive();
  assert_int_equal(host.ask(3, "ok").reason, Reason::kNone);
}

[[maybe_unused]] void memory_is_limited(void**) {
  PoolOptions options;
  options.memory_limit = uint64_t{600} << 20;
  Host host(options);
  assert_int_equal(host.ask(1, "memory").reason, Reason::kCompilerMemory);
  assert_int_equal(host.ask(2, "ok").reason, Reason::kNone);
}

// --- what workers may do

void without_a_worker_the_reason_says_so(void**) {
  PoolOptions options;
  options.worker_path = "/nonexistent/terrace-worker";
  Host host(options);
  assert_int_equal(host.ask(1, "ok").reason, Reason::kNoWorker);
  assert_true(host.outcomes[1].text.find("/nonexistent") != std::string::npos);
  assert_int_equal(host.ask(2, "ok").reason, Reason::kNoWorker);
  assert_int_equal(host.pool.counters().worker_starts, 0);
}

void a_program_of_another_kind_is_refused(void**) {
  const std::string path = parent_directory + "/.notaprogram";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("\177ELF nothing", file);
  std::fclose(file);
  chmod(path.c_str(), 0700);
  PoolOptions options;
  options.worker_path = path;
  Host host(options);
  assert_int_equal(host.ask(1, "ok").reason, Reason::kWorkerStart);
}

// All four give up after three attempts, and then refuse at once until the pause is over.
void check_bad_worker(const std::string& script) {
  PoolOptions options;
  options.worker_path = write_script(script);
  options.hello_limit = 200ms;
  options.first_pause = 10s;
  Host host(options);
  for (uint64_t id = 1; id <= 5; ++id) assert_int_equal(host.submit(id, "ok"), Reason::kNone);
  host.settle();
  for (auto& [id, o] : host.outcomes) assert_int_equal(o.reason, Reason::kWorkerPaused);
  assert_int_equal(host.outcomes.size(), 5);
  assert_int_equal(host.pool.counters().worker_deaths, 3);
  const auto began = std::chrono::steady_clock::now();
  assert_int_equal(host.ask(6, "ok").reason, Reason::kWorkerPaused);
  assert_true(std::chrono::steady_clock::now() - began < 100ms);
}

void a_worker_that_dies_at_once_brings_a_pause(void**) { check_bad_worker("exit 1"); }
void a_silent_worker_brings_a_pause(void**) { check_bad_worker("exec sleep 1000"); }
void a_deaf_worker_that_ignores_signals_brings_a_pause(void**) {
  check_bad_worker("trap '' TERM INT HUP; exec sleep 1000");
}
void a_worker_that_talks_nonsense_brings_a_pause(void**) { check_bad_worker("head -c 100000 /dev/urandom >&3"); }
void a_worker_that_never_stops_talking_brings_a_pause(void**) { check_bad_worker("cat /dev/zero >&3"); }

void a_pause_ends(void**) {
  PoolOptions options;
  options.worker_path = write_script("test -e " + parent_directory + "/.good || exit 1; exec " TEST_WORKER " \"$@\"");
  options.first_pause = 50ms;
  Host host(options);
  assert_int_equal(host.ask(1, "ok").reason, Reason::kWorkerPaused);
  std::fclose(std::fopen((parent_directory + "/.good").c_str(), "w"));
  std::this_thread::sleep_for(60ms);
  assert_int_equal(host.ask(2, "ok").reason, Reason::kNone);
}

void a_worker_gets_little_of_the_host(void**) {
  const std::string report = parent_directory + "/.report";
  setenv("SECRET_OF_THE_HOST", "1", 1);
  const int leak = open("/dev/zero", O_RDONLY);  // not close-on-exec
  signal(SIGUSR1, SIG_IGN);
  PoolOptions options;
  options.worker_path = write_script("{ echo \"$@\"; env; ls -l /proc/$$/fd; pwd; grep Sig[IB] /proc/self/status; } > " + report +
                                     "; exec " TEST_WORKER " \"$@\"");
  Host host(options);
  assert_int_equal(host.ask(1, "ok").reason, Reason::kNone);
  signal(SIGUSR1, SIG_DFL);
  close(leak);
  unsetenv("SECRET_OF_THE_HOST");
  const std::string text = contents_of(report);
  assert_true(text.find("SECRET") == std::string::npos);
  assert_true(text.find("LANG=C\n") != std::string::npos);
  assert_true(text.find("--temp " + parent_directory + "/terrace-") != std::string::npos);
  assert_true(text.find("\n/\n") != std::string::npos);
  assert_true(text.find("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000") != std::string::npos);
  assert_true(text.find("3 -> socket:") != std::string::npos);
  assert_true(text.find("/dev/zero") == std::string::npos);
}

void killing_at_any_time_loses_no_answer(void**) {
  test::Random random(7);
  uint64_t id = 0;
  for (int round = 0; round < 12; ++round) {
    PoolOptions options;
    options.workers = 1 + static_cast<uint32_t>(random.below(2));
    options.first_pause = 20ms;
    Host host(options);
    std::atomic<bool> done{false};
    std::thread killer([&] {
      while (!done) {
        std::this_thread::sleep_for(std::chrono::microseconds(random.below(30000)));
        const std::vector<pid_t> pids = worker_processes();
        if (!pids.empty()) kill(pids[random.below(pids.size())], SIGKILL);
      }
    });
    const uint64_t first = id + 1;
    for (int i = 0; i < 40; ++i) {
      assert_int_equal(host.submit(++id, "slow"), Reason::kNone);
      if (i % 8 == 0) std::this_thread::sleep_for(3ms);
    }
    host.settle();
    done = true;
    killer.join();
    for (uint64_t i = first; i <= id; ++i) assert_int_equal(host.outcomes[i].times, 1);
  }
}

// --- forks and ends of the host

void a_forked_child_starts_anew(void**) {
  Host host;
  assert_int_equal(host.ask(1, "ok").reason, Reason::kNone);
  assert_int_equal(host.submit(2, "slow"), Reason::kNone);
#if TERRACE_ASAN  // whose allocator is not made for forks: what the pool's thread holds of it stays held in the child, so that shall be waiting
  std::this_thread::sleep_for(50ms);
#endif
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    host.mutex.~mutex();
    new (&host.mutex) std::mutex;
    const bool fresh = host.pool.counters().submitted == 0;
    const bool works = host.submit(3, "ok") == Reason::kNone && host.pool.wait_idle(kLongEnough) &&
                       host.outcomes.at(3).reason == Reason::kNone;
    host.pool.~Pool();
    _exit(fresh && works ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  host.settle();
  assert_int_equal(host.ask(4, "ok").reason, Reason::kNone);
  assert_int_equal(host.pool.counters().worker_deaths, 0);
  assert_false(host.outcomes.contains(3));
  child_signals = 0;
}

// The host is killed while a forked child of it lives on and holds copies of its descriptors.
void nothing_stays_when_the_host_is_killed(void**) {
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    Host host;
    host.ask(1, "ok");
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      alarm(10);
      for (;;) pause();
    }
    assert_int_equal(host.submit(2, "hang"), Reason::kNone);
    std::this_thread::sleep_for(50ms);
    assert_int_equal(write(ready[1], &grandchild, sizeof grandchild), sizeof grandchild);
    raise(SIGKILL);
  }
  pid_t grandchild = 0;
  assert_int_equal(read(ready[0], &grandchild, sizeof grandchild), sizeof grandchild);
  waitpid(child, nullptr, 0);
  assert_true(becomes_true([] { return worker_processes().empty(); }));
  assert_true(becomes_true([] { return entries_in(parent_directory) == 0; }));
  kill(grandchild, SIGKILL);
  close(ready[0]);
  close(ready[1]);
  child_signals = 0;
}

void a_host_that_exits_without_ado_leaves_nothing(void**) {
  const pid_t child = fork();
  if (child == 0) {
    auto* host = new Host;
    host->ask(1, "ok");
    if (host->submit(2, "hang") != Reason::kNone) _exit(9);
    exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  assert_true(becomes_true([] { return worker_processes().empty() && entries_in(parent_directory) == 0; }));
  child_signals = 0;
}

void a_host_that_is_a_subreaper_gets_no_zombie(void**) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    {
      Host host;
      if (host.ask(1, "ok").reason != Reason::kNone) _exit(1);
      if (host.ask(2, "abort").reason != Reason::kCompilerCrash) _exit(2);
    }
    _exit(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD ? 0 : 3);
  }
  int status = -1;
  waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  child_signals = 0;
}

void a_host_without_streams_that_ignores_its_children_is_served(void**) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGCHLD, SIG_IGN);  // as Erlang does: nothing is left to wait for
    for (int fd = 0; fd < 5; ++fd) close(fd);
    int status = 0;
    {
      Host host;
      if (host.ask(1, "ok").reason != Reason::kNone) status = 1;
      if (host.ask(2, "abort").text.find("as asked") == std::string::npos) status = 2;
    }
    _exit(status ? status : waitpid(-1, nullptr, WNOHANG | __WALL) < 0 && errno == ECHILD ? 0 : 3);
  }
  int status = -1;
  waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  child_signals = 0;
}

// --- directories

void the_first_directory_that_takes_files_is_used(void**) {
  std::string error;
  const std::string ours = parent_directory + "/terrace-ours";
  const std::string path = jobs::make_first_temp_directory({"/nonexistent/terrace", "/proc/terrace", ours}, &error);
  assert_string_equal(path.c_str(), ours.c_str());
  struct stat status {};
  assert_int_equal(stat(path.c_str(), &status), 0);
  assert_int_equal(status.st_mode & 0777, 0700);
  mkdir((path + "/a").c_str(), 0700);
  std::fclose(std::fopen((path + "/a/b").c_str(), "w"));
  assert_int_equal(symlink("/", (path + "/root").c_str()), 0);
  assert_true(jobs::remove_temp_directory(path));
  assert_true(jobs::remove_temp_directory(path));
  assert_true(jobs::make_first_temp_directory({"/nonexistent/terrace"}, &error).empty());
  assert_true(error.find("/nonexistent") != std::string::npos);
}

// --- messages

void damaged_messages_are_refused(void**) {
  jobs::Batch batch;
  batch.number = 5;
  batch.jobs = {{"f", {1, 2, 3}}, {"g", {}}};
  const std::vector<uint8_t> good = jobs::pack(batch);
  const std::span<const uint8_t> body = std::span(good).subspan(jobs::kHeadBytes);
  jobs::Batch back;
  assert_true(jobs::unpack(body, &back));
  assert_int_equal(back.jobs.size(), 2);
  for (size_t n = 0; n < body.size(); ++n) assert_false(jobs::unpack(body.first(n), &back));
  for (size_t n = 0; n < good.size() * 8; ++n) {
    std::vector<uint8_t> bad = good;
    bad[n / 8] ^= static_cast<uint8_t>(1u << n % 8);
    jobs::Head head{};
    jobs::unpack_head(bad, &head);
    jobs::unpack(std::span<const uint8_t>(bad).subspan(jobs::kHeadBytes), &back);
    jobs::Result result;
    jobs::unpack(std::span<const uint8_t>(bad).subspan(jobs::kHeadBytes), &result);
  }
}

// --- around every test: the host sees no signal, no child, no new descriptor, no file

struct Traces {
  int descriptors = 0;
} before;

int look_before(void**) {
  before.descriptors = entries_in("/proc/self/fd");
  return 0;
}

int look_after(void**) {
  const bool quiet = child_signals == 0 && waitpid(-1, nullptr, WNOHANG | __WALL) < 0 && errno == ECHILD;
  const bool gone = becomes_true([] { return worker_processes().empty(); });
  const bool clean = entries_in(parent_directory) == 0 && entries_in("/proc/self/fd") == before.descriptors;
  if (!quiet) print_message("# %d SIGCHLD, or a child is left\n", child_signals.load());
  if (!gone) print_message("# a worker is left\n");
  if (!clean)
    print_message("# files %d, descriptors %d -> %d\n", entries_in(parent_directory), before.descriptors,
                  entries_in("/proc/self/fd"));
  return quiet && gone && clean ? 0 : -1;
}

#define JOBS_TEST(name) cmocka_unit_test_setup_teardown(name, look_before, look_after)

}  // namespace

int main() {
  char directory[] = "/tmp/terrace-test-jobs-XXXXXX";
  parent_directory = mkdtemp(directory);
  struct sigaction action {};
  action.sa_handler = [](int) { ++child_signals; };
  sigaction(SIGCHLD, &action, nullptr);
  const CMUnitTest tests[] = {
      JOBS_TEST(a_batch_is_compiled_together),
      JOBS_TEST(nothing_is_started_before_it_is_needed),
      JOBS_TEST(the_most_benefit_comes_first),
      JOBS_TEST(in_a_storm_the_hottest_does_not_wait_for_the_rest),
      JOBS_TEST(a_large_object_arrives_whole),
      JOBS_TEST(two_workers_share_the_work),
      JOBS_TEST(compilers_are_replaced_after_some_batches),
      JOBS_TEST(an_idle_worker_is_stopped_and_started_again),
      JOBS_TEST(trimming_stops_a_worker_now),
      JOBS_TEST(what_is_known_needs_no_worker),
      JOBS_TEST(what_is_not_known_is_compiled),
      JOBS_TEST(the_thread_is_as_hosts_need_it),
      JOBS_TEST(a_pool_that_ends_answers_what_waits),
      JOBS_TEST(waiting_requests_can_be_dropped),
      JOBS_TEST(a_full_queue_refuses),
      JOBS_TEST(one_bad_function_does_not_cost_the_others),
      JOBS_TEST(a_function_that_kills_the_compiler_is_poisoned),
      JOBS_TEST(a_compiler_that_hangs_is_stopped),
      JOBS_TEST(a_missing_assembler_is_named_and_not_asked_for_again),
#if !TERRACE_ASAN  // which cannot live with a limit
      JOBS_TEST(memory_is_limited),
#endif
      JOBS_TEST(without_a_worker_the_reason_says_so),
      JOBS_TEST(a_program_of_another_kind_is_refused),
      JOBS_TEST(a_worker_that_dies_at_once_brings_a_pause),
      JOBS_TEST(a_silent_worker_brings_a_pause),
      JOBS_TEST(a_deaf_worker_that_ignores_signals_brings_a_pause),
      JOBS_TEST(a_worker_that_talks_nonsense_brings_a_pause),
      JOBS_TEST(a_worker_that_never_stops_talking_brings_a_pause),
      JOBS_TEST(a_pause_ends),
      JOBS_TEST(a_worker_gets_little_of_the_host),
      JOBS_TEST(killing_at_any_time_loses_no_answer),
      JOBS_TEST(a_forked_child_starts_anew),
      JOBS_TEST(nothing_stays_when_the_host_is_killed),
      JOBS_TEST(a_host_that_exits_without_ado_leaves_nothing),
      JOBS_TEST(a_host_that_is_a_subreaper_gets_no_zombie),
      JOBS_TEST(a_host_without_streams_that_ignores_its_children_is_served),
      JOBS_TEST(the_first_directory_that_takes_files_is_used),
      JOBS_TEST(damaged_messages_are_refused),
  };
  const int failed = cmocka_run_group_tests_name("jobs", tests, nullptr, nullptr);
  jobs::remove_temp_directory(parent_directory);
  return failed;
}
