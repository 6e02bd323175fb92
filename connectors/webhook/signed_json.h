// A body read as JSON by those who verify it: only once, and only when a rule asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/json_index.h"

namespace tributary {

/// Lifetime: of the body, which 64 readable bytes follow.
class SignedJson {
 public:
  explicit SignedJson(std::string_view body) : body_(body), index_(body.size() + 1) {}

  /// True when the body is one JSON value with nothing before or behind it but white space.
  bool is_one_value();

  /// The text of a string, or the digits of a number, at a JSON Pointer (RFC 6901). Nothing when the body is no JSON,
  /// and for anything else that may stand there.
  std::optional<std::string> text_at(std::string_view pointer);

 private:
  std::string_view body_;
  JsonIndex index_;
  std::optional<bool> valid_;
};

/// The names of a JSON Pointer, unescaped; nothing for a text that is none.
std::optional<std::vector<std::string>> pointer_names(std::string_view pointer);

}  // namespace tributary
