// Text fields set on top of a JSON object whose other bytes stay as they are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

/// A tree of names with raw JSON values at its leaves.
///
/// Limits: paths are as long as a start line lets them be; a path deeper than kOverlayDepthMax is ignored.
class JsonOverlay {
 public:
  /// Sets a string at a path such as `context.page.url`. A later value at or above a place replaces an earlier one.
  void set_string(std::string_view dotted_path, std::string_view value);
  void set_raw(std::string_view dotted_path, std::string json);
  /// The string leaf's JSON at a path, or null.
  const std::string* find(std::string_view dotted_path) const;

  /// The tree merged into `object`, which is the text of one JSON object or empty for none: members that the tree does
  /// not name are spliced unchanged. Nothing sensible comes out when `object` is no valid JSON; a parser must judge the
  /// result.
  std::string merged_into(std::string_view object) const;

 private:
  struct Node {
    std::string name;
    std::string raw;  // a leaf's JSON; empty for an inner node
    std::vector<Node> children;
  };
  static void append_merged(const Node& node, std::string_view under, std::string& out);

  Node root_;
};

constexpr size_t kOverlayDepthMax = 16;

}  // namespace tributary
