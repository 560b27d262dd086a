// differential/machine.cpp: see the header.
#include "machine.hpp"

#include <signal.h>
#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "prelude.hpp"

namespace terrace::differential {
namespace {

constexpr size_t kTogether = 12;  // programs whose functions one form defines

jit_vm* timed_vm = nullptr;
volatile sig_atomic_t time_passed = 0;

void on_time(int) {
  time_passed = 1;
  jit_interrupt(timed_vm);
}

void set_timer(unsigned milliseconds) {
  timeval first{milliseconds / 1000, milliseconds % 1000 * 1000};
  timeval then{milliseconds == 0 ? 0 : 1, 0};
  itimerval timer{then, first};
  setitimer(ITIMER_PROF, &timer, nullptr);  // processor time, so that a busy machine changes nothing
}

jit_value text_value(uint32_t kind, const std::string& text) {
  jit_value value{};
  value.kind = kind;
  value.as.data = text.data();
  value.size = text.size();
  return value;
}

void release(const jit_value& value) {
  if (value.kind == JIT_REF) jit_ref_release(value.as.ref);
}

std::string limit_kinds(const std::string& kind) { return kind == "heap-limit" || kind == "stack-overflow" ? kind : ""; }

}  // namespace

// One vm with the programs in it.
class Machine::Batch {
 public:
  Batch(jit_engine* engine, const MachineOptions& options) : engine_(engine), options_(options) {
    jit_vm_options vm_options{};
    vm_options.size = sizeof vm_options;
    vm_options.heap_limit = uint64_t{1} << 29;
    vm_options.stack_limit = uint64_t{16} << 20;
    vm_options.gc_stress = options.stress;
    vm_options.write = [](void* env, const char* data, size_t size) { static_cast<std::string*>(env)->append(data, size); };
    vm_options.write_env = &output_;
    if (jit_vm_new(engine, &vm_options, &vm_, nullptr) != JIT_OK) abort();
    timed_vm = vm_;
    if (!evaluate(kPrelude).empty() || !evaluate(kPoints).empty()) abort();
    for (int n = 0; n < kSpots; n++)
      if (!evaluate(with_spots(kPoints, spot_name(n))).empty()) abort();
  }
  ~Batch() {
    set_timer(0);
    timed_vm = nullptr;
    jit_vm_release(vm_);
  }

  // Together; when that fails one by one, to learn which it is.
  void load(std::span<const Program> programs, std::span<Trace> traces) {
    for (const Program& program : programs)
      for (const Definition& d : program.definitions) {
        jit_value nil{};
        jit_define(vm_, d.name.data(), d.name.size(), &nil, nullptr);
      }
    std::string problem = evaluate(loader_of(programs));
    if (problem.empty()) return;
    for (size_t i = 0; i < programs.size(); ++i) {
      problem = evaluate(loader_of(programs.subspan(i, 1)));
      if (!problem.empty()) traces[i].lines.push_back(kCannotLoad + problem);
    }
  }

  void guarded(const Call& call, Trace& trace) {
    trace.lines.push_back(run("attempt", call, trace));
  }

  void unguarded(const Call& call, Trace& trace) {
    std::string line = run("attempt-unguarded", call, trace);
    trace.lines.push_back(line + " " + run_text("log-text", {}, trace));
  }

 private:
  struct Step {
    jit_status status = JIT_OK;
    jit_value result{};
    jit_computation* computation = nullptr;
    jit_error* error = nullptr;
  };

  static std::string loader_of(std::span<const Program> programs) {
    std::string form = "((lambda () ";
    for (const Program& program : programs)
      for (const Definition& d : program.definitions) form += "(set! " + d.name + " " + text_of(d.value) + ")\n";
    return form + "nil))";
  }

  // "" or what went wrong.
  std::string evaluate(const std::string& source) {
    Step step;
    step.status = jit_eval(vm_, source.data(), source.size(), "program", &step.result, nullptr, &step.error);
    std::string problem = step.status == JIT_OK ? "" : std::string(" ") + jit_error_message(step.error);
    jit_error_release(step.error);
    release(step.result);
    return problem;
  }

  std::string run(const char* runner, const Call& call, Trace& trace) {
    jit_value function{};
    if (jit_lookup(vm_, call.function.data(), call.function.size(), &function, nullptr) != JIT_OK) return "no function";
    Node arguments = extend(list(), call.arguments);
    std::string text = text_of(arguments);
    std::string line = call.function + " " + text + " -> " + run_text(runner, {function, text_value(JIT_STRING, text)}, trace);
    release(function);
    return line;
  }

  std::string run_text(const std::string& runner, std::vector<jit_value> arguments, Trace& trace) {
    output_.clear();
    time_passed = 0;
    set_timer(options_.milliseconds);
    if (options_.mode == JIT_MODE_STORM) jit_interrupt(vm_);
    jit_value callee = text_value(JIT_SYMBOL, runner);
    Step step;
    step.status = jit_call(vm_, &callee, arguments.data(), arguments.size(), &step.result, &step.computation, &step.error);
    std::string text = finish(step, trace);
    set_timer(0);
    trace.limited |= met_limit();
    return output_.empty() ? text : text + " prints " + output_;
  }

  // Whether a limit has been met since this was asked last. That the call ended with another error, or with none, says nothing: a handler of
  // the program may have caught the limit's.
  bool met_limit() {
    jit_value count{};
    jit_lookup(vm_, "limits-met", sizeof "limits-met" - 1, &count, nullptr);
    int64_t before = limits_met_;
    limits_met_ = count.as.integer;
    return limits_met_ != before;
  }

  std::string finish(Step step, Trace& trace) {
    while (step.status == JIT_SUSPENDED || step.status == JIT_INTERRUPTED) {
      if (time_passed) {
        jit_cancel(step.computation, nullptr);
        jit_computation_release(step.computation);
        release(step.result);
        trace.limited = true;
        return "out of time";
      }
      step = step.status == JIT_SUSPENDED ? answer(step) : go_on(step);
    }
    if (step.status != JIT_OK) return failure(step, trace);
    std::string text = print(step.result);
    release(step.result);
    return text;
  }

  Step answer(const Step& asked) {
    Step next;
    jit_value items[2] = {};
    size_t count = 0;
    jit_items(asked.result.as.ref, 0, items, 2, &count, nullptr, nullptr);
    if (count == 2 && print(items[0]) == "echo") {
      next.status = jit_resume(asked.computation, &items[1], &next.result, &next.computation, &next.error);
    } else {
      next.status = jit_resume_error(asked.computation, "refused", 7, &next.result, &next.computation, &next.error);
    }
    for (const jit_value& item : items) release(item);
    release(asked.result);
    jit_computation_release(asked.computation);
    return next;
  }

  Step go_on(const Step& interrupted) {
    if (options_.mode == JIT_MODE_STORM) jit_reset(engine_, nullptr);
    Step next;
    next.status = jit_resume(interrupted.computation, nullptr, &next.result, &next.computation, &next.error);
    jit_computation_release(interrupted.computation);
    return next;
  }

  std::string failure(const Step& step, Trace& trace) {
    std::string text = jit_status_name(step.status);
    if (step.error != nullptr) {
      if (!limit_kinds(jit_error_kind(step.error)).empty()) trace.limited = true;
      if (!options_.plain)
        text += std::string(" ") + jit_error_kind(step.error) + ": " + jit_error_message(step.error) + " at " + std::to_string(jit_error_line(step.error)) + ":" + std::to_string(jit_error_column(step.error)) + " " + jit_error_trace(step.error);
      jit_error_release(step.error);
    }
    return text;
  }

  std::string print(const jit_value& value) {
    jit_ref* text = nullptr;
    if (jit_print(vm_, &value, 0, &text, nullptr) != JIT_OK) return "unprintable";
    const char* data = nullptr;
    size_t size = 0;
    jit_string_data(text, &data, &size, nullptr);
    std::string copy(data, size);
    jit_ref_release(text);
    return copy;
  }

  jit_engine* engine_;
  const MachineOptions& options_;
  jit_vm* vm_ = nullptr;
  std::string output_;
  int64_t limits_met_ = 0;
};

Machine::Machine(MachineOptions options) : options_(std::move(options)) {
  jit_engine_options engine_options{};
  engine_options.size = sizeof engine_options;
  engine_options.mode = options_.mode;
  engine_options.threshold = options_.threshold;
  engine_options.on_event = [](void*, const char* name, const char* text) {
    if (std::string_view(name) == "refused" || std::string_view(name) == "worker_died") std::printf("# %s: %s\n", name, text);
  };
  if (jit_engine_new(&engine_options, &engine_, nullptr) != JIT_OK) abort();
  struct sigaction action {};
  action.sa_handler = on_time;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPROF, &action, nullptr);
}

Machine::~Machine() { jit_engine_release(engine_); }

std::vector<Trace> Machine::run(std::span<const Program> programs) {
  std::vector<Trace> traces(programs.size());
  Batch batch(engine_, options_);
  for (size_t i = 0; i < programs.size(); i += kTogether) {
    size_t n = std::min(kTogether, programs.size() - i);
    batch.load(programs.subspan(i, n), {traces.data() + i, n});
  }
  auto round = [&](auto each) {
    for (size_t i = 0; i < programs.size(); ++i)
      for (const Call& call : programs[i].calls)
        if (!traces[i].limited && !traces[i].malformed()) each(call, traces[i]);
  };
  for (Trace& trace : traces) trace.plain = options_.plain;
  round([&](const Call& call, Trace& trace) { batch.guarded(call, trace); });
  if (options_.mode == JIT_MODE_AUTO) jit_wait(engine_, 60000, nullptr, nullptr);
  round([&](const Call& call, Trace& trace) { batch.unguarded(call, trace); });
  return traces;
}

std::string Machine::refusals() const {
  char* json = nullptr;
  if (jit_stats_json(engine_, &json, nullptr) != JIT_OK) return "no statistics";
  std::string text = json;
  jit_text_release(json);
  size_t at = text.find("\"refusals\":");
  if (at == std::string::npos) return "no statistics";
  std::string part = text.substr(at + 11, text.find('}', at) - at - 10);
  return part.find(':') == std::string::npos ? "" : part;
}

uint64_t Machine::compiled() const {
  jit_stats_data stats{};
  stats.size = sizeof stats;
  jit_stats(engine_, &stats, nullptr);
  return stats.base_compiles + stats.opt_compiles;
}

}  // namespace terrace::differential
