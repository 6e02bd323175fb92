#include "connectors/webhook/signature_rules.h"

#include <algorithm>
#include <map>

#include "connectors/webhook/shipped_files.h"
#include "engine/base/check.h"

namespace tributary {
namespace {

using RulesByName = std::map<std::string, SignatureRule, std::less<>>;

/// The file is part of the program: a mistake in it is our own.
RulesByName read_shipped_rules() {
  auto files = shipped_files();
  auto file = std::find_if(files.begin(), files.end(), [](const ShippedFile& f) { return f.name == "signatures"; });
  TRIBUTARY_CHECK(file != files.end());
  auto parsed = parse_document(file->text);
  TRIBUTARY_CHECK(std::holds_alternative<DocumentNode>(parsed));
  const auto& entries = std::get<DocumentNode>(parsed).children;
  RulesByName rules;
  for (size_t i = 0; i + 1 < entries.size(); i += 2) {
    std::vector<DocumentMistake> mistakes;
    auto rule = parse_signature_map(entries[i + 1], mistakes);
    if (!rule) {
      check_failed("signatures.yaml", static_cast<int>(mistakes[0].line), entries[i].text.c_str(), mistakes[0].message);
    }
    TRIBUTARY_CHECK(rules.emplace(entries[i].text, std::move(*rule)).second);
  }
  return rules;
}

const RulesByName& shipped_rules() {
  static const RulesByName rules = read_shipped_rules();
  return rules;
}

}  // namespace

const SignatureRule* find_signature_rule(std::string_view name) {
  auto found = shipped_rules().find(name);
  return found == shipped_rules().end() ? nullptr : &found->second;
}

std::vector<std::string> signature_rule_names() {
  std::vector<std::string> names;
  for (const auto& [name, rule] : shipped_rules()) names.push_back(name);
  return names;
}

}  // namespace tributary
