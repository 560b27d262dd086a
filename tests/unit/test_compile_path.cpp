// tests/unit/test_compile_path.cpp: bytecode through pool, worker, compiler, assembler and loader until it computes,
// and how long that takes.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>

#include "bytecode/encoding.hpp"
#include "check.hpp"
#include "frame/vm_state.hpp"
#include "jobs/pool.hpp"
#include "native/loader.hpp"

using namespace terrace;
using namespace std::chrono_literals;
using bytecode::Instr;
using bytecode::Op;
using jobs::Tier;
using observe::Reason;
using value::Value;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point then) {
  return std::chrono::duration<double, std::milli>(Clock::now() - then).count();
}

// (lambda (n) (let loop ((sum 0)) (if (<= n 0) sum ... sum + n + k, n - 1)))
class Summing {
 public:
  explicit Summing(int k) : memory_(new (std::align_val_t{16}) char[sizeof(value::Proto) + sizeof(value::Closure)]()) {
    code_.name = "sum" + std::to_string(k);
    code_.required = 1;
    code_.register_count = 2;
    add(Op::kInt, 1, 0, 0);
    add(Op::kJumpLeImm, 0, 0, 0, 4);
    add(Op::kAdd, 1, 1, 0);
    add(Op::kAddImm, 1, 1, k);
    add(Op::kAddImm, 0, 0, -1);
    add(Op::kLoop, 0, 0, 0, -5);
    add(Op::kReturn, 1, 0, 0);
    proto_ = reinterpret_cast<value::Proto*>(memory_.get());
    proto_->type = value::Type::kProto;
    proto_->function = &code_;
    proto_->code = code_.code.data();
    proto_->expected = code_.expected_argc();
    proto_->countdown = 1000000;
    closure_ = reinterpret_cast<value::Closure*>(memory_.get() + sizeof(value::Proto));
    closure_->type = value::Type::kClosure;
    closure_->proto = proto_;
  }
  std::vector<uint8_t> encoding() const { return bytecode::encode(proto_); }
  int64_t call(uintptr_t entry, int64_t n) const {
    frame::VmState vm;
    std::memset(static_cast<void*>(&vm), 0, sizeof vm);
    const auto native = reinterpret_cast<value::NativeEntry>(entry);
    return value::fixnum_value(native(&vm, value::from_closure(closure_), 1, value::make_fixnum(n), {}, {}));
  }

 private:
  struct Free {
    void operator()(char* p) const { ::operator delete[](p, std::align_val_t{16}); }
  };
  void add(Op op, int a, int b, int c, int distance = 0) {
    Instr i{static_cast<uint8_t>(op), 0, static_cast<uint16_t>(a), static_cast<uint16_t>(b), static_cast<uint16_t>(c)};
    if (distance) bytecode::set_jump_distance(i, distance);
    code_.code.push_back(i);
  }
  bytecode::FunctionCode code_;
  std::unique_ptr<char, Free> memory_;
  value::Proto* proto_;
  value::Closure* closure_;
};

// Asks for functions and loads each into memory of its own, as the engine does.
struct Host {
  Host() : pool(options(), collector()) {}
  ~Host() {
    for (const native::LoadedObject& object : objects) native::unload(object);
  }
  static jobs::PoolOptions options() {
    jobs::PoolOptions options;
    options.worker_path = REAL_WORKER;
    return options;
  }
  jobs::OnAnswer collector() {
    return [this](jobs::BatchAnswer&& batch) {
      std::lock_guard lock(mutex);
      for (const jobs::Answer& a : batch.answers) {
        reasons[a.id] = a.reason;
        text = batch.text;
        if (a.reason == Reason::kNone) load(batch.object, a);
      }
    };
  }
  void load(const std::vector<uint8_t>& bytes, const jobs::Answer& answer) {
    const std::string wanted[] = {answer.symbol};
    reasons[answer.id] = native::load(bytes, wanted, a_record, &objects[answer.id], &text);
  }
  jobs::Request request_of(size_t i, Tier tier) const {
    return {{"t_" + std::to_string(i), functions[i]->encoding(), {}, {}}, i, tier, 1};
  }
  // There is one record for all: nothing here compares callees.
  static uintptr_t a_record(std::string_view name) {
    bytecode::Hash hash;
    return bytecode::parse_record_symbol(name, &hash) ? 1 : 0;
  }
  double compile(size_t first, size_t count, Tier tier) {
    const auto began = Clock::now();
    for (size_t i = first; i < first + count; ++i) {
      const Reason reason = pool.submit(request_of(i, tier));
      assert_int_equal(reason, Reason::kNone);
    }
    assert_true(pool.wait_idle(60s));
    return milliseconds_since(began);
  }
  void make(size_t count) {
    for (size_t i = 0; i < count; ++i) functions.push_back(std::make_unique<Summing>(static_cast<int>(i)));
    reasons.resize(count);
    objects.resize(count);
  }

  std::mutex mutex;
  std::vector<std::unique_ptr<Summing>> functions;
  std::vector<Reason> reasons;
  std::vector<native::LoadedObject> objects;
  std::string text;
  jobs::Pool pool;
};

void check_tier(Tier tier, const char* name) {
  Host host;
  host.make(120);
  const double cold = host.compile(0, 1, tier);
  std::vector<double> alone;
  for (size_t i = 1; i < 10; ++i) alone.push_back(host.compile(i, 1, tier));
  std::ranges::sort(alone);
  const double batch = host.compile(20, 100, tier);
  for (size_t i = 0; i < 120; ++i) {
    if (i >= 10 && i < 20) continue;
    if (host.reasons[i] != Reason::kNone) print_message("# %s\n", host.text.c_str());
    assert_int_equal(host.reasons[i], Reason::kNone);
    assert_int_equal(host.functions[i]->call(host.objects[i].entries[0], 10), 55 + 10 * static_cast<int64_t>(i));
    assert_int_equal(host.objects[i].size, 4096);  // its own code, not that of the batch
  }
  print_message("# %s: first %.1f ms with the worker's start, one %.1f ms, in a batch %.2f ms each, %zu bytes\n", name,
                cold, alone[alone.size() / 2], batch / 100, host.objects[50].size);
}

void base_code_computes(void**) { check_tier(Tier::kBase, "base"); }
void optimised_code_computes(void**) { check_tier(Tier::kOpt, "opt"); }

void damaged_bytecode_is_refused(void**) {
  Host host;
  host.make(1);
  std::vector<uint8_t> encoding = host.functions[0]->encoding();
  encoding.resize(encoding.size() / 2);
  assert_int_equal(host.pool.submit({{"t_0", encoding, {}, {}}, 0, Tier::kBase, 1}), Reason::kNone);
  assert_true(host.pool.wait_idle(60s));
  assert_int_equal(host.reasons[0], Reason::kCompileError);
  assert_false(host.text.empty());
  assert_int_equal(host.pool.counters().worker_deaths, 0);
}

void without_an_assembler_the_reason_says_so(void**) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  {
    Host host;
    host.make(2);
    host.compile(0, 2, Tier::kBase);
    assert_int_equal(host.reasons[0], Reason::kCompilerMissing);
    assert_int_equal(host.reasons[1], Reason::kCompilerMissing);
  }
  setenv("PATH", path.c_str(), 1);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(base_code_computes),
      cmocka_unit_test(optimised_code_computes),
      cmocka_unit_test(damaged_bytecode_is_refused),
      cmocka_unit_test(without_an_assembler_the_reason_says_so),
  };
  return cmocka_run_group_tests_name("compile path", tests, nullptr, nullptr);
}
