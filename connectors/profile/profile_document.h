// The rules of profiles as people write them: a YAML file.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "connectors/document/document_tree.h"
#include "engine/engine.h"

namespace tributary {

struct ProfileRules {
  std::vector<TagEntry> tags;  // of the library of every workspace, by subject
  friend bool operator==(const ProfileRules&, const ProfileRules&) = default;
};

/// Reads rules, all mistakes at once, each with its place. config/profile.yaml describes the language. Limits: those of
/// parse_document(), 1,000 mistakes.
std::variant<ProfileRules, std::vector<DocumentMistake>> parse_profile_rules(std::string_view text);

}  // namespace tributary
