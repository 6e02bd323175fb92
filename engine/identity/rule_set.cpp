#include "engine/identity/rule_set.h"

#include <re2/set.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/check.h"

namespace tributary {
namespace {

struct BlockedMatcher {
  boost::unordered_flat_set<std::string> exact;
  std::unique_ptr<RE2::Set> patterns;

  explicit BlockedMatcher(const BlockedValues& values) : exact(values.exact.begin(), values.exact.end()) {
    if (values.patterns.empty()) return;
    patterns = std::make_unique<RE2::Set>(RE2::DefaultOptions, RE2::UNANCHORED);
    for (const std::string& pattern : values.patterns) TRIBUTARY_CHECK(patterns->Add(pattern, nullptr) >= 0);
    TRIBUTARY_CHECK(patterns->Compile());
  }

  bool matches(std::string_view value) const {
    if (exact.contains(std::string(value))) return true;
    std::vector<int> found;
    return patterns && patterns->Match({value.data(), value.size()}, &found);
  }
};

// A family as a code: what holds for its platforms that are not listed by themselves.
KindCode family_code(KindCode kind) { return kind_code({family_of(kind), {}}); }

struct RankRow {
  IdentifierFamily family;
  uint8_t rank;
};

// Frozen: a home never moves.
constexpr std::array kRanks = {
    RankRow{IdentifierFamily::user_id, 1},
    RankRow{IdentifierFamily::uscc, 2},
    RankRow{IdentifierFamily::member_card, 3},
    RankRow{IdentifierFamily::customer_no, 4},
    RankRow{IdentifierFamily::wechat_unionid, 5},
    RankRow{IdentifierFamily::wechat_openid, 6},
    RankRow{IdentifierFamily::marketplace_buyer, 7},
    RankRow{IdentifierFamily::social_id, 8},
    RankRow{IdentifierFamily::external_id, 9},
    RankRow{IdentifierFamily::phone, 10},
    RankRow{IdentifierFamily::email, 11},
    RankRow{IdentifierFamily::device_id, 20},
    RankRow{IdentifierFamily::push_token, 21},
    RankRow{IdentifierFamily::ga_client_id, 22},
    RankRow{IdentifierFamily::anonymous_id, 23},
};
constexpr uint8_t kRankOfUnknown = 9;

}  // namespace

struct RuleSet::Compiled {
  Rules rules;
  boost::unordered_flat_map<KindCode, KindRule> kinds;
  std::array<const KindRule*, 256> families{};  // of the family without a platform
  boost::unordered_flat_map<KindCode, boost::unordered_flat_map<KindCode, uint32_t>> hubs;
  std::array<uint32_t, 256> least_threshold{};  // by family of the met kind
  KindRule unknown;
  std::unique_ptr<BlockedMatcher> blocked;
  boost::unordered_flat_map<KindCode, std::unique_ptr<BlockedMatcher>> blocked_of_kind;
  bool newest = false;

  explicit Compiled(const Rules& all) : rules(all) {
    TRIBUTARY_CHECK(mistakes_of(rules).empty());
    for (const auto& [kind, rule] : rules.kinds) {
      kinds.emplace(kind_code(kind), rule);
      newest = newest || rule.owner == OwnerPolicy::newest;
    }
    for (const auto& [code, rule] : kinds) {
      if (code == family_code(code)) families[static_cast<uint8_t>(family_of(code))] = &rule;
    }
    for (const auto& [kind, row] : rules.hubs) {
      for (const auto& [met, most] : row) {
        hubs[kind_code(kind)][kind_code(met)] = most;
        uint32_t& least = least_threshold[static_cast<uint8_t>(met.family)];
        least = least == 0 ? most : std::min(least, most);
      }
    }
    if (rules.blocked != BlockedValues{}) blocked = std::make_unique<BlockedMatcher>(rules.blocked);
    for (const auto& [kind, values] : rules.blocked_of_kind) {
      blocked_of_kind.emplace(kind_code(kind), std::make_unique<BlockedMatcher>(values));
    }
  }

  // The most specific row decides: a listed platform before its family, of the identifier first, of the met one second.
  uint32_t threshold_in_row(KindCode row, KindCode met) const {
    auto found = hubs.find(row);
    if (found == hubs.end()) return 0;
    auto cell = found->second.find(met);
    if (cell == found->second.end()) cell = found->second.find(family_code(met));
    return cell == found->second.end() ? 0 : cell->second;
  }
};

RuleSet::RuleSet() : version_(1) {
  static const auto kDefaults = std::make_shared<const Compiled>(default_rules());
  compiled_ = kDefaults;
}

RuleSet::RuleSet(uint32_t version, const Rules& rules)
    : version_(version), compiled_(std::make_shared<const Compiled>(rules)) {}

const Rules& RuleSet::rules() const { return compiled_->rules; }

ClaimsPolicy RuleSet::claims() const { return compiled_->rules.claims; }

const KindRule& RuleSet::rule(KindCode kind) const {
  if (kind != family_code(kind)) {
    auto found = compiled_->kinds.find(kind);
    if (found != compiled_->kinds.end()) return found->second;
  }
  const KindRule* rule = compiled_->families[static_cast<uint8_t>(family_of(kind))];
  return rule == nullptr ? compiled_->unknown : *rule;
}

uint32_t RuleSet::hub_threshold(KindCode kind, KindCode met) const {
  if (kind == met) return 0;
  if (uint32_t most = compiled_->threshold_in_row(kind, met); most > 0) return most;
  return kind == family_code(kind) ? 0 : compiled_->threshold_in_row(family_code(kind), met);
}

uint32_t RuleSet::least_hub_threshold(KindCode met) const {
  return compiled_->least_threshold[static_cast<uint8_t>(family_of(met))];
}

bool RuleSet::blocks_anything() const { return compiled_->blocked || !compiled_->blocked_of_kind.empty(); }

bool RuleSet::blocked(const IdentifierKind& kind, std::string_view value) const {
  if (compiled_->blocked && compiled_->blocked->matches(value)) return true;
  for (KindCode code : {kind_code(kind), kind_code({kind.family, {}})}) {
    auto found = compiled_->blocked_of_kind.find(code);
    if (found != compiled_->blocked_of_kind.end() && found->second->matches(value)) return true;
  }
  return false;
}

bool RuleSet::has_newest() const { return compiled_->newest; }

Result<RuleSet> compile_rules(uint32_t version, std::string_view bytes) {
  auto rules = decode_rules(bytes);
  if (!rules) return rules.error();
  if (!mistakes_of(*rules).empty()) return Error{ErrorCode::corrupt, "the stored rules have mistakes"};
  return RuleSet(version, *rules);
}

uint8_t home_rank(KindCode kind) {
  for (const RankRow& row : kRanks) {
    if (row.family == family_of(kind)) return row.rank;
  }
  return kRankOfUnknown;
}

}  // namespace tributary
