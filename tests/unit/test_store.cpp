// tests/unit/test_store.cpp: what is put into the store is found again, and nothing else is: not after any damage, not from
// other people, not for another key; a full or unwritable disk, a writer that dies and several at once do no harm.
#include "store/store.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "check.hpp"

using namespace terrace;
using store::Entry;
using store::Key;
using store::Place;
using store::Problem;
using store::Store;
using Bytes = std::vector<uint8_t>;
namespace fs = std::filesystem;

namespace {

std::string parent;  // of everything this test makes

// A directory of its own for each test.
std::string new_path() {
  static int count = 0;
  return parent + "/store" + std::to_string(++count);
}

Place place_at(const std::string& path) { return {path, false, Problem::kNone}; }

Key key_number(uint8_t n, jobs::Tier tier = jobs::Tier::kBase) {
  Key key;
  key.function.fill(n);
  key.tier = tier;
  key.abi_version = 1;
  key.worker = "123-4.5";
  key.cpu = "x86-64-v2";
  return key;
}

Entry entry_number(uint8_t n, size_t size = 300) {
  Entry entry;
  entry.key = key_number(n);
  entry.name = "f" + std::to_string(n);
  entry.compiler = "gcc 12.2.0";
  entry.compile_ns = 1000 + n;
  entry.types = {0, 3, 1};
  entry.object.assign(size, n);
  return entry;
}

bool has(Store& s, const Entry& entry) {
  Entry found;
  return s.find(entry.key, entry.types, entry.compiler, &found) && found.object == entry.object;
}

bool has(Store& s, const Key& key) {
  Entry found;
  return s.find(key, {}, "", &found);
}

Bytes contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

void overwrite(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(reinterpret_cast<const char*>(bytes.data()),
                                                                static_cast<std::streamsize>(bytes.size()));
}

std::string path_of(const std::string& directory, const Key& key) { return directory + "/" + store::file_name(key); }

uint64_t problems(const Store& s, std::string_view name) {
  for (const auto& [problem, count] : s.counts().problems)
    if (problem == name) return count;
  return 0;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  assert_int_equal(lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

void age(const std::string& path, int64_t seconds) {
  timespec times[2];
  clock_gettime(CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= seconds;
  times[1] = times[0];
  assert_int_equal(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

int64_t age_of(const std::string& path) {
  struct stat status {};
  assert_int_equal(stat(path.c_str(), &status), 0);
  return time(nullptr) - status.st_mtim.tv_sec;
}

uint64_t bytes_in(const std::string& path) {
  uint64_t total = 0;
  for (const auto& file : fs::directory_iterator(path)) total += (file.file_size() + 4095) / 4096 * 4096;
  return total;
}

// Runs `body` in a child; its exit code, or -1 when it was killed.
int in_child(auto body) {
  fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// --- finding what was put

void what_was_put_is_found(void**) {
  const std::string path = new_path();
  {
    Store s(place_at(path), store::kUsualLimit);
    assert_false(has(s, key_number(1)));
    assert_false(fs::exists(path));  // looking makes nothing
    s.put(entry_number(1));
    s.put(entry_number(2, 100000));
    assert_true(has(s, entry_number(1)));
    assert_int_equal(s.counts().writes, 2);
    assert_int_equal(s.counts().hits, 1);
    assert_int_equal(s.counts().misses, 1);
  }
  assert_int_equal(mode_of(path), 0700);
  assert_int_equal(mode_of(path_of(path, key_number(1))), 0600);
  Store other(place_at(path), store::kUsualLimit);
  Entry found;
  assert_true(other.find(key_number(2), {}, "", &found) == false);  // other types
  assert_true(other.find(key_number(2), entry_number(2).types, "", &found));
  assert_true(found.object == entry_number(2, 100000).object);
  test::assert_text(found.name, "f2");
  test::assert_text(found.compiler, "gcc 12.2.0");
  assert_int_equal(found.compile_ns, 1002);
}

void the_later_of_two_is_found(void**) {
  Store s(place_at(new_path()), store::kUsualLimit);
  s.put(entry_number(1, 100));
  s.put(entry_number(1, 200));
  assert_false(has(s, entry_number(1, 100)));
  assert_true(has(s, entry_number(1, 200)));
}

void each_part_of_the_key_counts(void**) {
  Store s(place_at(new_path()), store::kUsualLimit);
  s.put(entry_number(1));
  std::vector<Key> others(7, key_number(1));
  others[0].function[31] ^= 1;
  others[1].tier = jobs::Tier::kOpt;
  others[2].abi_version++;
  others[3].worker = "123-4.6";
  others[4].cpu = "x86-64-v3";
  others[5].worker.clear();
  others[6].companions = store::hash_of({{"g", {}, key_number(2).function}});
  Entry found;
  for (const Key& key : others) assert_false(s.find(key, entry_number(1).types, "", &found));
  assert_int_equal(s.counts().rejected, 0);
  assert_true(has(s, entry_number(1)));
}

void code_made_for_less_than_was_seen_is_passed_over(void**) {
  Store s(place_at(new_path()), store::kUsualLimit);
  s.put(entry_number(1));  // types 0, 3, 1
  Entry found;
  const Key key = key_number(1);
  const auto finds = [&](const Bytes& types) { return s.find(key, types, "", &found); };
  assert_true(finds({0, 3, 1}));
  assert_true(finds({0, 0, 0}));
  assert_true(finds({0, 1, 1}));
  assert_false(finds({1, 3, 1}));
  assert_false(finds({0, 7, 1}));
  assert_false(finds({0, 3}));
  assert_false(finds({0, 3, 1, 0}));
  assert_int_equal(s.counts().rejected, 0);
}

void another_compiler_s_work_is_passed_over_once_the_compiler_is_known(void**) {
  Store s(place_at(new_path()), store::kUsualLimit);
  s.put(entry_number(1));
  Entry found;
  assert_true(s.find(key_number(1), entry_number(1).types, "", &found));
  assert_true(s.find(key_number(1), entry_number(1).types, "gcc 12.2.0", &found));
  assert_false(s.find(key_number(1), entry_number(1).types, "gcc 13.1.0", &found));
  assert_int_equal(problems(s, "foreign"), 1);
}

void companions_count_by_name_and_content(void**) {
  const jobs::Companion g{"g", {}, key_number(2).function}, h{"h", {}, key_number(3).function};
  const jobs::Companion other_g{"g", {}, key_number(3).function}, seen_g{"g", {1, 2}, key_number(2).function};
  assert_true(store::hash_of({}) == bytecode::Hash{});
  assert_true(store::hash_of({g}) == store::hash_of({seen_g}));
  assert_false(store::hash_of({g}) == bytecode::Hash{});
  assert_false(store::hash_of({g}) == store::hash_of({other_g}));
  assert_false(store::hash_of({g}) == store::hash_of({g, h}));
}

void the_worker_is_known_by_its_file(void**) {
  const std::string path = new_path();
  assert_true(store::worker_identity(path).empty());
  assert_true(store::worker_identity("").empty());
  overwrite(path, Bytes(10));
  const std::string first = store::worker_identity(path);
  assert_false(first.empty());
  test::assert_text(store::worker_identity(path), first);
  age(path, 100);
  assert_string_not_equal(store::worker_identity(path).c_str(), first.c_str());
}

// --- damage

// Every variant of an entry's file is passed over, and replaced by the next put.
void check_damaged(const std::vector<Bytes>& variants) {
  const std::string path = new_path();
  Store s(place_at(path), store::kUsualLimit);
  const Entry entry = entry_number(1);
  s.put(entry);
  const std::string file = path_of(path, entry.key);
  const Bytes good = contents(file);
  for (const Bytes& bad : variants) {
    overwrite(file, bad);
    assert_false(has(s, entry));
  }
  assert_int_equal(s.counts().rejected, variants.size());
  assert_int_equal(problems(s, "damaged") + problems(s, "foreign"), variants.size());
  s.put(entry);
  assert_true(has(s, entry));
  assert_true(contents(file) == good);
}

void every_flipped_bit_of_every_byte_is_seen(void**) {
  const Bytes good = store::pack(entry_number(1));
  std::vector<Bytes> variants;
  for (size_t i = 0; i < good.size() * 8; ++i) {
    variants.push_back(good);
    variants.back()[i / 8] ^= static_cast<uint8_t>(1u << i % 8);
  }
  check_damaged(variants);
}

void every_truncation_is_seen(void**) {
  const Bytes good = store::pack(entry_number(1));
  std::vector<Bytes> variants;
  for (size_t n = 0; n < good.size(); ++n) variants.emplace_back(good.begin(), good.begin() + static_cast<ptrdiff_t>(n));
  variants.push_back(good);
  variants.back().push_back(0);
  variants.push_back(good);
  variants.back().insert(variants.back().end(), good.begin(), good.end());
  check_damaged(variants);
}

// Right checksums do not help a file that says something else.
void another_entry_under_the_name_is_foreign(void**) {
  const Entry entry = entry_number(1);
  std::vector<Bytes> variants;
  for (Entry other : {entry_number(2), entry_number(3)}) variants.push_back(store::pack(other));
  Entry tier = entry;
  tier.key.tier = jobs::Tier::kOpt;
  Entry worker = entry;
  worker.key.worker = "9-9.9";
  Entry cpu = entry;
  cpu.key.cpu = "x86-64-v4";
  for (const Entry& other : {tier, worker, cpu}) variants.push_back(store::pack(other));
  check_damaged(variants);
}

void random_files_are_harmless(void**) {
  test::Random random(3);
  std::vector<Bytes> variants;
  for (int i = 0; i < 200; ++i) {
    Bytes noise(random.below(2000));
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random.next());
    variants.push_back(noise);
  }
  check_damaged(variants);
}

void what_is_no_file_is_passed_over(void**) {
  const std::string path = new_path();
  Store s(place_at(path), store::kUsualLimit);
  const Entry entry = entry_number(1);
  s.put(entry);
  const std::string file = path_of(path, entry.key);
  const std::string kept = path + "/kept";
  fs::rename(file, kept);
  fs::create_symlink(kept, file);
  assert_false(has(s, entry));
  fs::remove(file);
  assert_int_equal(mkfifo(file.c_str(), 0600), 0);
  assert_false(has(s, entry));
  fs::remove(file);
  fs::create_directory(file);
  assert_false(has(s, entry));
  s.put(entry);  // cannot replace a directory
  assert_int_equal(problems(s, "unsafe_entry"), 3);
  assert_int_equal(problems(s, "unwritable"), 1);
  fs::remove(file);
  s.put(entry);
  assert_true(has(s, entry));
}

// --- other people

void an_entry_that_others_may_write_is_not_taken(void**) {
  const std::string path = new_path();
  Store s(place_at(path), store::kUsualLimit);
  const Entry entry = entry_number(1);
  s.put(entry);
  const std::string file = path_of(path, entry.key);
  for (mode_t mode : {0620u, 0602u, 0666u, 0777u}) {
    chmod(file.c_str(), mode);
    assert_false(has(s, entry));
  }
  assert_int_equal(problems(s, "unsafe_entry"), 4);
  chmod(file.c_str(), 0644);
  assert_true(has(s, entry));
}

// True when the directory is used.
bool is_used(const std::string& path) {
  Store s(place_at(path), store::kUsualLimit);
  const Entry entry = entry_number(1);
  s.put(entry);
  if (has(s, entry)) return true;
  assert_true(problems(s, "unsafe_directory") >= 2);
  assert_int_equal(s.counts().writes, 0);
  return false;
}

void a_directory_that_others_may_write_is_not_used(void**) {
  const std::string path = new_path();
  fs::create_directory(path);
  for (mode_t mode : {0777u, 01777u, 0770u, 0702u}) {
    chmod(path.c_str(), mode);
    assert_false(is_used(path));
  }
  assert_true(fs::is_empty(path));
  chmod(path.c_str(), 0755);
  assert_true(is_used(path));
}

void a_link_is_not_followed(void**) {
  const std::string path = new_path(), link = new_path();
  fs::create_directory(path);
  chmod(path.c_str(), 0700);
  fs::create_directory_symlink(path, link);
  assert_false(is_used(link));
  assert_false(is_used(link + "/"));
  assert_true(fs::is_empty(path));
  assert_true(is_used(path + "//"));
  overwrite(link + "-file", Bytes(3));
  assert_false(is_used(link + "-file"));
}

constexpr uid_t kSomebody = 65534;

void what_belongs_to_others_is_not_used(void**) {
  if (geteuid() != 0) {
    print_message("# SKIPPED: only root can make a file of another user\n");
    return;
  }
  const std::string path = new_path();
  fs::create_directory(path);
  chmod(path.c_str(), 0700);
  assert_int_equal(chown(path.c_str(), kSomebody, kSomebody), 0);
  assert_false(is_used(path));
  assert_int_equal(chown(path.c_str(), 0, 0), 0);
  assert_true(is_used(path));
  const Entry entry = entry_number(1);
  assert_int_equal(chown(path_of(path, entry.key).c_str(), kSomebody, kSomebody), 0);
  Store s(place_at(path), store::kUsualLimit);
  assert_false(has(s, entry));
  assert_int_equal(problems(s, "unsafe_entry"), 1);
}

void nothing_is_left_in_the_home_of_another(void**) {
  if (geteuid() != 0) {
    print_message("# SKIPPED: only root can make a directory of another user\n");
    return;
  }
  const std::string home = new_path();
  fs::create_directory(home);
  assert_int_equal(chown(home.c_str(), kSomebody, kSomebody), 0);
  Store s({home + "/.cache/terrace", true, Problem::kNone}, store::kUsualLimit);
  s.put(entry_number(1));
  assert_true(fs::is_empty(home));
  assert_int_equal(problems(s, "no_directory"), 1);
}

// --- where it is

void the_place_is_what_the_user_says(void**) {
  const auto place = [](const std::optional<std::string>& option) { return store::find_place(option); };
  test::assert_text(place("/some/where").path, "/some/where");
  assert_int_equal(place("off").problem, Problem::kOff);
  assert_int_equal(place("").problem, Problem::kOff);
  test::assert_text(place("here").path, fs::current_path().string() + "/here");
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  const std::string given = std::getenv("TERRACE_STORE") ? std::getenv("TERRACE_STORE") : "";
  setenv("TERRACE_STORE", "/from/environment", 1);
  test::assert_text(place({}).path, "/from/environment");
  test::assert_text(place("/some/where").path, "/some/where");
  setenv("TERRACE_STORE", "off", 1);
  assert_int_equal(place({}).problem, Problem::kOff);
  setenv("TERRACE_STORE", "", 1);
  assert_int_equal(place({}).problem, Problem::kOff);
  unsetenv("TERRACE_STORE");
  setenv("HOME", "/home/somebody", 1);
  unsetenv("XDG_CACHE_HOME");
  test::assert_text(place({}).path, "/home/somebody/.cache/terrace");
  setenv("XDG_CACHE_HOME", "/cache", 1);
  test::assert_text(place({}).path, "/cache/terrace");
  setenv("XDG_CACHE_HOME", "relative", 1);  // which the rules of XDG forbid
  test::assert_text(place({}).path, "/home/somebody/.cache/terrace");
  unsetenv("HOME");
  assert_int_equal(place({}).problem, Problem::kNoPlace);
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", home.c_str(), 1);
  setenv("TERRACE_STORE", given.c_str(), 1);
}

void without_a_place_nothing_happens(void**) {
  for (Problem problem : {Problem::kOff, Problem::kNoPlace}) {
    Store s({{}, false, problem}, store::kUsualLimit);
    s.put(entry_number(1));
    assert_false(has(s, entry_number(1)));
    assert_int_equal(problems(s, "no_place"), problem == Problem::kNoPlace ? 2 : 0);
    assert_int_equal(s.counts().misses, problem == Problem::kNoPlace ? 1 : 0);
  }
  Store nowhere(place_at("/proc/self/terrace"), store::kUsualLimit);
  nowhere.put(entry_number(1));
  assert_int_equal(problems(nowhere, "no_directory"), 1);
}

void a_directory_that_is_taken_away_is_made_again(void**) {
  const std::string path = new_path() + "/deep/down";
  Store s(place_at(path), store::kUsualLimit);
  s.put(entry_number(1));
  fs::remove_all(path);
  assert_false(has(s, entry_number(1)));
  s.put(entry_number(2));  // notices
  s.put(entry_number(3));
  assert_true(has(s, entry_number(3)));
}

// --- size

void the_least_recently_used_go(void**) {
  constexpr uint64_t kLimit = 64 * 4096;
  const std::string path = new_path();
  Store s(place_at(path), kLimit);
  for (uint8_t n = 0; n < 60; ++n) {
    s.put(entry_number(n, 3000));
    age(path_of(path, key_number(n)), 100000 - n * 1000);
  }
  assert_true(has(s, entry_number(0, 3000)));  // was not used for longer than a day, so its time is renewed
  assert_true(age_of(path_of(path, key_number(0))) < 1000);
  assert_true(has(s, entry_number(59, 3000)));
  assert_true(age_of(path_of(path, key_number(59))) > 1000);
  for (uint8_t n = 60; n < 70; ++n) {
    s.put(entry_number(n, 3000));
    assert_true(bytes_in(path) <= kLimit);
  }
  assert_true(has(s, entry_number(0, 3000)));
  assert_false(has(s, entry_number(1, 3000)));
  assert_false(has(s, entry_number(2, 3000)));
  for (uint8_t n = 40; n < 70; ++n) assert_true(has(s, entry_number(n, 3000)));
}

void several_writers_keep_near_the_limit(void**) {
  constexpr uint64_t kLimit = 64 * 4096;
  const std::string path = new_path();
  Store a(place_at(path), kLimit), b(place_at(path), kLimit);
  for (int n = 0; n < 250; ++n) {
    (n % 2 ? a : b).put(entry_number(static_cast<uint8_t>(n), 3000));
    assert_true(bytes_in(path) <= kLimit + 2 * kLimit / 16 + 2 * 4096);
  }
}

void what_is_too_large_is_not_kept(void**) {
  Store s(place_at(new_path()), 100000);
  s.put(entry_number(1, 100000));
  assert_int_equal(s.counts().writes, 0);
  assert_int_equal(problems(s, "too_large"), 1);
  s.put(entry_number(1, 50000));
  assert_true(has(s, entry_number(1, 50000)));
}

void what_was_written_last_stays(void**) {
  const std::string path = new_path();
  Store s(place_at(path), 6 * 4096);
  for (uint8_t n = 0; n < 4; ++n) {
    s.put(entry_number(n, 100));
    s.put(entry_number(n + 4, 22000));  // six pages, the whole limit
    assert_true(has(s, entry_number(n + 4, 22000)));
    assert_true(bytes_in(path) <= 6 * 4096);
  }
}

void files_of_others_in_the_directory_stay(void**) {
  const std::string path = new_path();
  fs::create_directory(path);
  chmod(path.c_str(), 0700);
  overwrite(path + "/notes.txt", Bytes(100000));
  overwrite(path + "/new-0000000000000001", Bytes(10));  // of a writer that died
  overwrite(path + "/new-0000000000000002", Bytes(10));  // of one that is at work
  age(path + "/notes.txt", 10000000);
  age(path + "/new-0000000000000001", 3600);
  Store s(place_at(path), 8 * 4096);
  for (uint8_t n = 0; n < 30; ++n) s.put(entry_number(n));
  assert_true(fs::exists(path + "/notes.txt"));
  assert_false(fs::exists(path + "/new-0000000000000001"));
  assert_true(fs::exists(path + "/new-0000000000000002"));
  uint64_t removed = 0;
  assert_int_equal(store::clear(place_at(path), &removed), Problem::kNone);
  assert_true(removed > 0 && removed <= 8);
  assert_true(fs::exists(path + "/notes.txt"));
  assert_int_equal(std::distance(fs::directory_iterator(path), {}), 1);
}

// --- several at once, and crashes

void writers_and_readers_at_once_see_whole_entries(void**) {
  const std::string path = new_path();
  Store(place_at(path), store::kUsualLimit).put(entry_number(1));
  std::vector<pid_t> children;
  for (int child = 0; child < 4; ++child) {
    fflush(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
      Store s(place_at(path), store::kUsualLimit);
      Entry found;
      for (int i = 0; i < 1500; ++i) {
        const auto n = static_cast<uint8_t>(1 + i % 5);
        if (child % 2 == 0) s.put(entry_number(n, 200 + static_cast<size_t>(i * 7 % 5000)));
        if (s.find(key_number(n), entry_number(n).types, "", &found) && found.object != Bytes(found.object.size(), n)) _exit(2);
      }
      _exit(s.counts().rejected == 0 && s.counts().problems.empty() && s.counts().hits > 0 ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
  }
  assert_int_equal(store::list(place_at(path)).unfinished.size(), 0);
}

void a_writer_that_is_killed_leaves_no_broken_entry(void**) {
  const std::string path = new_path();
  test::Random random(5);
  for (int round = 0; round < 40; ++round) {
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      Store s(place_at(path), store::kUsualLimit);
      for (uint32_t i = 0;; ++i) s.put(entry_number(static_cast<uint8_t>(i % 20), 200000));
    }
    usleep(static_cast<useconds_t>(1000 + random.below(20000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  const store::Listing listing = store::list(place_at(path));
  assert_true(listing.entries.size() > 0);
  for (const store::Listed& listed : listing.entries) assert_int_equal(listed.problem, Problem::kNone);
  for (const store::File& file : listing.unfinished) age(path + "/" + file.name, 3600);
  print_message("# unfinished files of the dead: %zu\n", listing.unfinished.size());
  Store s(place_at(path), store::kUsualLimit);
  s.put(entry_number(30));
  assert_int_equal(store::list(place_at(path)).unfinished.size(), 0);
}

// A file as a dying writer leaves it, without waiting for luck.
void an_unfinished_file_is_never_read(void**) {
  const std::string path = new_path();
  Store s(place_at(path), store::kUsualLimit);
  s.put(entry_number(1));
  Bytes half = store::pack(entry_number(2));
  half.resize(half.size() / 2);
  overwrite(path + "/new-00000000000000aa", half);
  assert_false(has(s, entry_number(2)));
  assert_int_equal(store::list(place_at(path)).unfinished.size(), 1);
  assert_int_equal(s.counts().rejected, 0);
}

constexpr int kNotPermitted = 77;

// In a child with mounts of its own.
int with_small_disk(const char* options, auto body) {
  const std::string path = new_path();
  fs::create_directory(path);
  return in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", path.c_str(), "tmpfs", 0, options) != 0)
      _exit(kNotPermitted);
    body(path);
  });
}

void a_full_disk_does_no_harm(void**) {
  const int code = with_small_disk("size=64k,mode=700", [](const std::string& path) {
    Store s(place_at(path + "/store"), store::kUsualLimit);
    for (uint8_t n = 0; n < 50; ++n) s.put(entry_number(n, 3000));
    if (s.counts().writes == 0 || s.counts().writes == 50 || problems(s, "full") != 50 - s.counts().writes) _exit(1);
    if (!store::list(place_at(path + "/store")).unfinished.empty()) _exit(2);
    uint64_t found = 0;
    for (uint8_t n = 0; n < 50; ++n) found += has(s, entry_number(n, 3000));
    if (found != s.counts().writes || s.counts().rejected != 0) _exit(3);
  });
  if (code == kNotPermitted) {
    print_message("# SKIPPED: nothing may be mounted here\n");
    return;
  }
  assert_int_equal(code, 0);
}

void a_read_only_disk_is_still_read(void**) {
  const int code = with_small_disk("mode=700", [](const std::string& path) {
    Store(place_at(path), store::kUsualLimit).put(entry_number(1));
    if (mount("none", path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) _exit(kNotPermitted);
    Store s(place_at(path), store::kUsualLimit);
    if (!has(s, entry_number(1))) _exit(1);
    s.put(entry_number(2));
    if (problems(s, "unwritable") != 1 || has(s, entry_number(2))) _exit(2);
  });
  if (code == kNotPermitted) {
    print_message("# SKIPPED: nothing may be mounted here\n");
    return;
  }
  assert_int_equal(code, 0);
}

// --- looking from outside

void the_listing_says_what_is_wrong(void**) {
  const std::string path = new_path();
  assert_int_equal(store::list(place_at(path)).problem, Problem::kAbsent);
  uint64_t removed = 9;
  assert_int_equal(store::clear(place_at(path), &removed), Problem::kNone);
  assert_int_equal(removed, 0);
  Store s(place_at(path), store::kUsualLimit);
  for (uint8_t n = 1; n <= 4; ++n) {
    s.put(entry_number(n));
    age(path_of(path, key_number(n)), 1000 * n);
  }
  Bytes bad = contents(path_of(path, key_number(2)));
  bad[50] ^= 1;
  overwrite(path_of(path, key_number(2)), bad);
  fs::copy_file(path_of(path, key_number(1)), path_of(path, key_number(9)));
  age(path_of(path, key_number(2)), 2000);
  age(path_of(path, key_number(9)), 9000);
  const store::Listing listing = store::list(place_at(path));
  assert_int_equal(listing.entries.size(), 5);
  test::assert_text(listing.entries[0].entry.name, "f1");
  assert_int_equal(listing.entries[1].problem, Problem::kDamaged);
  test::assert_text(listing.entries[2].entry.name, "f3");
  assert_int_equal(listing.entries[4].problem, Problem::kForeign);
  chmod(path.c_str(), 0777);
  assert_int_equal(store::list(place_at(path)).problem, Problem::kUnsafeDirectory);
  assert_int_equal(store::clear(place_at(path), &removed), Problem::kUnsafeDirectory);
  chmod(path.c_str(), 0700);
  assert_int_equal(store::clear(place_at(path), &removed), Problem::kNone);
  assert_int_equal(removed, 5);
  assert_true(fs::is_empty(path));
}

}  // namespace

int main() {
  char name[] = "/tmp/terrace-test-store-XXXXXX";
  parent = mkdtemp(name);
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_was_put_is_found),
      cmocka_unit_test(the_later_of_two_is_found),
      cmocka_unit_test(each_part_of_the_key_counts),
      cmocka_unit_test(code_made_for_less_than_was_seen_is_passed_over),
      cmocka_unit_test(another_compiler_s_work_is_passed_over_once_the_compiler_is_known),
      cmocka_unit_test(companions_count_by_name_and_content),
      cmocka_unit_test(the_worker_is_known_by_its_file),
      cmocka_unit_test(every_flipped_bit_of_every_byte_is_seen),
      cmocka_unit_test(every_truncation_is_seen),
      cmocka_unit_test(another_entry_under_the_name_is_foreign),
      cmocka_unit_test(random_files_are_harmless),
      cmocka_unit_test(what_is_no_file_is_passed_over),
      cmocka_unit_test(an_entry_that_others_may_write_is_not_taken),
      cmocka_unit_test(a_directory_that_others_may_write_is_not_used),
      cmocka_unit_test(a_link_is_not_followed),
      cmocka_unit_test(what_belongs_to_others_is_not_used),
      cmocka_unit_test(nothing_is_left_in_the_home_of_another),
      cmocka_unit_test(the_place_is_what_the_user_says),
      cmocka_unit_test(without_a_place_nothing_happens),
      cmocka_unit_test(a_directory_that_is_taken_away_is_made_again),
      cmocka_unit_test(the_least_recently_used_go),
      cmocka_unit_test(several_writers_keep_near_the_limit),
      cmocka_unit_test(what_is_too_large_is_not_kept),
      cmocka_unit_test(what_was_written_last_stays),
      cmocka_unit_test(files_of_others_in_the_directory_stay),
      cmocka_unit_test(writers_and_readers_at_once_see_whole_entries),
      cmocka_unit_test(a_writer_that_is_killed_leaves_no_broken_entry),
      cmocka_unit_test(an_unfinished_file_is_never_read),
      cmocka_unit_test(a_full_disk_does_no_harm),
      cmocka_unit_test(a_read_only_disk_is_still_read),
      cmocka_unit_test(the_listing_says_what_is_wrong),
  };
  const int failed = cmocka_run_group_tests_name("store", tests, nullptr, nullptr);
  fs::remove_all(parent);
  return failed;
}
