#include "connectors/webhook/node_reader.h"

#include <algorithm>

#include "connectors/document/json_number.h"
#include "engine/base/json_out.h"
#include "engine/base/nearest_word.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

using Kind = DocumentNode::Kind;

constexpr size_t kMistakesMax = 1000;
constexpr size_t kShownBytesMax = 64;

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : separator) + word;
  return all;
}

}  // namespace

std::string shown_text(std::string_view text) {
  std::string out(text.substr(0, kShownBytesMax));
  // A character that was cut in two would be no UTF-8.
  while (!out.empty() && out.size() < text.size() && (static_cast<unsigned char>(text[out.size()]) & 0xc0) == 0x80) {
    out.pop_back();
  }
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return "\"" + out + "\"";
}

void NodeReader::add(const DocumentNode& node, std::string message) {
  if (full()) return;
  if (mistakes_.size() + 1 == kMistakesMax) message = "more than 1,000 mistakes, the others are not looked for";
  mistakes_.push_back({node.line, node.column, std::move(message)});
}

bool NodeReader::full() const { return mistakes_.size() >= kMistakesMax; }

void NodeReader::unknown_key(const DocumentNode& key, const std::string& of, const std::vector<std::string>& known) {
  std::string message = of + "unknown key " + shown_text(key.text);
  auto near = nearest_word(key.text, known);
  message += near ? ", did you mean \"" + *near + "\"?" : "; known: " + joined(known, ", ");
  add(key, message);
}

void NodeReader::unknown_word(const DocumentNode& node, const std::string& of, const std::vector<std::string>& words) {
  std::string message = of + "expected " + joined(words, " or ");
  if (node.kind == Kind::scalar) {
    message += ", got " + shown_text(node.text);
    if (auto near = nearest_word(node.text, words)) message += ", did you mean \"" + *near + "\"?";
  }
  add(node, message);
}

std::optional<std::string> NodeReader::text(const DocumentNode& node, const std::string& of) {
  if (node.kind == Kind::scalar) return node.text;
  add(node, of + "expected a text");
  return std::nullopt;
}

std::optional<bool> NodeReader::boolean(const DocumentNode& node, const std::string& of) {
  auto found = word(node, of, {"true", "false"});
  if (!found) return std::nullopt;
  return *found == 0;
}

std::optional<int64_t> NodeReader::number(const DocumentNode& node, const std::string& of, int64_t least,
                                          int64_t most) {
  if (node.kind == Kind::scalar) {
    auto number = parse_integer(node.text);
    if (number && *number >= least && *number <= most) return *number;
  }
  std::string message = of + "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (node.kind == Kind::scalar) message += ", got " + shown_text(node.text);
  add(node, message);
  return std::nullopt;
}

std::optional<size_t> NodeReader::word(const DocumentNode& node, const std::string& of,
                                       const std::vector<std::string>& words) {
  auto found = std::find(words.begin(), words.end(), node.text);
  if (node.kind == Kind::scalar && found != words.end()) return found - words.begin();
  unknown_word(node, of, words);
  return std::nullopt;
}

bool NodeReader::is_new_key(const DocumentNode& key, const std::string& of, std::set<std::string_view>& seen) {
  if (key.kind != Kind::scalar) {
    add(key, of + "expected a key");
    return false;
  }
  if (seen.insert(key.text).second) return true;
  add(key, of + "the key " + shown_text(key.text) + " stands twice");
  return false;
}

void append_node_json(std::string& out, const DocumentNode& node) {
  switch (node.kind) {
    case Kind::null:
      out += "null";
      return;
    case Kind::scalar:
      if (!node.quoted && (node.text == "true" || node.text == "false" || is_json_number(node.text))) {
        out += node.text;
      } else {
        append_json_string(out, node.text);
      }
      return;
    case Kind::list:
      out += '[';
      for (size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += ',';
        append_node_json(out, node.children[i]);
      }
      out += ']';
      return;
    case Kind::map:
      out += '{';
      for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
        if (i > 0) out += ',';
        append_json_string(out, node.children[i].text);
        out += ':';
        append_node_json(out, node.children[i + 1]);
      }
      out += '}';
  }
}

}  // namespace tributary
