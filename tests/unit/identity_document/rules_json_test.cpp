// Any rules, written and read again.
#include <gtest/gtest.h>

#include <random>

#include "connectors/identity/rules_document.h"

namespace tributary {
namespace {

class RandomRules {
 public:
  explicit RandomRules(uint32_t seed) : random_(seed) {}

  Rules make() {
    Rules rules = one_in(4) ? Rules{} : default_rules();
    rules.claims = static_cast<ClaimsPolicy>(below(3) + 1);
    for (int n = below(8); n > 0; --n) rules.kinds[kind()] = kind_rule();
    for (int n = below(4); n > 0 && !rules.kinds.empty(); --n) rules.kinds.erase(rules.kinds.begin());
    for (int n = below(12); n > 0; --n) change_threshold(rules);
    std::erase_if(rules.hubs, [](const auto& row) { return row.second.empty(); });
    rules.blocked = blocked();
    for (int n = below(4); n > 0; --n) rules.blocked_of_kind[kind()] = blocked();
    std::erase_if(rules.blocked_of_kind, [](const auto& entry) { return entry.second == BlockedValues{}; });
    return rules;
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<uint32_t>(bound)); }
  bool one_in(int n) { return below(n) == 0; }

  uint32_t number() { return one_in(3) ? 1 + random_() % 0xffffffffu : 1 + random_() % 1000; }

  IdentifierKind kind() {
    static const std::vector<std::string> kNames = known_kind_names();
    IdentifierKind kind = *parse_rule_kind(kNames[random_() % kNames.size()]);
    static const char* const kPlatforms[] = {"", "crm", "email", "a.b_9", "stripe"};
    if (has_platforms(kind.family)) kind.platform = kPlatforms[below(5)];
    return kind;
  }

  KindRule kind_rule() {
    KindRule rule;
    rule.priority = static_cast<uint16_t>(1 + below(65535));
    rule.weak = one_in(2);
    rule.limit = one_in(3) ? 0 : number();
    for (int n = below(3); n > 0; --n) {
      auto micros = static_cast<int64_t>((uint64_t{random_()} << 32 | random_()) >> (1 + below(60)));
      rule.windows.push_back({number(), 1 + micros / 2});
    }
    rule.owner = one_in(2) ? OwnerPolicy::oldest : OwnerPolicy::newest;
    return rule;
  }

  void change_threshold(Rules& rules) {
    IdentifierKind of = kind(), met = kind();
    bool same = of == met && (!has_platforms(of.family) || !of.platform.empty());
    if (one_in(2)) {
      rules.hubs[of].erase(met);
    } else if (!same) {
      rules.hubs[of][met] = number();
    }
  }

  BlockedValues blocked() {
    static const char* const kPieces[] = {"a",
                                          "null",
                                          " ",
                                          "\"",
                                          "\\",
                                          "/",
                                          "'",
                                          "\n",
                                          "\t",
                                          ": ",
                                          " #",
                                          "*",
                                          "- ",
                                          "[",
                                          "{",
                                          "\xc3\xa9",
                                          "\x7f",
                                          "\x1",
                                          "0",
                                          "~",
                                          "\\u00e9",
                                          "\xf0\x9f\x98\x80",
                                          "\xe2\x80\xa8",
                                          "\xef\xbb\xbf",
                                          "\xc2\x85"};
    static const char* const kPatterns[] = {"^loadtest-", "\\d+$", "[\"']", "^(no-?reply|x)$", "\\x{1F600}", "^\\s*#"};
    BlockedValues values;
    for (int n = below(5); n > 0; --n) {
      std::string text;
      for (int pieces = below(6); pieces > 0; --pieces) text += kPieces[random_() % std::size(kPieces)];
      values.exact.insert(text);
    }
    for (int n = below(3); n > 0; --n) values.patterns.insert(kPatterns[below(6)]);
    return values;
  }

  std::mt19937 random_;
};

TEST(RulesJson, AnyRulesComeBack) {
  uint32_t first_seed = std::random_device{}();
  for (uint32_t seed = first_seed; seed != first_seed + 500; ++seed) {
    Rules rules = RandomRules(seed).make();
    ASSERT_TRUE(mistakes_of(rules).empty()) << "seed " << seed << ": " << mistakes_of(rules).front();
    std::string json = rules_json(rules);
    auto back = parse_rules(json);
    if (auto mistakes = std::get_if<std::vector<DocumentMistake>>(&back)) {
      FAIL() << "seed " << seed << ": " << mistakes->front().line << ":" << mistakes->front().column << ": "
             << mistakes->front().message << "\n"
             << json;
    }
    ASSERT_TRUE(std::get<Rules>(back) == rules) << "seed " << seed << "\n" << json;
  }
}

TEST(RulesJson, DefaultsAreWrittenOut) {
  std::string json = rules_json(default_rules());
  EXPECT_TRUE(json.starts_with(
      R"({"claims":"fill","kinds":{"user_id":{"priority":10,"class":"strong","limits":[{"count":1}],"owner":"oldest"},)"))
      << json;
  EXPECT_TRUE(json.ends_with(R"("blocked":{}})")) << json;
}

TEST(RulesJson, SaysWhatWasTakenFromTheDefaults) {
  Rules rules = default_rules();
  IdentifierKind stripe{IdentifierFamily::external_id, "stripe"}, phone{IdentifierFamily::phone, {}},
      email{IdentifierFamily::email, {}};
  rules.kinds.erase(stripe);
  rules.hubs[phone].erase(stripe);
  rules.hubs[phone].erase(email);
  std::string json = rules_json(rules);
  EXPECT_NE(json.find(R"("external_id/stripe":"inherit","phone":{"priority")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("external_id/stripe":"inherit","email":"off")"), std::string::npos) << json;
}

}  // namespace
}  // namespace tributary
