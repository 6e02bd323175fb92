#include "engine/identity/rule_set.h"

#include <array>

namespace tributary {
namespace {

struct FamilyRow {
  IdentifierFamily family;
  KindRule rule;
};

constexpr bool kStrong = false;
constexpr bool kWeak = true;

// Account identifiers stand above phone and e-mail, because contact addresses are shared and recycled.
constexpr std::array kFamilyRows = {
    FamilyRow{IdentifierFamily::user_id, {1, 10, kStrong, 1}},
    FamilyRow{IdentifierFamily::uscc, {2, 15, kStrong, 1}},
    FamilyRow{IdentifierFamily::member_card, {3, 20, kStrong, 5}},
    FamilyRow{IdentifierFamily::customer_no, {4, 25, kStrong, 20}},
    FamilyRow{IdentifierFamily::wechat_unionid, {5, 30, kStrong, 5}},
    FamilyRow{IdentifierFamily::wechat_openid, {6, 32, kStrong, 20}},
    FamilyRow{IdentifierFamily::marketplace_buyer, {7, 40, kStrong, 5}},
    FamilyRow{IdentifierFamily::social_id, {8, 45, kStrong, 5}},
    FamilyRow{IdentifierFamily::external_id, {9, 50, kStrong, 5}},
    FamilyRow{IdentifierFamily::phone, {10, 60, kStrong, 5}},
    FamilyRow{IdentifierFamily::email, {11, 70, kStrong, 5}},
    FamilyRow{IdentifierFamily::device_id, {20, 90, kWeak, 50}},
    FamilyRow{IdentifierFamily::push_token, {21, 92, kWeak, 50}},
    FamilyRow{IdentifierFamily::ga_client_id, {22, 94, kWeak, 1000}},
    FamilyRow{IdentifierFamily::anonymous_id, {23, 96, kWeak, 1000}},
};

struct PlatformLimit {
  KindCode kind;
  uint32_t limit;
};

// Douyin gives one person many open ids, and Stripe makes a customer for each guest checkout.
const std::array kPlatformLimits = {
    PlatformLimit{kind_code({IdentifierFamily::social_id, "douyin"}), 20},
    PlatformLimit{kind_code({IdentifierFamily::external_id, "stripe"}), 100},
};

const KindRule& family_rule(IdentifierFamily family) {
  static const KindRule kUnknown;
  for (const FamilyRow& row : kFamilyRows) {
    if (row.family == family) return row.rule;
  }
  return kUnknown;
}

}  // namespace

KindRule RuleSet::rule(KindCode kind) const {
  KindRule rule = family_rule(family_of(kind));
  for (const PlatformLimit& row : kPlatformLimits) {
    if (row.kind == kind) rule.limit = row.limit;
  }
  return rule;
}

uint8_t home_rank(KindCode kind) { return family_rule(family_of(kind)).rank; }

}  // namespace tributary
