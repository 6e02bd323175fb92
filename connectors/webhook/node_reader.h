// What every part of a connector file needs to read a document tree: mistakes with their places.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/document/document_tree.h"

namespace tributary {

/// Gathers mistakes. Lifetime: of one file.
class NodeReader {
 public:
  explicit NodeReader(std::vector<DocumentMistake>& mistakes) : mistakes_(mistakes) {}

  void add(const DocumentNode& node, std::string message);
  bool full() const;

  /// `of` begins every message: `handshake: `. Names what was probably meant, or else all that is known.
  void unknown_key(const DocumentNode& key, const std::string& of, const std::vector<std::string>& known);
  /// Says what was expected, what is there and what was probably meant.
  void unknown_word(const DocumentNode& node, const std::string& of, const std::vector<std::string>& words);

  std::optional<std::string> text(const DocumentNode& node, const std::string& of);
  std::optional<bool> boolean(const DocumentNode& node, const std::string& of);
  std::optional<int64_t> number(const DocumentNode& node, const std::string& of, int64_t least, int64_t most);
  std::optional<size_t> word(const DocumentNode& node, const std::string& of, const std::vector<std::string>& words);

  /// Calls `entry(key, value)` for each entry of a map; keys are texts, and each stands once.
  template <class Entry>
  void each_entry(const DocumentNode& map, const std::string& of, Entry entry) {
    if (map.kind != DocumentNode::Kind::map) return add(map, of + "expected a map");
    std::set<std::string_view> seen;
    for (size_t i = 0; i + 1 < map.children.size() && !full(); i += 2) {
      if (is_new_key(map.children[i], of, seen)) entry(map.children[i], map.children[i + 1]);
    }
  }

  /// Calls `item(node)` for each item of a list.
  template <class Item>
  void each_item(const DocumentNode& list, const std::string& of, Item item) {
    if (list.kind != DocumentNode::Kind::list) return add(list, of + "expected a list");
    for (const DocumentNode& node : list.children) {
      if (!full()) item(node);
    }
  }

 private:
  bool is_new_key(const DocumentNode& key, const std::string& of, std::set<std::string_view>& seen);

  std::vector<DocumentMistake>& mistakes_;
};

/// A text of the file for a message: quoted, cut, without control characters.
std::string shown_text(std::string_view text);

/// The node as JSON: a plain scalar that JSON would read as a number or boolean is one, every digit kept.
void append_node_json(std::string& out, const DocumentNode& node);

}  // namespace tributary
