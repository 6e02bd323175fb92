// A YAML or JSON text as a tree that knows where everything stands.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tributary {

/// One thing that is wrong with a document.
struct DocumentMistake {
  size_t line = 0;  // from 1
  size_t column = 0;
  std::string message;
  friend bool operator==(const DocumentMistake&, const DocumentMistake&) = default;
};

/// One value of a document.
struct DocumentNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  size_t line = 1;  // of a value that is missing or null: where its key stands
  size_t column = 1;
  std::string text;                    // of a scalar, without quotes
  bool quoted = false;                 // of a scalar: "1" is no number
  std::vector<DocumentNode> children;  // of a list its items; of a map key, value, key, value, as written
};

/// The value of a map's key; null when there is none, and for what is no map.
const DocumentNode* find_entry(const DocumentNode& map, std::string_view key);

constexpr size_t kDocumentBytesMax = 1 << 20;

/// Reads one document. JSON is YAML, so one parser serves the file of an operator and the body of a request.
///
/// Refused, because no document needs it and a stranger may have written this one: anchors and aliases (a few lines of
/// them unfold to gigabytes), tags, a second document, control characters, ill-formed UTF-8; more than 16 levels,
/// 250,000 values or kDocumentBytesMax. An empty text too: a file that was cut off must not mean something.
///
/// With Aliases::copied an alias is a copy of what its anchor names, and counts with everything in it.
enum class Aliases { refused, copied };
std::variant<DocumentNode, DocumentMistake> parse_document(std::string_view text, Aliases aliases = Aliases::refused);

}  // namespace tributary
