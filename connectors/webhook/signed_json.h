// A body read as JSON by those who verify it: only once, and only when a rule asks.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "engine/ingest/json_index.h"

namespace tributary {

/// Lifetime: of the body, which 64 readable bytes follow.
class SignedJson {
 public:
  explicit SignedJson(std::string_view body) : body_(body), index_(std::max(body.size(), kIndexBytesMin)) {}

  /// True when the body is one JSON value with nothing before or behind it but white space.
  bool is_one_value();

  /// The text of a string, or the digits of a number, at a JSON Pointer (RFC 6901). Nothing when the body is no JSON,
  /// and for anything else that may stand there.
  std::optional<std::string> text_at(std::string_view pointer);

 private:
  static constexpr size_t kIndexBytesMin = 1024;  // the prover refuses to be made for a few bytes

  std::string_view body_;
  JsonIndex index_;
  std::optional<bool> valid_;
};

}  // namespace tributary
