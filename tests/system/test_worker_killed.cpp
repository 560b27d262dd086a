// tests/system/test_worker_killed.cpp: kill -9 of the worker at any time: every answer is right, and the host notices
// nothing.
#include <atomic>

#include "machine.hpp"

using namespace terrace::test;
using namespace std::chrono_literals;

namespace {

std::atomic<int> child_signals{0};
void on_child(int) { child_signals++; }

// Twenty functions that no earlier round had, called until they are warm; the answer is known.
constexpr int kFunctions = 20;
std::string program_of(int round) {
  std::string source, calls;
  for (int i = 0; i < kFunctions; i++) {
    const std::string name = "f" + std::to_string(i), number = std::to_string(round * kFunctions + i);
    source += "(define (" + name + " n acc) (if (= n 0) (+ acc " + number + ") (" + name + " (- n 1) (+ acc n))))\n";
    calls += " (" + name + " 20 i)";
  }
  return source + "(let loop ((i 0) (sum 0)) (if (= i 40) sum (loop (+ i 1) (+ sum" + calls + "))))";
}
int64_t answer_of(int round) {
  int64_t sum = 0;
  for (int i = 0; i < kFunctions; i++) sum += 40 * (round * kFunctions + i + 210) + 780;
  return sum;
}

enum class Victim { kSupervisor, kCompiler, kAny };

bool matches(Victim victim, const WorkerProcess& process) {
  return victim == Victim::kAny || process.is_compiler == (victim == Victim::kCompiler);
}

class Killer {
 public:
  Killer(const std::string& place, Victim victim, uint64_t seed, uint64_t longest_us)
      : thread_([this, place, victim, seed, longest_us] {
          Random random(seed);
          while (!done_) {
            std::this_thread::sleep_for(std::chrono::microseconds(random.below(longest_us)));
            std::vector<WorkerProcess> found = worker_processes(place);
            std::erase_if(found, [&](const WorkerProcess& p) { return !matches(victim, p); });
            if (found.empty()) continue;
            kill(found[random.below(found.size())].pid, SIGKILL);
            kills_++;
          }
        }) {}
  ~Killer() { stop(); }
  int stop() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return kills_;
  }

 private:
  std::atomic<bool> done_{false};
  std::atomic<int> kills_{0};
  std::thread thread_;
};

// Runs programs while their compilers are killed; what must hold afterwards is checked here too.
void run_under_fire(uint32_t mode, Victim victim, uint64_t longest_us, uint32_t workers,
                    std::chrono::milliseconds time) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(mode, 1);
  options.workers = workers;
  int kills = 0;
  {
    Session s(&options);
    Killer killer(place.path(), victim, mode * 10 + longest_us, longest_us);
    const auto end = std::chrono::steady_clock::now() + time;
    for (int round = 0; std::chrono::steady_clock::now() < end ||
                        (round < 200 && stats_of(s.engine).worker_starts < 2 && stats_of(s.engine).refused == 0);
         round++) {
      assert_int_equal(s.eval_int(program_of(round)), answer_of(round));
    }
    kills = killer.stop();
    const jit_stats_data stats = stats_of(s.engine);
    assert_true(kills > 0);
    assert_true(stats.worker_starts >= 2 || stats.refused > 0);
    if (victim == Victim::kSupervisor) assert_true(stats.worker_deaths > 0);
    if (stats.refused > 0) assert_non_null(strstr(stats_json_of(s.engine).c_str(), "\"refusals\":{\""));
    assert_true(becomes_true(has_no_child));  // while a worker is being started there is one for a moment
  }
  assert_true(becomes_true([&] { return worker_processes(place.path()).empty(); }));
  assert_true(becomes_true([&] { return place.is_empty(); }));
  assert_true(has_no_child());
  assert_int_equal(child_signals, 0);
}

void the_supervisor_in_a_busy_program(void**) { run_under_fire(JIT_MODE_AUTO, Victim::kSupervisor, 20000, 1, 1500ms); }
void the_compiler_in_a_busy_program(void**) { run_under_fire(JIT_MODE_AUTO, Victim::kCompiler, 20000, 1, 1500ms); }
void any_of_two_workers(void**) { run_under_fire(JIT_MODE_AUTO, Victim::kAny, 5000, 2, 1500ms); }
void while_every_function_waits_for_base(void**) { run_under_fire(JIT_MODE_BASE, Victim::kAny, 60000, 1, 1500ms); }
void while_every_function_waits_for_opt(void**) { run_under_fire(JIT_MODE_OPT, Victim::kAny, 100000, 1, 1500ms); }
void in_a_storm(void**) { run_under_fire(JIT_MODE_STORM, Victim::kAny, 50000, 1, 1500ms); }

// The one that is killed without a batch in work is replaced when there is work again, and nothing is refused for it.
void an_idle_worker_is_replaced(void**) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  Session s(&options);
  for (int round = 0; round < 3; round++) {
    assert_int_equal(s.eval_int(program_of(round)), answer_of(round));
    wait_idle(s.engine);
    for (const WorkerProcess& p : worker_processes(place.path())) kill(p.pid, SIGKILL);
    assert_true(becomes_true([&] { return worker_processes(place.path()).empty(); }));
  }
  assert_int_equal(s.eval_int(program_of(9)), answer_of(9));
  wait_idle(s.engine);
  const jit_stats_data stats = stats_of(s.engine);
  assert_true(stats.worker_starts >= 4);
  assert_true(stats.base_compiles >= 4 * kFunctions);
  assert_int_equal(stats.refused, 0);
}

// After many deaths there is a pause, and after the pause there are compilers again.
void compiling_goes_on_afterwards(void**) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  Session s(&options);
  int round = 0;
  {
    Killer killer(place.path(), Victim::kSupervisor, 5, 1000);
    assert_true(becomes_true([&] {
      assert_int_equal(s.eval_int(program_of(round)), answer_of(round));
      round++;
      return stats_of(s.engine).refused > 0;
    }));
  }
  const uint64_t before = stats_of(s.engine).base_compiles;
  assert_true(becomes_true([&] {
    assert_int_equal(s.eval_int(program_of(round)), answer_of(round));
    round++;
    std::this_thread::sleep_for(50ms);
    return stats_of(s.engine).base_compiles > before;
  }));
}

// A worker that is stopped is no reason to wait: the program goes on in the interpreter.
void a_stopped_worker_holds_nobody_up(void**) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  Session s(&options);
  assert_int_equal(s.eval_int(program_of(0)), answer_of(0));
  wait_idle(s.engine);
  const std::vector<WorkerProcess> workers = worker_processes(place.path());
  assert_true(!workers.empty());
  for (const WorkerProcess& p : workers) kill(p.pid, SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  assert_int_equal(s.eval_int(program_of(1)), answer_of(1));
  assert_true(std::chrono::steady_clock::now() - began < 5s);
  assert_true(stats_of(s.engine).queued > 0);
  for (const WorkerProcess& p : workers) kill(p.pid, SIGCONT);
  wait_idle(s.engine);
  assert_true(stats_of(s.engine).base_compiles >= 2 * kFunctions);
}

// The engine goes while its worker is stopped in the middle of a batch; releasing does not take long, and nothing
// stays.
void an_engine_leaves_a_stopped_worker(void**) {
  TemporaryPlace place;
  jit_engine_options options = engine_options(JIT_MODE_AUTO, 1);
  {
    Session s(&options);
    assert_int_equal(s.eval_int(program_of(0)), answer_of(0));
    wait_idle(s.engine);
    for (const WorkerProcess& p : worker_processes(place.path())) kill(p.pid, SIGSTOP);
    assert_int_equal(s.eval_int(program_of(1)), answer_of(1));
  }
  assert_true(becomes_true([&] { return worker_processes(place.path()).empty(); }));
  assert_true(becomes_true([&] { return place.is_empty(); }));
}

}  // namespace

int main() {
  std::thread([] {}).join();  // with the first thread of a process the C library takes its own signal 33
  signal(SIGCHLD, on_child);
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_supervisor_in_a_busy_program),
      cmocka_unit_test(the_compiler_in_a_busy_program),
      cmocka_unit_test(any_of_two_workers),
      cmocka_unit_test(while_every_function_waits_for_base),
      cmocka_unit_test(while_every_function_waits_for_opt),
      cmocka_unit_test(in_a_storm),
      cmocka_unit_test(an_idle_worker_is_replaced),
      cmocka_unit_test(compiling_goes_on_afterwards),
      cmocka_unit_test(a_stopped_worker_holds_nobody_up),
      cmocka_unit_test(an_engine_leaves_a_stopped_worker),
  };
  return cmocka_run_group_tests_name("worker killed", tests, nullptr, nullptr);
}
