// tests/unit/test_heap.cpp: what lives stays, what is dead goes, and nothing else happens.
#include "check.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "heap/chunk.hpp"
#include "heap/heap.hpp"

using namespace terrace;
using namespace terrace::value;
using terrace::heap::AllocWindow;
using terrace::heap::Heap;
using terrace::heap::HeapOptions;
using terrace::heap::Marker;
using terrace::heap::RootedValues;
using terrace::test::Random;

namespace {

constexpr size_t kMegabyte = 1 << 20;

struct Fixture {
  explicit Fixture(const HeapOptions& options = {}) : heap(&window, options), roots(heap) {}
  AllocWindow window;
  Heap heap;
  RootedValues roots;
};

Value make_vector(Heap& heap, size_t length) {
  auto* v = heap.make<Vector>(Type::kVector, length * sizeof(Value));
  v->length = length;
  for (size_t i = 0; i < length; i++) v->data[i] = kNil;
  return from_object(v);
}

Value make_text(Heap& heap, size_t bytes, char fill) {
  auto* s = heap.make<String>(Type::kString, bytes + 1);
  s->bytes = s->length = static_cast<uint32_t>(bytes);
  s->hash = 0;
  std::memset(s->data, fill, bytes);
  s->data[bytes] = 0;
  return from_object(s);
}

bool is_filled(Value text, size_t bytes, char fill) {
  auto* s = as<String>(text);
  if (s->type != Type::kString || s->bytes != bytes) return false;
  for (size_t i = 0; i < bytes; i++)
    if (s->data[i] != fill) return false;
  return true;
}

void make_garbage(Heap& heap, size_t pairs) {
  for (size_t i = 0; i < pairs; i++) heap.cons(make_fixnum(1), kNil);
}

// --- bits

void bit_functions_agree_with_counting(void**) {
  Random random(1);
  uint64_t bits[8];
  bool model[512];
  for (int round = 0; round < 2000; round++) {
    std::memset(bits, round & 1 ? 0xFF : 0, sizeof bits);
    std::memset(model, round & 1, sizeof model);
    for (int i = 0; i < 4; i++) {
      size_t from = random.below(513);
      size_t to = from + random.below(513 - from);
      bool on = random.below(2) != 0;
      heap::fill_bits(bits, from, to, on);
      for (size_t j = from; j < to; j++) model[j] = on;
    }
    size_t from = random.below(512);
    size_t to = from + random.below(513 - from);
    size_t set = from;
    while (set < to && !model[set]) set++;
    size_t clear = from;
    while (clear < to && model[clear]) clear++;
    assert_int_equal(heap::next_set_bit(bits, from, to), set);
    assert_int_equal(heap::next_clear_bit(bits, from, to), clear);
    size_t at = from + random.below(512 - from);
    size_t back = at + 1;
    while (back > from && !model[back - 1]) back--;
    assert_true(heap::previous_set_bit(bits, from, at) == (back == from ? SIZE_MAX : back - 1));
  }
}

// --- survival and reclamation

void a_rooted_list_survives(void**) {
  Fixture f;
  f.roots.push(kNil);
  for (int i = 0; i < 200000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  f.heap.collect();
  make_garbage(f.heap, 500000);
  f.heap.collect();
  int expected = 199999;
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_int_equal(fixnum_value(car(p)), expected--);
  assert_int_equal(expected, -1);
  assert_true(f.heap.stats().live_bytes >= 200000 * sizeof(Pair));
  assert_true(f.heap.stats().live_bytes < 200000 * sizeof(Pair) + 4096);
}

void a_long_list_needs_no_stack(void**) {
  Fixture f;
  f.roots.push(kNil);
  for (int i = 0; i < 2000000; i++) f.roots[0] = f.heap.cons(f.roots[0], kNil);  // nested in the car
  f.heap.collect();
  assert_true(f.heap.stats().live_bytes >= 2000000 * sizeof(Pair));
}

void steady_garbage_keeps_its_size(void**) {
  Fixture f;
  make_garbage(f.heap, 2000000);
  uint64_t committed = f.heap.stats().committed_bytes;
  for (int round = 0; round < 20; round++) {
    make_garbage(f.heap, 1000000);
    for (int i = 0; i < 20000; i++) make_text(f.heap, i % 700, 'x');
    for (int i = 0; i < 200; i++) make_text(f.heap, 9000 + i * 1000, 'x');
  }
  assert_true(f.heap.stats().collections > 10);
  assert_true(committed <= 12 * kMegabyte);
  // Pairs, objects and pages each keep chunks of their own kind.
  assert_true(f.heap.stats().committed_bytes <= 24 * kMegabyte);
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
  f.heap.trim();
  assert_int_equal(f.heap.stats().committed_bytes, 0);
}

void holes_between_survivors_are_used_again(void**) {
  static constexpr size_t kSizes[] = {40, 200, 700, 1100, 5000, 12000};
  for (size_t size : kSizes) {
    Fixture f;
    size_t kept = 4 * kMegabyte / size;
    f.roots.push(make_vector(f.heap, kept));
    auto* table = as<Vector>(f.roots[0]);
    for (size_t i = 0; i < kept * 4; i++) {
      Value v = make_text(f.heap, size, 'a');
      if (i % 4 == 0) table->data[i / 4] = v;
      Heap::write_barrier(table);
    }
    f.heap.collect();
    uint64_t committed = f.heap.stats().committed_bytes;
    for (size_t i = 0; i < kept * 40; i++) make_text(f.heap, size, 'b');
    assert_true(f.heap.stats().committed_bytes <= committed + 6 * kMegabyte);
    for (size_t i = 0; i < kept; i++) assert_true(is_filled(table->data[i], size, 'a'));
  }
}

void objects_of_all_sizes_survive(void**) {
  Fixture f;
  Random random(3);
  std::vector<size_t> sizes;
  for (int i = 0; i < 400; i++) {
    static constexpr size_t kTops[] = {64, 600, 9000, 300000, 3000000};
    sizes.push_back(random.below(kTops[random.below(i % 20 == 0 ? 5 : 4)]));
    f.roots.push(make_text(f.heap, sizes.back(), static_cast<char>('a' + i % 26)));
  }
  f.heap.collect();
  for (int round = 0; round < 6; round++) {
    for (size_t i = 0; i < sizes.size(); i++) {
      assert_true(is_filled(f.roots[i], sizes[i], static_cast<char>('a' + i % 26)));
      if (random.below(3) != 0) continue;
      sizes[i] = random.below(300000);
      f.roots[i] = make_text(f.heap, sizes[i], static_cast<char>('a' + i % 26));
    }
    f.heap.collect();
  }
  f.roots.clear();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

// --- a random graph against a model of it

struct Node {
  std::vector<int> links;  // node number, or -1
  bool dead = false;       // as the heap's finalizer said
};

// Objects of several types whose links are known twice: in the heap and in `nodes`. Slot 0 of each holds its number.
class Graph {
 public:
  Graph(const HeapOptions& options, uint64_t seed) : random_(seed), f_(options) {
    for (int i = 0; i < kRoots; i++) f_.roots.push(kNil);
    roots_.assign(kRoots, -1);
  }
  void step();
  void check();
  uint64_t collections() { return f_.heap.stats().collections; }

 private:
  static constexpr int kRoots = 20;
  Value make_node();
  Value* slots(Value v, size_t* count);
  static int number_of(Value v);
  int pick_reachable(Value* v);
  std::vector<bool> reachable();
  static void died(void* env, Object* o) {
    Value v = o->type == Type::kClosure ? from_closure(static_cast<Closure*>(o)) : from_object(o);
    static_cast<Graph*>(env)->nodes_[static_cast<size_t>(number_of(v))].dead = true;
  }

  Random random_;
  std::vector<Node> nodes_;
  std::vector<int> roots_;
  Fixture f_;  // last: its end runs finalizers that write into nodes_
};

Value* Graph::slots(Value v, size_t* count) {
  if (is_pair(v)) {
    *count = 2;
    return &as_pair(v)->car;
  }
  if (is_function(v)) {
    *count = (as_closure(v)->granules * 16 - sizeof(Closure)) / 8;
    return as_closure(v)->capture;
  }
  if (is_type(v, Type::kTuple)) {
    *count = as<Tuple>(v)->length;
    return as<Tuple>(v)->data;
  }
  *count = as<Vector>(v)->length;
  return as<Vector>(v)->data;
}

// Pairs carry their number in a box-like vector of one element in the car, so that both kinds of cells are mixed.
int Graph::number_of(Value v) {
  if (is_pair(v)) return number_of(car(v));
  if (is_function(v)) return static_cast<int>(fixnum_value(as_closure(v)->capture[0]));
  if (is_type(v, Type::kTuple)) return static_cast<int>(fixnum_value(as<Tuple>(v)->data[0]));
  return static_cast<int>(fixnum_value(as<Vector>(v)->data[0]));
}

Value Graph::make_node() {
  Value number = make_fixnum(static_cast<int64_t>(nodes_.size()));
  nodes_.emplace_back();
  Value made;
  Object* watched;
  RootedValues keep(f_.heap);
  uint64_t kind = random_.below(4);
  if (kind == 0) {
    Value label = make_vector(f_.heap, 1);
    as<Vector>(label)->data[0] = number;
    keep.push(label);
    watched = as<Object>(label);
    made = f_.heap.cons(label, kNil);
  } else if (kind == 1) {
    keep.push(from_object(f_.heap.make<Proto>(Type::kProto)));
    std::memset(static_cast<void*>(&as<Proto>(keep[0])->entry), 0, sizeof(Proto) - sizeof(Object));
    auto* closure = f_.heap.make<Closure>(Type::kClosure, 4 * sizeof(Value));
    closure->proto = as<Proto>(keep[0]);
    closure->capture[0] = number;
    for (int i = 1; i < 4; i++) closure->capture[i] = kNil;
    watched = closure;
    made = from_closure(closure);
  } else if (kind == 2) {
    size_t length = 1 + random_.below(5);
    auto* tuple = f_.heap.make<Tuple>(Type::kTuple, length * sizeof(Value));
    tuple->length = length;
    tuple->data[0] = number;
    for (size_t i = 1; i < length; i++) tuple->data[i] = kNil;
    watched = tuple;
    made = from_object(tuple);
  } else {
    made = make_vector(f_.heap, 1 + random_.below(random_.below(50) == 0 ? 3000 : 30));
    as<Vector>(made)->data[0] = number;
    watched = as<Object>(made);
  }
  f_.heap.add_finalizable(watched, &died, this);
  size_t count;
  slots(made, &count);
  nodes_.back().links.assign(count, -1);
  return made;
}

// A node found by a random walk from a random root, or -1.
int Graph::pick_reachable(Value* v) {
  Value at = f_.roots[random_.below(kRoots)];
  if (is_nil(at)) return -1;
  for (uint64_t steps = random_.below(12); steps > 0; steps--) {
    size_t count;
    Value* s = slots(at, &count);
    Value next = s[random_.below(count)];
    if (is_heap(next) && !(is_pair(at) && next == car(at))) at = next;
  }
  *v = at;
  return number_of(at);
}

void Graph::step() {
  Value target = kNil;
  int target_number = -1;
  uint64_t what = random_.below(10);
  if (what < 6) {
    target = make_node();
    target_number = number_of(target);
  } else if (what < 9) {
    target_number = pick_reachable(&target);
  }
  Value from = kNil;
  int from_number = pick_reachable(&from);
  size_t count = 0;
  Value* s = from_number < 0 ? nullptr : slots(from, &count);
  if (count < 2 || random_.below(10) == 0) {
    size_t root = random_.below(kRoots);
    f_.roots[root] = target;
    roots_[root] = target_number;
    return;
  }
  size_t slot = 1 + random_.below(count - 1);
  s[slot] = target;
  if (is_pair(from))
    Heap::write_barrier(as_pair(from));
  else
    Heap::write_barrier(is_function(from) ? as_closure(from) : as<Object>(from));
  nodes_[static_cast<size_t>(from_number)].links[slot] = target_number;
}

std::vector<bool> Graph::reachable() {
  std::vector<bool> seen(nodes_.size());
  std::vector<int> todo = roots_;
  while (!todo.empty()) {
    int n = todo.back();
    todo.pop_back();
    if (n < 0 || seen[static_cast<size_t>(n)]) continue;
    seen[static_cast<size_t>(n)] = true;
    for (int link : nodes_[static_cast<size_t>(n)].links) todo.push_back(link);
  }
  return seen;
}

// After a collection the dead are exactly the unreachable, and every link of the living leads where the model says.
void Graph::check() {
  f_.heap.collect();
  std::vector<bool> alive = reachable();
  for (size_t i = 0; i < nodes_.size(); i++) assert_true(nodes_[i].dead != alive[i]);
  std::vector<bool> seen(nodes_.size());
  std::vector<Value> todo;
  for (int i = 0; i < kRoots; i++) todo.push_back(f_.roots[static_cast<size_t>(i)]);
  while (!todo.empty()) {
    Value v = todo.back();
    todo.pop_back();
    if (is_nil(v)) continue;
    auto number = static_cast<size_t>(number_of(v));
    if (seen[number]) continue;
    seen[number] = true;
    size_t count;
    Value* s = slots(v, &count);
    assert_int_equal(count, nodes_[number].links.size());
    for (size_t i = 1; i < count; i++) {
      int link = nodes_[number].links[i];
      assert_int_equal(is_nil(s[i]) ? -1 : number_of(s[i]), link);
      todo.push_back(s[i]);
    }
  }
  assert_true(seen == alive);
}

void a_random_graph_keeps_its_shape(void**) {
  for (uint64_t seed = 1; seed <= 4; seed++) {
    Graph graph({}, seed);
    for (int round = 0; round < 12; round++) {
      for (int i = 0; i < 5000; i++) graph.step();
      graph.check();
    }
  }
}

void a_random_graph_keeps_its_shape_under_stress(void**) {
  HeapOptions options;
  options.stress = true;
  Graph graph(options, 9);
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < 400; i++) graph.step();
    graph.check();
  }
  assert_true(graph.collections() > 100);
}

// --- conservative roots

// Words given to the collector as if they had been found on a stack.
struct Words {
  explicit Words(Fixture& f) {
    f.heap.set_root_provider([this](Marker& marker) { marker.conservative(words, words + 8); });
  }
  uintptr_t words[8] = {};
};

void count_death(void* env, Object*) { ++*static_cast<int*>(env); }

void any_word_into_an_object_keeps_it(void**) {
  Fixture f;
  Words words(f);
  static constexpr size_t kSizes[] = {8, 100, 5000, 20000, 300000, 5000000};
  for (size_t size : kSizes) {
    Value text = make_text(f.heap, size, 'q');
    uintptr_t base = text.bits - kTagObject;
    int deaths = 0;
    f.heap.add_finalizable(as<Object>(text), &count_death, &deaths);
    const uintptr_t holders[] = {text.bits, base, base + 7, base + sizeof(String) + size / 2,
                                 base + sizeof(String) + size};
    text = kNil;
    for (uintptr_t word : holders) {
      words.words[3] = word;
      make_garbage(f.heap, 1000);
      f.heap.collect();
      assert_int_equal(deaths, 0);
      assert_true(is_filled(Value{base + kTagObject}, size, 'q'));
    }
    words.words[3] = base - 1;
    f.heap.collect();
    assert_int_equal(deaths, 1);
    words.words[3] = holders[0];
    f.heap.collect();
    assert_int_equal(deaths, 1);
  }
}

void any_word_into_a_pair_keeps_it(void**) {
  Fixture f;
  Words words(f);
  for (uintptr_t offset = 0; offset < 16; offset++) {
    Value list = f.heap.cons(make_fixnum(1), f.heap.cons(make_fixnum(2), kNil));
    words.words[0] = list.bits - kTagPair + offset;
    make_garbage(f.heap, 10000);
    f.heap.collect();
    assert_int_equal(f.heap.stats().live_bytes, 32);
    make_garbage(f.heap, 10000);
    Value kept{(words.words[0] & ~uintptr_t{15}) + kTagPair};
    assert_int_equal(fixnum_value(car(cdr(kept))), 2);
  }
  words.words[0] = 0;
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

void words_that_mean_nothing_are_harmless(void**) {
  Fixture f;
  Words words(f);
  Random random(5);
  f.roots.push(kNil);
  for (int i = 0; i < 3000; i++) {
    f.roots[0] = f.heap.cons(make_text(f.heap, random.below(300), 'z'), f.roots[0]);
    if (i % 100 == 0) f.roots[0] = f.heap.cons(make_text(f.heap, random.below(400000), 'z'), f.roots[0]);
    make_garbage(f.heap, 5);
  }
  uintptr_t near = f.roots[0].bits;
  for (int i = 0; i < 300; i++) {
    for (uintptr_t& word : words.words)
      word = random.below(3) == 0 ? random.next() : near - 8 * kMegabyte + random.below(16 * kMegabyte);
    f.heap.collect();
    make_text(f.heap, random.below(4000), 'y');
    make_garbage(f.heap, 100);
  }
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_true(is_filled(car(p), as<String>(car(p))->bytes, 'z'));
}

uintptr_t stack_base;

__attribute__((no_sanitize("address"), noinline)) void scan_own_stack(Marker& marker) {
  marker.conservative(__builtin_frame_address(0), reinterpret_cast<void*>(stack_base));
}

// The only references are locals, in registers wherever the compiler put them.
__attribute__((noinline)) int64_t sum_of_locals(Heap& heap) {
  Value a = heap.cons(make_fixnum(1), kNil);
  Value b = heap.cons(make_fixnum(20), kNil);
  Value c = heap.cons(make_fixnum(300), kNil);
  Value text = make_text(heap, 100, 'k');
  heap.collect();
  make_garbage(heap, 1000);
  assert_true(is_filled(text, 100, 'k'));
  return fixnum_value(car(a)) + fixnum_value(car(b)) + fixnum_value(car(c));
}

void locals_survive(void**) {
  stack_base = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) + 256;
  Fixture f;
  f.heap.set_root_provider(scan_own_stack);
  for (int i = 0; i < 20; i++) assert_int_equal(sum_of_locals(f.heap), 321);
}

void cons_keeps_its_arguments(void**) {
  HeapOptions options;
  options.stress = true;
  Fixture f(options);
  for (int i = 0; i < 5000; i++) {
    Value v = f.heap.cons(make_fixnum(i), f.heap.cons(make_fixnum(i + 1), kNil));
    assert_int_equal(fixnum_value(car(cdr(v))), i + 1);
  }
}

// --- limits

void the_limit_is_reported_and_survived(void**) {
  HeapOptions options;
  options.limit_bytes = 4 * kMegabyte;
  Fixture f(options);
  int reports = 0;
  f.heap.set_limit_handler([&] { reports++; });
  make_garbage(f.heap, 2000000);
  assert_int_equal(reports, 0);
  f.roots.push(kNil);
  for (int i = 0; i < 400000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  assert_true(reports >= 1);
  assert_true(reports < 20);
  int expected = 399999;
  for (Value p = f.roots[0]; is_pair(p); p = cdr(p)) assert_int_equal(fixnum_value(car(p)), expected--);
  f.roots[0] = kNil;
  make_garbage(f.heap, 200000);
  reports = 0;
  make_garbage(f.heap, 2000000);
  assert_int_equal(reports, 0);
}

void a_large_request_is_refused(void**) {
  HeapOptions options;
  options.limit_bytes = 16 * kMegabyte;
  Fixture f(options);
  assert_null(f.heap.try_alloc(Type::kString, 17 * kMegabyte));
  assert_null(f.heap.try_alloc(Type::kString, SIZE_MAX));
  assert_null(f.heap.try_alloc(Type::kString, size_t{1} << 45));
  auto* s = f.heap.try_make<String>(Type::kString, 10 * kMegabyte);
  assert_non_null(s);
  s = f.heap.try_make<String>(Type::kString, 10 * kMegabyte);  // the first one is garbage
  assert_non_null(s);
  f.roots.push(from_object(s));
  assert_null(f.heap.try_alloc(Type::kString, 10 * kMegabyte));
  f.heap.set_limit(0);
  assert_non_null(f.heap.try_alloc(Type::kString, 20 * kMegabyte));
}

#ifndef __SANITIZE_ADDRESS__  // which itself maps terabytes

// In a process of its own: 0 when a heap on a machine without memory refuses, throws, and goes on when there is
// garbage.
int live_without_memory() {
  const rlimit limit{256 * kMegabyte, 256 * kMegabyte};
  if (setrlimit(RLIMIT_AS, &limit) != 0) return 1;
  Fixture f;
  if (f.heap.try_alloc(Type::kString, 1024 * kMegabyte) != nullptr) return 2;
  f.roots.push(kNil);
  bool thrown = false;
  try {
    for (int i = 0; i < 100000000; i++) f.roots[0] = f.heap.cons(make_fixnum(i), f.roots[0]);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  if (!thrown) return 3;
  f.roots[0] = kNil;
  make_garbage(f.heap, 20000000);
  return f.heap.try_alloc(Type::kString, 50 * kMegabyte) != nullptr ? 0 : 4;
}

void a_machine_without_memory_is_survived(void**) {
  pid_t child = fork();
  if (child == 0) _exit(live_without_memory());
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

#endif

// --- weak things, finalizers, accounts

void finalizers_run_once(void**) {
  int deaths = 0;
  {
    Fixture f;
    for (int i = 0; i < 10; i++) {
      f.roots.push(make_text(f.heap, 10, 'f'));
      f.heap.add_finalizable(as<Object>(f.roots.back()), &count_death, &deaths);
    }
    f.heap.collect();
    assert_int_equal(deaths, 0);
    f.roots.resize(7, kNil);
    f.heap.collect();
    assert_int_equal(deaths, 3);
    f.heap.collect();
    assert_int_equal(deaths, 3);
  }
  assert_int_equal(deaths, 10);
}

void a_finalizer_cannot_start_a_collection(void**) {
  static Heap* heap_used;
  static int calls;
  calls = 0;
  Fixture f;
  heap_used = &f.heap;
  f.heap.add_finalizable(
      as<Object>(make_text(f.heap, 10, 'f')),
      [](void*, Object*) {
        calls++;
        heap_used->collect();
      },
      nullptr);
  f.heap.collect();
  assert_int_equal(calls, 1);
}

void weak_hooks_see_what_is_dead(void**) {
  Fixture f;
  std::vector<Value> table;
  f.heap.add_weak_hook([&](Heap& heap) { std::erase_if(table, [&](Value v) { return !heap.is_marked(v); }); });
  for (int i = 0; i < 100; i++) {
    table.push_back(i % 2 ? f.heap.cons(make_fixnum(i), kNil) : make_text(f.heap, 20, 'w'));
    if (i % 5 == 0) f.roots.push(table.back());
  }
  f.heap.collect();
  assert_int_equal(table.size(), 20);
}

void external_memory_brings_the_collection_nearer(void**) {
  Fixture f;
  struct Account {
    Heap& heap;
    int deaths;
  } account{f.heap, 0};
  auto release = [](void* env, Object*) {
    static_cast<Account*>(env)->deaths++;
    static_cast<Account*>(env)->heap.add_external(-static_cast<ptrdiff_t>(kMegabyte));
  };
  for (int i = 0; i < 100; i++) {
    f.heap.add_finalizable(as<Object>(make_text(f.heap, 4000, 'e')), release, &account);
    f.heap.add_external(static_cast<ptrdiff_t>(kMegabyte));
  }
  assert_true(account.deaths > 80);
  f.heap.add_external(-static_cast<ptrdiff_t>(200 * kMegabyte));  // more than there is: an account of zero, no harm
  f.heap.collect();
}

void a_barrier_marks_the_card_of_the_base(void**) {
  Fixture f;
  static constexpr size_t kLengths[] = {1, 3000, 500000};
  for (size_t length : kLengths) {
    auto* vector = as<Vector>(make_vector(f.heap, length));
    auto* chunk = heap::chunk_of(vector);
    size_t card = (reinterpret_cast<uintptr_t>(vector) - reinterpret_cast<uintptr_t>(chunk)) >> heap::kCardShift;
    chunk->cards[card] = 0;
    Heap::write_barrier(vector);
    assert_int_equal(chunk->cards[card], 1);
  }
}

void heaps_do_not_see_each_other(void**) {
  Fixture a;
  Fixture b;
  Words words(b);
  words.words[0] = a.heap.cons(kNil, kNil).bits;
  words.words[1] = make_text(a.heap, 50, 'o').bits;
  b.heap.collect();
  assert_int_equal(b.heap.stats().live_bytes, 0);
}

void roots_may_end_in_any_order(void**) {
  Fixture f;
  auto first = std::make_unique<RootedValues>(f.heap);
  auto second = std::make_unique<RootedValues>(f.heap);
  auto third = std::make_unique<RootedValues>(f.heap);
  first->push(f.heap.cons(kNil, kNil));
  third->push(f.heap.cons(kNil, kNil));
  second.reset();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 32);
  first.reset();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 16);
  third.reset();
  f.heap.collect();
  assert_int_equal(f.heap.stats().live_bytes, 0);
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(bit_functions_agree_with_counting),
      cmocka_unit_test(a_rooted_list_survives),
      cmocka_unit_test(a_long_list_needs_no_stack),
      cmocka_unit_test(steady_garbage_keeps_its_size),
      cmocka_unit_test(holes_between_survivors_are_used_again),
      cmocka_unit_test(objects_of_all_sizes_survive),
      cmocka_unit_test(a_random_graph_keeps_its_shape),
      cmocka_unit_test(a_random_graph_keeps_its_shape_under_stress),
      cmocka_unit_test(any_word_into_an_object_keeps_it),
      cmocka_unit_test(any_word_into_a_pair_keeps_it),
      cmocka_unit_test(words_that_mean_nothing_are_harmless),
      cmocka_unit_test(locals_survive),
      cmocka_unit_test(cons_keeps_its_arguments),
      cmocka_unit_test(the_limit_is_reported_and_survived),
      cmocka_unit_test(a_large_request_is_refused),
#ifndef __SANITIZE_ADDRESS__
      cmocka_unit_test(a_machine_without_memory_is_survived),
#endif
      cmocka_unit_test(finalizers_run_once),
      cmocka_unit_test(a_finalizer_cannot_start_a_collection),
      cmocka_unit_test(weak_hooks_see_what_is_dead),
      cmocka_unit_test(external_memory_brings_the_collection_nearer),
      cmocka_unit_test(a_barrier_marks_the_card_of_the_base),
      cmocka_unit_test(heaps_do_not_see_each_other),
      cmocka_unit_test(roots_may_end_in_any_order),
  };
  return cmocka_run_group_tests_name("heap", tests, nullptr, nullptr);
}
