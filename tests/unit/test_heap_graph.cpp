// tests/unit/test_heap_graph.cpp: a random graph of objects against a model of it.
#include "check.hpp"

#include <vector>

#include "heap_fixture.hpp"

using namespace terrace;
using namespace terrace::test;

namespace {

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
  return words_of(as<Vector>(v));
}

// Pairs carry their number in a box-like vector of one element in the car, so that both kinds of cells are mixed.
int Graph::number_of(Value v) {
  if (is_pair(v)) return number_of(car(v));
  if (is_function(v)) return static_cast<int>(fixnum_value(as_closure(v)->capture[0]));
  if (is_type(v, Type::kTuple)) return static_cast<int>(fixnum_value(as<Tuple>(v)->data[0]));
  return static_cast<int>(fixnum_value(words_of(as<Vector>(v))[0]));
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
    words_of(as<Vector>(label))[0] = number;
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
    words_of(as<Vector>(made))[0] = number;
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
  if (random_.below(300) == 0) f_.heap.collect_young();
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
  else if (is_vector(from))
    Heap::write_barrier(as<Vector>(from), slot);
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

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_random_graph_keeps_its_shape),
      cmocka_unit_test(a_random_graph_keeps_its_shape_under_stress),
  };
  return cmocka_run_group_tests_name("heap graph", tests, nullptr, nullptr);
}
