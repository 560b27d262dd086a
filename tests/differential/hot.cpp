// differential/hot.cpp: loops of many turns and deep recursion: what makes functions hot, so that they are compiled in the middle and from
// what was seen so far, and what then turns out otherwise: another type late in a loop, a border that is passed, an error in the last turn.
#include "generator.hpp"
#include "prelude.hpp"

namespace terrace::differential {

// An operation that is cheap and keeps its value small; `i` is a fixnum.
Node Generator::cheap_step(Type type, const std::string& acc, const std::string& i) {
  std::string small = std::to_string(r_.between(1, 9));
  if (type == Type::kFloat) {
    switch (r_.below(4)) {
      case 0: return list("+", list("*", acc, "0.5"), i);
      case 1: return list("-", i, list("*", acc, "0.25"));
      case 2: return list("/", list("+", acc, "1.5"), list("+", i, "1"));
      default: return list("+", acc, r_.pick({"0.125", "1", "-2.5"}));
    }
  }
  switch (r_.below(7)) {
    case 0: return list("remainder", list("+", list("*", acc, small), i), "1000003");
    case 1: return list("bit-xor", acc, list("*", i, small));
    case 2: return list("i32+", list("->i32", acc), list("i32*", "1103515245", list("->i32", i)));
    case 3: return list("-", acc, r_.pick({i, small}));
    case 4: return list("modulo", list("-", acc, list("*", i, i)), "65537");
    case 5: return list("+", acc, r_.pick({"1", "3", "1152921504606", "-7"}));
    default: return list("if", list(r_.pick({"<", ">", "="}), acc, list("*", small, i)), list("+", acc, i), list("-", acc, small));
  }
}

// A value that code made for numbers of one kind has not seen.
Node Generator::surprise(int depth) {
  switch (r_.below(8)) {
    case 0: return "1152921504606846975";
    case 1: return "-1152921504606846976";
    case 2: return "1e300";
    case 3: return "7/3";
    case 4: return r_.pick({"+nan.0", "-0.0", "+inf.0"});
    case 5: return r_.pick({"'odd", "\"text\"", "nil", "(vector 1)"});
    case 6: return list("perform", "'echo", integer_text());
    default: return leaf(depth > 0 ? Type::kNumber : Type::kInt);
  }
}

// What it gives, or the error that it raises, is noted; then something else is the value. Mostly it is a function of its own: one with a handler
// is not compiled for the types that were seen.
Node Generator::noted(Node whole, Type type, int depth) {
  const std::string e = fresh("e");
  if (r_.chance(75)) whole = list("apart", list("lambda", list(), std::move(whole)));
  whole = list("note", list("guard", list(e, list("true", list("describe", e))), std::move(whole)));
  return list("begin", std::move(whole), expression(type, depth));
}

// (let hot ((i 0) (acc ...)) (if (>= i n) acc (hot (+ i 1) (if (= i k) surprise step))))
Node Generator::hot_loop(Type type, int depth) {
  double turns = static_cast<double>(r_.pick({40, 150, 400, 1200}));
  if (!affordable(turns * 12)) return specific(type, depth);
  spent_ += work_ * turns * 12;
  Type kind = r_.pick({Type::kInt, Type::kInt, Type::kFloat});
  std::string loop = fresh("hot"), i = fresh("i"), acc = fresh("acc"), other = fresh("b");
  std::string count = std::to_string(static_cast<int>(turns)), turn = std::to_string(r_.between(1, static_cast<int64_t>(turns) - 1));
  Node step = cheap_step(kind, acc, i);
  if (r_.chance(60)) step = list("if", list(r_.pick({"=", "=", ">"}), i, turn), surprise(depth), std::move(step));
  Node next = list(loop, list("+", i, "1"), std::move(step), r_.chance(50) ? cheap_step(kind, other, i) : Node(acc));
  if (r_.chance(25)) next = list("begin", list("when", list("=", i, turn), statement(1)), std::move(next));
  Node body = list("if", list(">=", i, count), list("list", acc, other), std::move(next));
  Node start = kind == Type::kFloat ? float_text() : integer_text();
  Node whole = list("let", loop, list(list(i, "0"), list(acc, std::move(start)), list(other, kind == Type::kFloat ? "0.5" : "0")), std::move(body));
  return noted(std::move(whole), type, depth);
}

// Packed and plain vectors filled and summed by index, now and then one turn too far.
Node Generator::hot_vector(Type type, int depth) {
  int64_t size = r_.between(1, 60);
  if (!affordable(static_cast<double>(size) * 20)) return specific(type, depth);
  spent_ += work_ * static_cast<double>(size) * 20;
  const char* kind = r_.pick({"vector", "f64-vector", "i64-vector", "bytes"});
  std::string name(kind), v = fresh("vec"), i = fresh("i"), s = fresh("s");
  bool floats = name == "f64-vector", bytes = name == "bytes";
  Node value = floats ? list("*", i, "1.5") : bytes ? list("bit-and", list("*", i, "37"), r_.chance(95) ? "255" : "1023") : list("*", i, integer_text());
  if (name == "i64-vector") value = list("->i64", std::move(value));
  std::string past = std::to_string(size + (r_.chance(25) ? 1 : 0));
  Node fill = list("do", list(list(i, "0", list("+", i, "1"))), list(list(">=", i, std::to_string(size)), v), list(name + "-set!", v, i, std::move(value)));
  Node sum = list("let", "sum", list(list(i, "0"), list(s, floats ? "0.0" : "0")),
                  list("if", list("=", i, past), s, list("sum", list("+", i, "1"), list("+", s, list(name + "-ref", v, i)))));
  Node whole = list("let", list(list(v, list("make-" + name, std::to_string(size), "0"))), std::move(fill), std::move(sum));
  return noted(std::move(whole), type, depth);
}

// Two loops that count, and an index that is linear in both counters: steps, bounds and comparisons of all kinds, at times past the end, near
// the largest fixnum, or with a way out before.
Node Generator::hot_matrix(Type type, int depth) {
  int64_t rows = r_.between(1, 7), columns = r_.between(1, 7), step = r_.pick({1, 1, 2, 3});
  if (!affordable(static_cast<double>(rows * columns) * 60)) return specific(type, depth);
  spent_ += work_ * static_cast<double>(rows * columns) * 60;
  std::string v = fresh("vec"), i = fresh("i"), j = fresh("j"), s = fresh("s"), outer = fresh("rows"), inner = fresh("columns");
  int64_t size = rows * columns - (r_.chance(20) ? r_.between(1, 3) : 0) + (r_.chance(20) ? 2 : 0);
  std::string width = std::to_string(columns), length = std::to_string(std::max<int64_t>(size, 0));
  Node index = list("+", r_.chance(70) ? list("*", i, width) : list("*", j, std::to_string(rows)), r_.chance(70) ? j : i);
  if (r_.chance(15)) index = list("-", std::to_string(size - 1), std::move(index));
  const char* kind = r_.pick({"vector", "bytes", "f64-vector"});
  std::string name(kind), first = r_.pick({"0", "0", "0", "1", "-1"}), last = std::to_string(columns);
  Node value = name == "f64-vector" ? list("*", "1.5", i) : r_.chance(80) ? list("+", i, j) : list("remainder", s, "200");
  Node start = r_.chance(85) ? Node("0") : r_.pick({"1152921504606846970", "0.5", "-3"});
  Node turn = list("begin", list("when", list("=", list("+", i, j), std::to_string(r_.between(0, 9))), statement(1)),
                   list(name + "-set!", v, index, std::move(value)),
                   list(inner, list("+", j, std::to_string(step)), list(r_.pick({"+", "+", "-"}), s, r_.chance(50) ? Node("1") : list(name + "-ref", v, index))));
  if (r_.chance(20)) turn = list("if", list("=", j, std::to_string(r_.between(0, columns))), s, std::move(turn));
  Node ends = r_.pick({0, 1, 2}) == 0 && step == 1 ? list("=", j, last) : r_.chance(50) ? list(">=", j, last) : list("not", list("<", j, last));
  Node columns_loop = list("let", inner, list(list(j, first), list(s, s)), list("if", std::move(ends), s, std::move(turn)));
  Node rows_loop = list("let", outer, list(list(i, "0"), list(s, std::move(start))),
                        list("if", list("<", i, std::to_string(rows)), list(outer, list("+", i, "1"), std::move(columns_loop)), list("list", s, v)));
  Node whole = list("let", list(list(v, list("make-" + name, length, "0"))), std::move(rows_loop));
  return noted(std::move(whole), type, depth);
}

// A record of numbers: one of those named, or computed from them.
Node Generator::point_of(int level, const std::vector<std::string>& points, const std::string& number) {
  const auto inner = [&] { return point_of(level - 1, points, number); };
  if (level == 0) {
    if (r_.chance(75)) return r_.pick_from<std::string>(points);
    return list("make-point", number, r_.pick({"3", "0.5", "-2"}));
  }
  switch (r_.below(7)) {
    case 0: return list("point+", inner(), inner());
    case 1: return list("point-", inner(), inner());
    case 2: return list("point*", inner(), r_.pick({"2", "0.5", "-1"}));
    case 3: return list("point-larger", inner(), inner());
    case 4: return list("make-point", list("point-y", inner()), list("point-x", inner()));
    case 5: return list("if", list("<", list("point-x", inner()), list("point-dot", inner(), inner())), inner(), inner());
    default: return list("point-moved!", list("point+", inner(), inner()), number);
  }
}

namespace {

// Points become spots, which are made of floats where that is told from the text.
void make_spots(Node& node, const std::string& spot, const std::string& counter) {
  if (!node.is_list()) {
    node.atom = with_spots(node.atom, spot);
    return;
  }
  for (Node& kid : node.kids) make_spots(kid, spot, counter);
  if (node.kids.empty() || node.kids[0].atom.rfind("make-" + spot, 0) != 0) return;
  for (size_t n = 1; n < node.kids.size(); n++) {
    std::string& text = node.kids[n].atom;
    if (text == counter) {
      node.kids[n] = list("*", "1.0", counter);
    } else if (!text.empty() && text.find_first_not_of("-0123456789") == std::string::npos && text.find_first_of("0123456789") != std::string::npos) {
      text += ".0";
    }
  }
}

}  // namespace

// Records that live for a turn, are needed as objects now and then, and hold something else in one turn.
Node Generator::hot_records(Type type, int depth) {
  double turns = static_cast<double>(r_.pick({40, 150, 400}));
  if (!affordable(turns * 60)) return specific(type, depth);
  spent_ += work_ * turns * 60;
  const bool floats = r_.chance(60);
  std::string loop = fresh("hot"), i = fresh("i"), p = fresh("p"), d = fresh("d"), q = fresh("q"), s = fresh("s"), e = fresh("e");
  std::string turn = std::to_string(r_.between(1, static_cast<int64_t>(turns) - 1));
  const std::vector<std::string> outer = {p, p, floats ? "(make-point 1.0 0.25)" : "(make-point 1 0.25)"};
  const std::vector<std::string> all = {p, d, q, q};
  Node odd = r_.chance(30) ? list("make-point3", i, "1", "2") : r_.chance(30) ? surprise(depth) : list("make-point", surprise(depth), "1");
  Node start = point_of(2, outer, i);
  if (r_.chance(60)) start = list("if", list("=", i, turn), std::move(odd), std::move(start));
  Node number = list("+", list("point-square", d), list(r_.pick({"point-x", "point-y", "point-tail", "point-square"}), point_of(1, all, i)));
  Node seen = r_.chance(50) ? list("list", q, list("eq?", d, q), d) : list("let", list(list(e, d)), list("lambda", list(), list("eq?", e, q)));
  if (r_.chance(50)) number = list("if", list("=", i, turn), std::move(seen), std::move(number));
  if (r_.chance(25)) number = list("begin", list("when", list("=", i, turn), statement(1)), std::move(number));
  Node next = floats ? list("point*", point_of(1, all, i), "0.25") : list("point-smaller", point_of(1, all, i));
  Node again = list(loop, list("+", i, "1"), std::move(next), std::move(number));
  Node body = list("let*", list(list(d, std::move(start)), list(q, r_.chance(40) ? Node(d) : point_of(1, {p, d}, s))), std::move(again));
  body = list("if", list("=", i, std::to_string(static_cast<int>(turns))), list("list", list("point-x", p), list("point-y", p), s), std::move(body));
  Node whole = list("let", loop, list(list(i, "0"), list(p, list("make-point", floats ? "1.5" : "12", "7")), list(s, "0")), std::move(body));
  if (floats && r_.chance(60)) make_spots(whole, spot_name(static_cast<int>(r_.below(kSpots))), i);
  return noted(std::move(whole), type, depth);
}

// Records that a loop reads and does not replace. In one turn, or in each, it may change one of them, itself or through a function; it gives back
// what it was given.
Node Generator::hot_outer_records(Type type, int depth) {
  double turns = static_cast<double>(r_.pick({40, 150, 400}));
  if (!affordable(turns * 40)) return specific(type, depth);
  spent_ += work_ * turns * 40;
  const bool floats = r_.chance(75);
  std::string loop = fresh("hot"), i = fresh("i"), s = fresh("s"), o = fresh("o"), b = fresh("b"), d = fresh("d"), last = fresh("last");
  std::string turn = std::to_string(r_.between(0, static_cast<int64_t>(turns) - 1));
  Node number = list("+", list("point-dot", o, d), list(r_.pick({"point-x", "point-y", "point-tail"}), point_of(1, {o, d, b}, i)));
  Node sum = floats ? list("+", list("*", s, "0.5"), std::move(number)) : list("remainder", list("+", s, std::move(number)), "1000003");
  Node again = list(loop, list("+", i, "1"), std::move(sum), list("if", list("=", i, turn), o, last));
  const auto change = [&] {
    switch (r_.below(5)) {
      case 0: return list("set-point-x!", o, surprise(depth));
      case 1: return list("point-moved!", o, i);
      case 2: return list("point-moved!", b, "0.25");
      case 3: return list("set!", b, o);
      default: return statement(1);
    }
  };
  if (r_.chance(60)) again = list("begin", r_.chance(25) ? change() : list("when", list("=", i, turn), change()), std::move(again));
  Node body = list("let*", list(list(d, point_of(1, {o, o, b}, i))), std::move(again));
  body = list("if", list("=", i, std::to_string(static_cast<int>(turns))), list("list", s, list("point-x", o), list("eq?", last, o)), std::move(body));
  Node first = r_.chance(10) ? surprise(depth) : list(r_.chance(10) ? "make-point3" : "make-point", floats ? "1.5" : "12", "7");
  if (first.is_list() && first.kids[0].atom == "make-point3") first.kids.push_back("3");
  Node whole = list("let", loop, list(list(i, "0"), list(s, "0"), list(last, "nil")), std::move(body));
  whole = list("let*", list(list(o, std::move(first)), list(b, r_.chance(30) ? Node(o) : list("make-point", "0.5", r_.pick({"2", "-0.25"})))), std::move(whole));
  if (floats && r_.chance(60)) make_spots(whole, spot_name(static_cast<int>(r_.below(kSpots))), i);
  return noted(std::move(whole), type, depth);
}

// Integers modulo 2^64 that go round a loop, which begins with any integer or with none, and in one turn gets another. Only one of the next values
// may fail: which does first when several may is left open.
Node Generator::hot_words(Type type, int depth) {
  double turns = static_cast<double>(r_.pick({3, 40, 150, 400}));
  if (!affordable(turns * 12)) return specific(type, depth);
  spent_ += work_ * turns * 12;
  std::string loop = fresh("hot"), i = fresh("i"), acc = fresh("acc"), other = fresh("b");
  std::string turn = std::to_string(r_.between(0, static_cast<int64_t>(turns) - 1));
  const auto step = [&](Node x) {
    switch (r_.below(11)) {
      case 0: return list("u64*", std::move(x), "6364136223846793005");
      case 1: return list(r_.pick({"u64+", "u64-", "u64-xor", "u64-or"}), std::move(x), i);
      case 2: return list(r_.pick({"u64-rotl", "u64-rotr"}), std::move(x), "13");
      case 3: return list("u64-shr", std::move(x), r_.pick({"0", "7", "63", "64"}));
      case 4: return list("u64-not", std::move(x));
      case 5: return list("u64-xor", x, list("u64-shl", x, "9"));
      case 6: return list("u64-quotient", std::move(x), r_.chance(50) ? list("u64+", i, "1") : Node(i));
      case 7: return list("bit-and", std::move(x), r_.pick({"65535", "-8", "18446744073709551615", "36893488147419103233"}));
      case 8: return list("if", list(r_.pick({"u64<", "<"}), x, other), x, list("->u64", other));
      case 9: return list("u64-and", std::move(x), other);
      default: return list("->u64", std::move(x));
    }
  };
  Node next = step(r_.chance(70) ? step(acc) : Node(acc));
  if (r_.chance(40)) next = list("if", list("=", i, turn), r_.chance(50) ? surprise(depth) : integer_text(), std::move(next));
  Node again = list(loop, list("+", i, "1"), std::move(next), r_.chance(60) ? list(r_.pick({"u64*", "u64-", "u64-xor"}), other, r_.pick({i.c_str(), "1099511628211"})) : Node(other));
  if (r_.chance(25)) again = list("begin", list("when", list("=", i, turn), r_.chance(50) ? list("note", acc) : statement(1)), std::move(again));
  Node body = list("if", list(">=", i, std::to_string(static_cast<int>(turns))), list("list", acc, other), std::move(again));
  const auto start = [&] { return r_.chance(50) ? integer_text() : r_.pick({"-4", "18446744073709551615", "18446744073709551616", "1", "1.5"}); };
  return noted(list("let", loop, list(list(i, "0"), list(acc, start()), list(other, integer_text())), std::move(body)), type, depth);
}

// A vector that begins with floats or with nothing, read and stored by index under two names; in one turn something else is stored, by
// the loop itself, a statement or a primitive.
Node Generator::hot_doubles(Type type, int depth) {
  int64_t size = r_.between(1, 40);
  int rounds = r_.pick({1, 3, 12});
  if (!affordable(static_cast<double>(size) * 20 * rounds)) return specific(type, depth);
  spent_ += work_ * static_cast<double>(size) * 20 * rounds;
  std::string v = fresh("vec"), other = fresh("vec"), i = fresh("i"), s = fresh("s"), x = fresh("x"), all = fresh("all");
  std::string count = std::to_string(size), turns = std::to_string(size * rounds), turn = std::to_string(r_.between(0, size * rounds));
  Node at = list("modulo", i, count);
  Node made = r_.chance(40) ? list("make-vector", count) : list("make-vector", count, r_.pick({"1.5", "0", "0.0", "1e300", "+nan.0", "-0.0"}));
  Node stored = list(r_.pick({"*", "-", "+"}), i, r_.pick({"1.5", "-0.25", "1e-300", "1e300"}));
  if (r_.chance(30)) stored = list("+", stored, list("vector-ref", other, at));
  Node store = list("vector-set!", r_.chance(50) ? v : other, at, std::move(stored));
  Node trouble = r_.pick({0, 1, 2}) == 0 ? statement(1)
                 : r_.chance(50)         ? list("vector-set!", other, at, surprise(depth))
                                         : list("vector-fill!", other, surprise(depth), r_.pick({"0", count.c_str()}));
  Node read = list("let", list(list(x, list("vector-ref", v, at))), list("if", list("number?", x), list("+", s, x), list("list", x)));
  if (r_.chance(50)) read = list("if", list("number?", s), std::move(read), s);
  Node turned = list("begin", list("when", list("=", i, turn), std::move(trouble)), r_.chance(70) ? std::move(store) : Node("nil"),
                     list(all, list("+", i, "1"), std::move(read)));
  Node loop = list("let", all, list(list(i, "0"), list(s, r_.pick({"0", "0.0"}))), list("if", list(">=", i, turns), list("list", s, v), std::move(turned)));
  Node whole = list("let*", list(list(v, std::move(made)), list(other, r_.chance(70) ? v : "(make-vector " + count + " 0.5)")), std::move(loop));
  return noted(std::move(whole), type, depth);
}

// A loop that steps on two ways and calls functions of small numbers with what is linear in its counter, which begins at zero or below, or passes
// a border: of what is small to the compiler, of fixnums whose products are fixnums, or of all fixnums.
Node Generator::hot_calls(Type type, int depth) {
  const int64_t turns = r_.between(1, 60);
  if (!affordable(static_cast<double>(turns) * 30)) return specific(type, depth);
  spent_ += work_ * static_cast<double>(turns) * 30;
  constexpr int64_t kStarts[] = {0, 0, 0, 1, -20, (int64_t{1} << 28) - 30, (int64_t{1} << 30) - 30, (int64_t{1} << 60) - 80};
  const int64_t first = kStarts[r_.below(std::size(kStarts))], step = r_.pick({1, 1, 1, 2, 7});
  std::string loop = fresh("hot"), i = fresh("i"), s = fresh("s"), k = fresh("k");
  const auto linear = [&]() -> Node {
    switch (r_.below(5)) {
      case 0: return list("+", i, k);
      case 1: return list("*", i, r_.pick({"2", "3", "-1"}));
      case 2: return r_.chance(50) ? Node(k) : Node(std::to_string(r_.between(-3, 30)));
      case 3: return list("-", i, std::to_string(first - r_.between(0, 3)));
      default: return i;
    }
  };
  const auto way = [&] {
    Node number = r_.chance(30) ? list("place-next", linear()) : list(r_.pick({"place-fraction", "place-mixed"}), linear(), linear());
    Node sum = r_.chance(80) ? list(r_.pick({"+", "-"}), s, std::move(number)) : Node(s);
    return list(loop, list("+", i, std::to_string(step)), std::move(sum));
  };
  const std::string turn = std::to_string(first + step * r_.between(0, turns));
  Node choice = r_.chance(50) ? list("=", "0", list("modulo", i, "3")) : list(r_.pick({"<", "="}), i, turn);
  Node ways = list("if", std::move(choice), way(), way());
  if (r_.chance(20)) ways = list("if", list("=", i, turn), r_.chance(50) ? Node(s) : list(loop, list("+", i, std::to_string(step)), surprise(depth)), std::move(ways));
  Node body = list("if", list("<", i, std::to_string(first + step * turns)), std::move(ways), list("list", i, s));
  Node whole = list("let", loop, list(list(i, std::to_string(first)), list(s, r_.pick({"0", "0.0"}))), std::move(body));
  whole = list("let", list(list(k, r_.chance(85) ? Node(std::to_string(r_.between(-2, 9))) : surprise(depth))), std::move(whole));
  return noted(std::move(whole), type, depth);
}

// Vectors whose elements a loop looks into one after the other, to the end or some elements further. In one turn, or in each, it may go on with the
// other vector, and an element ahead becomes something else.
Node Generator::hot_walk(Type type, int depth) {
  const int64_t size = r_.between(0, 40), rounds = r_.pick({1, 3, 12});
  if (!affordable(static_cast<double>(size * rounds) * 15)) return specific(type, depth);
  spent_ += work_ * static_cast<double>(size * rounds) * 15;
  std::string v = fresh("vec"), w = fresh("vec"), fill = fresh("fill"), loop = fresh("hot"), again = fresh("all"), n = fresh("n"), i = fresh("i");
  std::string s = fresh("s"), x = fresh("x"), now = fresh("now"), other = fresh("other");
  const std::string count = std::to_string(size), turn = std::to_string(r_.between(0, size)), step = r_.pick({"1", "1", "1", "3"});
  const size_t kind = r_.below(4);
  const Node element = kind == 0   ? list("cons", i, "0.5")
                       : kind == 1 ? list("make-point", list("*", i, "0.5"), "2")
                       : kind == 2 ? list("vector", i, "7")
                                   : list("lambda", list(s), list("+", s, i));
  const Node read = kind == 0   ? list(r_.pick({"car", "cdr"}), x)
                    : kind == 1 ? list(r_.pick({"point-x", "point-y", "point-tail", "point-square"}), x)
                    : kind == 2 ? list("vector-ref", x, r_.pick({"0", "1"}))
                                : list(x, "1");
  const auto filled = [&] {
    Node store = list("begin", list("vector-set!", s, i, element), list(fill, list("+", i, "1")));
    Node whole = list("let", fill, list(list(i, "0")), list("if", list("=", i, count), s, std::move(store)));
    return list("let", list(list(s, list("make-vector", count, "nil"))), std::move(whole));
  };
  Node turned = list(loop, list("+", i, step), list("+", s, read), r_.chance(25) ? other : now, r_.chance(25) ? now : other);
  if (r_.chance(50)) turned = list("begin", list("when", list("=", i, turn), r_.chance(60) ? list("vector-set!", r_.chance(50) ? v : w, list("modulo", list("+", i, "5"), count), surprise(depth)) : statement(1)), std::move(turned));
  const std::string bound = fresh("bound");
  Node last = r_.chance(70) ? list("vector-length", v) : Node(std::to_string(size + r_.between(-1, 9)));
  Node body = list("if", list("<", i, r_.chance(85) ? Node(bound) : list("vector-length", now)), list("let", list(list(x, list("vector-ref", now, i))), std::move(turned)), s);
  Node walk = list("let", loop, list(list(i, "0"), list(s, "0"), list(now, v), list(other, w)), std::move(body));
  Node whole = list("let", again, list(list(n, "0"), list(s, "0")), list("if", list("=", n, std::to_string(rounds)), list("list", s), list(again, list("+", n, "1"), std::move(walk))));
  whole = list("let*", list(list(v, filled()), list(w, r_.chance(50) ? Node(v) : filled()), list(bound, std::move(last))), std::move(whole));
  if (kind == 1 && r_.chance(60)) make_spots(whole, spot_name(static_cast<int>(r_.below(kSpots))), i);
  return noted(std::move(whole), type, depth);
}

// Not a tail call, some thousand deep; an escape or an error may come from the bottom.
Node Generator::deep_recursion(Type type, int depth) {
  double levels = static_cast<double>(r_.pick({50, 300, 2000}));
  if (!affordable(levels * 6)) return specific(type, depth);
  spent_ += work_ * levels * 6;
  std::string deep = fresh("deep"), n = fresh("n");
  Node bottom = r_.chance(25) ? failing(0) : r_.chance(20) ? list("perform", "'echo", "1") : leaf(Type::kInt);
  Node up = list(deep, list("-", n, "1"));
  Node step = r_.pick({0, 1, 2}) == 0 ? list("cons", n, std::move(up)) : list(r_.pick({"+", "-", "max", "bit-xor"}), n, std::move(up));
  if (r_.chance(20)) step = list("dynamic-wind", list("lambda", list(), "nil"), list("lambda", list(), std::move(step)), list("lambda", list(), list("when", list("=", n, "3"), list("note", n))));
  Node whole = list("let", deep, list(list(n, std::to_string(static_cast<int>(levels)))), list("if", list("=", n, "0"), std::move(bottom), std::move(step)));
  return noted(list("let", list(list("x", std::move(whole))), list("if", list("pair?", "x"), list("length*", "x"), "x")), type, depth);
}

}  // namespace terrace::differential
