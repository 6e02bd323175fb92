#include "tests/model/rulebook.h"

#include <algorithm>

namespace tributary::model {
namespace {

// What stands for every platform of the kind's family.
IdentifierKind family_of(const IdentifierKind& kind) { return {kind.family, {}}; }

}  // namespace

Rulebook::Rulebook(const Rules& rules) : rules_(rules) {
  compile(rules_.blocked);
  for (const auto& [kind, blocked] : rules_.blocked_of_kind) compile(blocked);
}

void Rulebook::compile(const BlockedValues& blocked) {
  for (const std::string& pattern : blocked.patterns) patterns_.emplace(pattern, std::make_unique<RE2>(pattern));
}

const KindRule& Rulebook::rule_of(const IdentifierKind& kind) const {
  static const KindRule unlisted;
  for (const IdentifierKind& listed : {kind, family_of(kind)}) {
    if (auto rule = rules_.kinds.find(listed); rule != rules_.kinds.end()) return rule->second;
  }
  return unlisted;
}

// The most specific cell decides: the identifier's own row first, in it the met kind itself first.
std::optional<uint32_t> Rulebook::threshold(const IdentifierKind& kind, const IdentifierKind& met) const {
  if (kind == met) return std::nullopt;
  for (const IdentifierKind& of : {kind, family_of(kind)}) {
    auto row = rules_.hubs.find(of);
    if (row == rules_.hubs.end()) continue;
    for (const IdentifierKind& listed : {met, family_of(met)}) {
      if (auto cell = row->second.find(listed); cell != row->second.end()) return cell->second;
    }
  }
  return std::nullopt;
}

bool Rulebook::blocked(const Identifier& identifier) const {
  if (matches(rules_.blocked, identifier.value())) return true;
  for (const IdentifierKind& of : {identifier.kind(), family_of(identifier.kind())}) {
    auto blocked = rules_.blocked_of_kind.find(of);
    if (blocked != rules_.blocked_of_kind.end() && matches(blocked->second, identifier.value())) return true;
  }
  return false;
}

bool Rulebook::matches(const BlockedValues& blocked, const std::string& value) const {
  return blocked.exact.contains(value) ||
         std::any_of(blocked.patterns.begin(), blocked.patterns.end(),
                     [&](const std::string& pattern) { return RE2::PartialMatch(value, *patterns_.at(pattern)); });
}

}  // namespace tributary::model
