#include "connectors/sdk/json_overlay.h"

#include <algorithm>

#include "engine/base/json_members.h"
#include "engine/engine.h"

namespace tributary {
namespace {

std::vector<std::string_view> split_path(std::string_view dotted_path) {
  std::vector<std::string_view> names;
  for (;;) {
    size_t dot = dotted_path.find('.');
    names.push_back(dotted_path.substr(0, dot));
    if (dot == dotted_path.npos) return names;
    dotted_path.remove_prefix(dot + 1);
  }
}

template <class Nodes>
auto find_child(Nodes& nodes, std::string_view name) {
  return std::find_if(nodes.begin(), nodes.end(), [name](const auto& node) { return node.name == name; });
}

}  // namespace

void JsonOverlay::set_string(std::string_view dotted_path, std::string_view value) {
  std::string json;
  append_json_string(json, value);
  set_raw(dotted_path, std::move(json));
}

void JsonOverlay::set_raw(std::string_view dotted_path, std::string json) {
  auto names = split_path(dotted_path);
  if (names.size() > kOverlayDepthMax) return;
  Node* node = &root_;
  for (std::string_view name : names) {
    node->raw.clear();
    auto child = find_child(node->children, name);
    if (child == node->children.end()) {
      node->children.push_back(Node{std::string(name), {}, {}});
      child = node->children.end() - 1;
    }
    node = &*child;
  }
  node->children.clear();
  node->raw = std::move(json);
}

const std::string* JsonOverlay::find(std::string_view dotted_path) const {
  const Node* node = &root_;
  for (std::string_view name : split_path(dotted_path)) {
    auto child = find_child(node->children, name);
    if (child == node->children.end()) return nullptr;
    node = &*child;
  }
  return node->children.empty() ? &node->raw : nullptr;
}

std::string JsonOverlay::merged_into(std::string_view object) const {
  std::string out;
  append_merged(root_, object, out);
  return out;
}

void JsonOverlay::append_merged(const Node& node, std::string_view under, std::string& out) {
  std::vector<RawMember> members;
  if (!split_object(under, members)) members.clear();
  JsonOut json(out);
  json.begin_object();
  for (const auto& [name, value] : members) {
    if (find_child(node.children, name) != node.children.end()) continue;
    std::string quoted{'"'};
    quoted.append(name).append("\":").append(value);
    json.raw(quoted);
  }
  for (const Node& child : node.children) {
    json.key(child.name);
    if (child.children.empty()) {
      json.raw(child.raw);
      continue;
    }
    auto below =
        std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == child.name; });
    std::string merged;
    append_merged(child, below == members.end() ? std::string_view{} : below->second, merged);
    json.raw(merged);
  }
  json.end_object();
}

}  // namespace tributary
