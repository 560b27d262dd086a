// tests/unit/test_native.cpp: what the compiler makes is loaded and computes; what is damaged or asks for too much is
// refused.
#include "check.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "native/allowed_symbols.hpp"
#include "native/extract.hpp"
#include "native/loader.hpp"

using namespace terrace;
using observe::Reason;
using test::assert_text;
using Bytes = std::vector<uint8_t>;

namespace {

std::string directory;

Bytes read_file(const std::string& path) {
  Bytes bytes;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return bytes;
  for (int c; (c = std::fgetc(file)) != EOF;) bytes.push_back(static_cast<uint8_t>(c));
  std::fclose(file);
  return bytes;
}

Bytes compile(const std::string& source, const std::string& options = "-O2 -fPIC -ffunction-sections") {
  const std::string c = directory + "/t.c";
  const std::string o = directory + "/t.o";
  std::FILE* file = std::fopen(c.c_str(), "w");
  std::fputs(source.c_str(), file);
  std::fclose(file);
  assert_int_equal(std::system(("cc -w -c " + options + " -o " + o + " " + c).c_str()), 0);
  return read_file(o);
}

struct Loaded {
  Loaded(const Bytes& bytes, std::vector<std::string> names) : reason(native::load(bytes, names, {}, &object, &text)) {}
  ~Loaded() {
    if (reason == Reason::kNone) native::unload(object);
  }
  template <typename F>
  F* as(size_t i = 0) const {
    assert_int_equal(reason, Reason::kNone);
    return reinterpret_cast<F*>(object.entries[i]);
  }
  native::LoadedObject object;
  std::string text;
  Reason reason;
};

const char* const kProgram = R"(
#include <string.h>
#include <math.h>
static long helper(long n) __attribute__((noinline));
static long helper(long n) { return n * 3; }
static const long table[] = {5, 7, 11, 13};
static const char *const names[] = {"zero", "one", "two"};
long add(long a, long b) { return a + helper(b); }
long look_up(long i) { return table[i & 3]; }
const char *name_of(long i) { return names[i]; }
long choose(long n) {
  switch (n) { case 0: return 10; case 1: return helper(4); case 2: return 3; case 3: return add(1, 2); case 4: return 9;
               case 5: return 77; case 6: return -1; default: return 0; }
}
double root(double x) { return sqrt(x) + pow(x, 1.5); }
long block(long n) { char a[4000], b[4000]; memset(a, (int)n, n); memcpy(b, a, n); return b[n - 1]; }
__int128 wide(__int128 a, __int128 b);
long divide(long a, long b) { return (long)(((__int128)a << 32) / b); }
typedef double (*unary)(double);
unary address_of_sine(void) { return sin; }
long fact(long n) { return n <= 1 ? 1 : n * fact(n - 1); }
)";

const std::vector<std::string> kFunctions = {"add",   "look_up", "name_of", "choose", "root",
                                             "block", "divide",  "address_of_sine", "fact"};

// The functions of kProgram, each by its number among kFunctions.
void check_functions(const std::function<uintptr_t(size_t)>& entry) {
  assert_int_equal(reinterpret_cast<long (*)(long, long)>(entry(0))(4, 5), 19);
  assert_int_equal(reinterpret_cast<long (*)(long)>(entry(1))(2), 11);
  assert_text(reinterpret_cast<const char* (*)(long)>(entry(2))(1), "one");
  const auto choose = reinterpret_cast<long (*)(long)>(entry(3));
  assert_int_equal(choose(1), 12);
  assert_int_equal(choose(3), 7);
  assert_int_equal(choose(5), 77);
  assert_true(reinterpret_cast<double (*)(double)>(entry(4))(4.0) == 10.0);
  assert_int_equal(reinterpret_cast<long (*)(long)>(entry(5))(100), 100);
  assert_int_equal(reinterpret_cast<long (*)(long, long)>(entry(6))(10, 1L << 31), 20);
  assert_true(reinterpret_cast<double (*(*)())(double)>(entry(7))()(0.5) == std::sin(0.5));
  assert_int_equal(reinterpret_cast<long (*)(long)>(entry(8))(10), 3628800);
}

Bytes extracted(const Bytes& bytes, const std::string& name) {
  Bytes alone;
  std::string text;
  assert_int_equal(native::extract(bytes, name, &alone, &text), Reason::kNone);
  return alone;
}

void check_program(const std::string& options) {
  const Bytes bytes = compile(kProgram, options);
  const Loaded all(bytes, kFunctions);
  assert_text(all.text, "");
  assert_int_equal(all.reason, Reason::kNone);
  check_functions([&](size_t i) { return all.object.entries[i]; });
  std::vector<std::unique_ptr<Loaded>> alone;
  for (const std::string& name : kFunctions) {
    const Bytes one = extracted(bytes, name);
    alone.push_back(std::make_unique<Loaded>(one, std::vector<std::string>{"code"}));
    assert_text(alone.back()->text, "");
    assert_int_equal(alone.back()->reason, Reason::kNone);
  }
  check_functions([&](size_t i) { return alone[i]->object.entries[0]; });
}

void programs_of_every_kind_run(void**) {
  for (const char* level : {"-O0", "-O2", "-O3"}) {
    for (const char* kind :
         {"-fPIC -ffunction-sections", "-fPIC", "-fPIC -fno-plt", "-fPIE -ffunction-sections -fdata-sections",
          "-fPIC -fno-jump-tables", "-fPIC -fcf-protection=full -falign-functions=64"}) {
      check_program(std::string(level) + " " + kind);
    }
  }
}

void only_what_is_wanted_is_taken(void**) {
  const Bytes bytes = compile(
      "long small(long a) { return a; } extern int puts(const char*);\n"
      "void bad(void) { puts(\"\"); } long large(long n) { static const char big[40000] = {1}; return big[n]; }");
  const Loaded small(bytes, {"small"});
  assert_int_equal(small.as<long(long)>()(6), 6);
  assert_true(small.object.used < 100);
  assert_int_equal(small.object.size, 4096);
  const Loaded large(bytes, {"large"});
  assert_int_equal(large.as<long(long)>()(0), 1);
  assert_true(large.object.used >= 40000);
}

// Neither what stands beside a function nor its name there changes what is extracted, and doing it again changes nothing.
void an_extracted_function_is_the_same_from_everywhere(void**) {
  const char* const body = "static const double k[] = {1.5, 2.5}; double %s(long i) { return sin(k[i & 1]); }";
  char first[200], second[200];
  std::snprintf(first, sizeof first, body, "t_1");
  std::snprintf(second, sizeof second, body, "t_22");
  const std::string sine = "double sin(double); double cos(double);";
  const Bytes a = extracted(compile(sine + first), "t_1");
  const Bytes b = extracted(compile(sine + second + "double other(double x) { return cos(x) + 1e9; }"), "t_22");
  const Bytes alone = extracted(a, "code");
  assert_true(a == extracted(compile(sine + first + "long more(long a) { return a; }"), "t_1"));
  assert_true(a == alone);
  assert_true(b.size() < compile(sine + second).size());
  std::string text;
  Bytes none;
  assert_int_equal(native::extract(a, "nothing", &none, &text), Reason::kMissingSymbol);
  assert_true(none.empty());
}

std::string protection_of(uintptr_t address) {
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  unsigned long from = 0, to = 0;
  char flags[8] = "";
  char line[512];
  std::string found = "none";
  while (std::fgets(line, sizeof line, maps)) {
    if (std::sscanf(line, "%lx-%lx %7s", &from, &to, flags) == 3 && from <= address && address < to) found = flags;
  }
  std::fclose(maps);
  return found;
}

void code_is_not_writable_and_goes_away(void**) {
  const Bytes bytes = compile("long f(long a) { return a; }");
  uintptr_t base;
  {
    const Loaded l(bytes, {"f"});
    base = l.object.base;
    assert_text(protection_of(base), "r-xp");
  }
  assert_text(protection_of(base), "none");
}

void expect(const std::string& source, Reason reason, const std::string& options = "-O2 -fPIC -ffunction-sections") {
  const Loaded l(compile(source, options), {"f"});
  if (l.reason != reason)
    print_message("# %s: reason %d, %s\n", source.c_str(), static_cast<int>(l.reason), l.text.c_str());
  assert_int_equal(l.reason, reason);
  assert_false(l.text.empty());
}

void what_is_not_taken_is_named(void**) {
  expect("extern int puts(const char*); int f(void) { return puts(\"\"); }", Reason::kUnknownSymbol);
  expect("extern int environ_like; int f(void) { return environ_like; }", Reason::kUnknownSymbol);
  expect("void *malloc(unsigned long); void *f(void) { return malloc(3); }", Reason::kUnknownSymbol);
  expect("long g(void) { return 1; }", Reason::kMissingSymbol);
  expect("static long f(void) { return 1; } void *g(void) { return f; }", Reason::kMissingSymbol);
  expect("extern long f(void); long g(void) { return f(); }", Reason::kMissingSymbol);
  expect("long f = 5;", Reason::kBadObject);
  expect("static long n; long f(void) { return ++n; }", Reason::kBadObject);
  expect("static long n = 4; long f(void) { return ++n; }", Reason::kBadObject);
  expect("long f;", Reason::kBadObject, "-O2 -fPIC -fcommon");
  expect("static __thread long n; long f(void) { return ++n; }", Reason::kBadRelocation);
  expect(
      "static long g(void) { return 1; } static void *r(void) { return g; }\n"
      "long p(void) __attribute__((ifunc(\"r\"))); long f(void) { return p(); }",
      Reason::kBadRelocation);
  expect("const char *f(void) { return \"text\"; }", Reason::kBadRelocation, "-O2 -fno-pic -mcmodel=kernel");
  expect("const char *f(void) { return \"text\"; }", Reason::kBadRelocation, "-O2 -fno-pic -no-pie");
  expect("long f(void) { return 1; }", Reason::kBadObject, "-O2 -m32");
}

void what_is_no_object_is_refused(void**) {
  const std::string shell = "#!/bin/sh\n";
  for (const Bytes& bytes : {Bytes{}, Bytes(10, 0), Bytes(64, 0), Bytes(100000, 0x7F),
                             Bytes(shell.begin(), shell.end()), read_file("/proc/self/exe"), read_file("/bin/true")}) {
    const Loaded l(bytes, {"f"});
    assert_int_equal(l.reason, Reason::kBadObject);
    assert_false(l.text.empty());
  }
}

void every_truncation_is_harmless(void**) {
  const Bytes bytes = compile(kProgram);
  for (size_t n = 0; n < bytes.size(); ++n) {
    // A block of its own, so that a checker sees a read past the end.
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(n));
    Bytes alone;
    std::string text;
    if (native::extract(cut, "choose", &alone, &text) != Reason::kNone) assert_false(text.empty());
    const Loaded l(cut, {"add", "choose", "root"});
    assert_int_not_equal(l.reason, Reason::kNone);
  }
}

void every_flipped_bit_is_harmless(void**) {
  const Bytes bytes = compile(kProgram);
  int refused = 0;
  Bytes bad = bytes;
  for (size_t n = 0; n < bytes.size() * 8; ++n) {
    bad[n / 8] ^= static_cast<uint8_t>(1u << n % 8);
    const Loaded l(bad, {"add", "choose", "root", "name_of", "address_of_sine"});
    Bytes alone;
    std::string text;
    if (native::extract(bad, "choose", &alone, &text) == Reason::kNone) const Loaded again(alone, {"code"});
    refused += l.reason != Reason::kNone;
    if (l.reason != Reason::kNone) assert_false(l.text.empty());
    bad[n / 8] = bytes[n / 8];
  }
  assert_true(refused > 1000);
}

void random_damage_is_harmless(void**) {
  const Bytes bytes = compile(kProgram);
  test::Random random(11);
  for (int round = 0; round < 20000; ++round) {
    Bytes bad = bytes;
    for (uint64_t i = random.below(8) + 1; i > 0; --i) {
      const size_t at = random.below(bad.size());
      const uint64_t kind = random.below(3);
      bad[at] = kind == 0 ? 0 : kind == 1 ? 0xFF : static_cast<uint8_t>(random.next());
    }
    const Loaded l(bad, {"add", "choose", "root", "name_of", "address_of_sine"});
  }
}

// In a child, because neither limit can be lifted again.
int reason_in_child(bool (*restrict_process)(), const Bytes& bytes) {
  const pid_t child = fork();
  if (child == 0) {
    if (!restrict_process()) _exit(255);
    native::LoadedObject object;
    std::string text;
    const std::string names[] = {"f"};
    _exit(static_cast<int>(native::load(bytes, names, {}, &object, &text)));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void a_system_that_gives_nothing_is_a_reason(void**) {
  const Bytes bytes = compile("long f(long n) { static const char big[4000000] = {1}; return big[n]; }");
  const int without_memory = reason_in_child(
      [] {
        const rlimit none{1 << 20, 1 << 20};
        return setrlimit(RLIMIT_AS, &none) == 0;
      },
      bytes);
  assert_int_equal(without_memory, Reason::kNoCodeMemory);
  constexpr int kSetMdwe = 65;  // PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN: as hardened systems do
  const int hardened = reason_in_child([] { return prctl(kSetMdwe, 1L, 0L, 0L, 0L) == 0; }, bytes);
  if (hardened == 255) {
    print_message("# this kernel cannot forbid executable memory: not checked\n");
  } else {
    assert_int_equal(hardened, Reason::kNotExecutable);
  }
}

void the_allowed_functions_are_few(void**) {
  assert_int_equal(native::allowed_symbol("memcpy") != 0, 1);
  assert_int_equal(native::allowed_symbol("__divti3") != 0, 1);
  for (const char* name : {"", "system", "malloc", "memcp", "memcpyy", "dlopen", "exit"}) {
    assert_int_equal(native::allowed_symbol(name), 0);
  }
}

void loading_is_quick(void**) {
  const Bytes bytes = compile(kProgram);
  for (int i = 0; i < 2000; ++i) assert_int_equal(Loaded(bytes, {"choose"}).reason, Reason::kNone);
}

}  // namespace

int main() {
  if (std::system("cc --version > /dev/null 2>&1") != 0) {
    std::puts("1..0 # SKIP no C compiler");
    return 77;
  }
  char name[] = "/tmp/terrace-test-native-XXXXXX";
  directory = mkdtemp(name);
  const CMUnitTest tests[] = {
      cmocka_unit_test(programs_of_every_kind_run),
      cmocka_unit_test(only_what_is_wanted_is_taken),
      cmocka_unit_test(an_extracted_function_is_the_same_from_everywhere),
      cmocka_unit_test(code_is_not_writable_and_goes_away),
      cmocka_unit_test(what_is_not_taken_is_named),
      cmocka_unit_test(what_is_no_object_is_refused),
      cmocka_unit_test(every_truncation_is_harmless),
      cmocka_unit_test(every_flipped_bit_is_harmless),
      cmocka_unit_test(random_damage_is_harmless),
      cmocka_unit_test(a_system_that_gives_nothing_is_a_reason),
      cmocka_unit_test(the_allowed_functions_are_few),
      cmocka_unit_test(loading_is_quick),
  };
  const int failed = cmocka_run_group_tests_name("native", tests, nullptr, nullptr);
  std::remove((directory + "/t.c").c_str());
  std::remove((directory + "/t.o").c_str());
  rmdir(directory.c_str());
  return failed;
}
