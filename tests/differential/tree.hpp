// differential/tree.hpp: a program as a tree, which the generator makes, the printer writes and the shrinker takes apart.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace terrace::differential {

// An atom with its text as written ("12", "'a", "\"text\"", "#(1 2)"), or a list.
struct Node {
  std::string atom;  // empty for a list
  std::vector<Node> kids;

  Node() = default;
  Node(const char* text) : atom(text) {}             // NOLINT: atoms are written as text throughout the generator
  Node(std::string text) : atom(std::move(text)) {}  // NOLINT
  bool is_list() const { return atom.empty(); }
  friend bool operator==(const Node&, const Node&) = default;
};

// A list of the given nodes.
template <class... Kids>
Node list(Kids&&... kids) {
  Node node;
  node.kids.reserve(sizeof...(kids));
  (node.kids.emplace_back(std::forward<Kids>(kids)), ...);
  return node;
}

// The list with more elements at its end.
inline Node extend(Node node, std::vector<Node> more) {
  for (Node& kid : more) node.kids.push_back(std::move(kid));
  return node;
}

inline void print(const Node& node, std::string& out) {
  if (!node.is_list()) {
    out += node.atom;
    return;
  }
  out += '(';
  for (size_t i = 0; i < node.kids.size(); ++i) {
    if (i != 0) out += ' ';
    print(node.kids[i], out);
  }
  out += ')';
}

inline std::string text_of(const Node& node) {
  std::string out;
  print(node, out);
  return out;
}

inline size_t size_of(const Node& node) {
  size_t size = 1;
  for (const Node& kid : node.kids) size += size_of(kid);
  return size;
}

}  // namespace terrace::differential
