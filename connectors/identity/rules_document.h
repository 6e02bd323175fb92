// The rules of identity as people write them: a YAML file or a JSON body of one shape.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/document/document_tree.h"
#include "engine/engine.h"

namespace tributary {

/// Reads rules, all mistakes at once, each with its place and the rule it is about. config/identity.yaml describes the
/// language. What is not said keeps the default: kinds, their fields and thresholds one by one; a kind of a platform
/// that the defaults do not list keeps what its family says.
///
/// What it returns has no mistakes_of(). Limits: those of parse_document() and mistakes_of(), 1,000 mistakes.
std::variant<Rules, std::vector<DocumentMistake>> parse_rules(std::string_view text);

/// The complete rules as JSON of the same shape, defaults included; parse_rules() makes the same rules of it. Texts in
/// them are UTF-8. Rows and blocked values of a kind that hold nothing are left out: they mean nothing.
std::string rules_json(const Rules& rules);

}  // namespace tributary
