#include "connectors/query/engagement_json.h"

#include <algorithm>

#include "connectors/query/json_members.h"

namespace tributary {
namespace {

constexpr size_t kProgramsShown = 50;
constexpr size_t kAccountsShown = 50;

void append_behaviour(JsonOut& json, const BehaviourFigures& figures, uint64_t features_declared) {
  json.key("behaviour").begin_object().key("dwell_ms_30d").raw(to_text(figures.dwell_ms));
  json.key("features_used_30d").unsigned_number(figures.features_used);
  append_decimal_or_null(json, "feature_depth_30d", figures.feature_depth(features_declared));
  json.key("complete").boolean(figures.complete).end_object();
}

void append_program(JsonOut& json, const ProgramMembership& membership) {
  json.begin_object();
  append_text_or_null(json, "program", membership.program);
  append_text_or_null(json, "card_no", membership.card_no);
  append_time_or_null(json, "joined_at", membership.joined_at);
  append_text_or_null(json, "tier", membership.tier);
  append_time_or_null(json, "tier_since", membership.tier_since);
  json.end_object();
}

void append_tier(JsonOut& json, const MembershipFigures& figures, const CustomerValue& value, const ValueRules& rules) {
  const ProgramMembership* told = figures.told_tier();
  std::string_view tier = told != nullptr ? std::string_view(told->tier)
                                          : tier_of_spend(rules.spend_tiers, value.revenue_365d_minor, value.currency);
  append_text_or_null(json, "tier", tier);
  std::string_view basis = told != nullptr ? "program" : "spend";
  append_text_or_null(json, "tier_basis", tier.empty() ? std::string_view() : basis);
}

void append_membership(JsonOut& json, const ProfileView& profile, const CustomerValue& value,
                       const ValueMoment& moment) {
  auto figures = membership_figures(facts_of(profile.facts, FactKind::membership), moment.now);
  json.key("membership").begin_object();
  append_tier(json, figures, value, moment.rules);
  append_decimal_or_null(json, "points", figures.points);
  json.key("referrals_count").unsigned_number(figures.referrals).key("programs").begin_array();
  for (size_t i = 0; i < std::min(figures.programs.size(), kProgramsShown); ++i) {
    append_program(json, figures.programs[i]);
  }
  json.end_array().key("complete").boolean(profile.knows_all({FactKind::membership})).end_object();
}

void append_following(JsonOut& json, const ProfileView& profile, Timestamp now) {
  auto accounts = followed_accounts(facts_of(profile.facts, FactKind::following), now);
  bool is_follower = std::ranges::any_of(accounts, &FollowedAccount::following);
  json.key("following").begin_object().key("is_follower").boolean(is_follower).key("accounts").begin_array();
  for (size_t i = 0; i < std::min(accounts.size(), kAccountsShown); ++i) {
    const auto& [platform, account, following, since] = accounts[i];
    json.begin_object();
    append_text_or_null(json, "platform", platform);
    json.key("account").string(account).key("following").boolean(following);
    json.key("since").string(format_iso8601(since)).end_object();
  }
  json.end_array().key("complete").boolean(profile.knows_all({FactKind::following})).end_object();
}

}  // namespace

void append_engagement(JsonOut& json, const ProfileView& profile, const CustomerValue& value,
                       const ValueMoment& moment) {
  append_behaviour(json, profile.behaviour, moment.rules.features_declared);
  append_membership(json, profile, value, moment);
  append_following(json, profile, moment.now);
}

}  // namespace tributary
