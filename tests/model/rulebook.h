// A set of rules as the reference reads it: looked up in the maps as they are written, with nothing prepared but the
// patterns.
#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/identity/rules.h"

namespace tributary::model {

class Rulebook {
 public:
  explicit Rulebook(const Rules& rules);

  ClaimsPolicy claims() const { return rules_.claims; }
  /// The rule of the kind itself, else of its family, else what holds for an unlisted kind.
  const KindRule& rule_of(const IdentifierKind& kind) const;
  /// The most identifiers of kind `met` that one of `kind` may meet; nothing when there is no threshold.
  std::optional<uint32_t> threshold(const IdentifierKind& kind, const IdentifierKind& met) const;
  bool blocked(const Identifier& identifier) const;

 private:
  void compile(const BlockedValues& blocked);
  bool matches(const BlockedValues& blocked, const std::string& value) const;

  Rules rules_;
  std::map<std::string, std::unique_ptr<RE2>> patterns_;
};

}  // namespace tributary::model
