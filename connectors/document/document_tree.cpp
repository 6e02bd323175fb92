#include "connectors/document/document_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kLevelsMax = 16;
constexpr size_t kNodesMax = 250'000;

/// Thrown by the builder out of yaml-cpp's loop, as yaml-cpp's own exceptions; never leaves parse_document().
struct Refusal {
  YAML::Mark mark;
  const char* message;
};

/// Builds the tree from yaml-cpp's events. Its own tree hides aliases, and its loop over documents never ends on a
/// stray comma: both end here.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Aliases aliases) : aliases_(aliases) {}

  bool has_document() const { return documents_ > 0; }
  DocumentNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refusal{mark, "something behind the end of the document"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    DocumentNode null = node(DocumentNode::Kind::null, mark, "", anchor);
    bool value =
        !open_.empty() && open_.back().kind == DocumentNode::Kind::map && open_.back().children.size() % 2 == 1;
    if (value) {  // yaml-cpp says where the next thing stands
      null.line = open_.back().children.back().line;
      null.column = open_.back().children.back().column;
    }
    keep(anchor, null, mark);
    attach(std::move(null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (aliases_ == Aliases::refused) throw Refusal{mark, "aliases are not taken; quote a text that begins with *"};
    auto named = anchored_.find(anchor);
    if (named == anchored_.end()) throw Refusal{mark, "an alias of what it stands in"};
    if (open_.size() + levels_of(named->second) > kLevelsMax) throw Refusal{mark, "nested deeper than 16 levels"};
    count(count_of(named->second), mark);
    attach(DocumentNode(named->second));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    DocumentNode scalar = node(DocumentNode::Kind::scalar, mark, tag, anchor);
    scalar.text = value;
    scalar.quoted = tag == "!";
    keep(anchor, scalar, mark);
    attach(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node(DocumentNode::Kind::list, mark, tag, anchor), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node(DocumentNode::Kind::map, mark, tag, anchor), anchor, mark);
  }
  void OnMapEnd() override { close(); }

 private:
  DocumentNode node(DocumentNode::Kind kind, const YAML::Mark& mark, std::string_view tag, YAML::anchor_t anchor) {
    if (anchor != 0 && aliases_ == Aliases::refused) {
      throw Refusal{mark, "anchors are not taken; quote a text that begins with &"};
    }
    // yaml-cpp: "?" stands for plain, "!" for quoted.
    if (!tag.empty() && tag != "?" && tag != "!") throw Refusal{mark, "tags are not taken"};
    count(1, mark);
    DocumentNode made;
    made.kind = kind;
    made.line = static_cast<size_t>(mark.line) + 1;
    made.column = static_cast<size_t>(mark.column) + 1;
    return made;
  }

  /// Copies count like what is written, so a few lines of aliases can't unfold to more than the file may hold.
  void count(size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > kNodesMax) throw Refusal{mark, "more than 250,000 values"};
  }
  static size_t count_of(const DocumentNode& node) {
    size_t nodes = 1;
    for (const DocumentNode& child : node.children) nodes += count_of(child);
    return nodes;
  }
  static size_t levels_of(const DocumentNode& node) {
    if (node.kind != DocumentNode::Kind::list && node.kind != DocumentNode::Kind::map) return 0;
    size_t levels = 0;
    for (const DocumentNode& child : node.children) levels = std::max(levels, levels_of(child));
    return levels + 1;
  }
  void keep(YAML::anchor_t anchor, const DocumentNode& node, const YAML::Mark& mark) {
    if (anchor == 0) return;
    count(count_of(node), mark);
    anchored_[anchor] = node;
  }

  void open(DocumentNode&& container, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (open_.size() == kLevelsMax) throw Refusal{mark, "nested deeper than 16 levels"};
    open_.push_back(std::move(container));
    open_anchors_.emplace_back(anchor, mark);
  }
  void close() {
    DocumentNode finished = std::move(open_.back());
    open_.pop_back();
    keep(open_anchors_.back().first, finished, open_anchors_.back().second);
    open_anchors_.pop_back();
    attach(std::move(finished));
  }
  void attach(DocumentNode&& finished) {
    if (open_.empty()) {
      root_ = std::move(finished);
    } else {
      open_.back().children.push_back(std::move(finished));
    }
  }

  Aliases aliases_;
  std::vector<DocumentNode> open_;  // from the root down
  std::vector<std::pair<YAML::anchor_t, YAML::Mark>> open_anchors_;
  std::map<YAML::anchor_t, DocumentNode> anchored_;
  DocumentNode root_;
  size_t documents_ = 0;
  size_t nodes_ = 0;
};

/// Where a pair of escapes became one that is shorter.
struct Shortened {
  size_t line, column;
};
constexpr size_t kPairBytes = 12, kLongEscapeBytes = 10;

std::optional<unsigned> utf16_escape(std::string_view text) {
  if (!text.starts_with("\\u") || text.size() < 6) return std::nullopt;
  unsigned unit = 0;
  auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  if (error != std::errc() || end != text.data() + 6) return std::nullopt;
  return unit;
}

std::optional<unsigned> surrogate_pair(std::string_view text) {
  std::optional<unsigned> high = utf16_escape(text);
  if (!high || *high < 0xd800 || *high > 0xdbff) return std::nullopt;
  std::optional<unsigned> low = utf16_escape(text.substr(6));
  if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
  return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
}

/// JSON spells characters beyond the BMP as two escapes, which YAML does not know: they become YAML's \U. In JSON every
/// text stands between double quotes, so counting those is enough.
std::string with_long_escapes(std::string_view json, std::vector<Shortened>& shortened) {
  std::string out;
  out.reserve(json.size());
  bool quoted = false;
  size_t line = 1, line_begin = 0;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '\n') ++line, line_begin = out.size() + 1;
    if (json[i] == '"') quoted = !quoted;
    if (!quoted || json[i] != '\\') {
      out += json[i];
    } else if (std::optional<unsigned> code_point = surrogate_pair(json.substr(i))) {
      char escape[kLongEscapeBytes + 1];
      std::snprintf(escape, sizeof escape, "\\U%08X", *code_point);
      shortened.push_back({line, out.size() - line_begin + 1});
      out += escape;
      i += kPairBytes - 1;
    } else {
      out += json.substr(i, 2);
      ++i;
    }
  }
  return out;
}

size_t original_column(size_t line, size_t column, const std::vector<Shortened>& shortened) {
  auto place = std::lower_bound(shortened.begin(), shortened.end(), line,
                                [](const Shortened& s, size_t wanted) { return s.line < wanted; });
  size_t original = column;
  for (; place != shortened.end() && place->line == line && place->column < column; ++place) {
    original += kPairBytes - kLongEscapeBytes;
  }
  return original;
}

void restore_columns(DocumentNode& node, const std::vector<Shortened>& shortened) {
  node.column = original_column(node.line, node.column, shortened);
  for (DocumentNode& child : node.children) restore_columns(child, shortened);
}

DocumentMistake mistake_at(const YAML::Mark& mark, const std::vector<Shortened>& shortened, std::string message) {
  if (mark.is_null()) return {1, 1, std::move(message)};
  auto line = static_cast<size_t>(mark.line) + 1, column = static_cast<size_t>(mark.column) + 1;
  return {line, original_column(line, column, shortened), std::move(message)};
}

/// What yaml-cpp would misread: it takes byte 4 for the end of the text.
std::optional<DocumentMistake> find_bad_byte(std::string_view text) {
  size_t line = 1, line_begin = 0;
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    size_t length = utf8_sequence(text.substr(i));
    bool control = byte < 0x20 && kJsonSpace.find(text[i]) == std::string_view::npos;
    if (length == 0) return DocumentMistake{line, i - line_begin + 1, "not UTF-8"};
    if (control) return DocumentMistake{line, i - line_begin + 1, "a control character; write it as an escape"};
    i += length;
    if (byte == '\n') ++line, line_begin = i;
  }
  return std::nullopt;
}

}  // namespace

const DocumentNode* find_entry(const DocumentNode& map, std::string_view key) {
  if (map.kind != DocumentNode::Kind::map) return nullptr;
  for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
    if (map.children[i].text == key) return &map.children[i + 1];
  }
  return nullptr;
}

std::variant<DocumentNode, DocumentMistake> parse_document(std::string_view text, Aliases aliases) {
  if (text.size() > kDocumentBytesMax) return DocumentMistake{1, 1, "longer than 1 MiB"};
  if (auto mistake = find_bad_byte(text)) return *mistake;
  bool json = trim(text, kJsonSpace).starts_with('{');
  std::vector<Shortened> shortened;
  std::istringstream in(json ? with_long_escapes(text, shortened) : std::string(text));
  TreeBuilder builder(aliases);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return mistake_at(refusal.mark, shortened, refusal.message);
  } catch (const YAML::Exception& error) {
    return mistake_at(error.mark, shortened, "not valid YAML: " + error.msg);
  }
  if (!builder.has_document())
    return DocumentMistake{1, 1, "nothing but blanks; {} stands for a document that is empty"};
  DocumentNode root = builder.take();
  if (!shortened.empty()) restore_columns(root, shortened);
  return root;
}

}  // namespace tributary
