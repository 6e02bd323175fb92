#include "engine/ingest/membership_reader.h"

#include "engine/base/crc32c.h"
#include "engine/base/decimal.h"
#include "engine/domain/behaviour.h"
#include "engine/domain/membership.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kNameBytesMax = 200;

FactSaid membership_said(MembershipAct act, std::string subject) {
  FactSaid fact;
  fact.kind = FactKind::membership;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = std::move(subject);
  return fact;
}

/// Whom a referral brought, by a text or by an identifier: 32 bits of its hash tell those of one customer apart and
/// name nobody.
std::string referred_in(const FactProperties& properties) {
  JsonValue referred = properties.find("referred");
  if (referred.is(JsonKind::object)) referred = find_member(referred, "value");
  std::string text = properties.text_of(referred, kNameBytesMax);
  return text.empty() ? text : std::to_string(crc32c(match_text(text).value_or(text)));
}

bool is_above(const std::string& number, int64_t bound) {
  auto value = parse_decimal(number);
  auto above = value ? add(*value, Decimal{-bound, 0}) : std::nullopt;
  return above && above->digits > 0;
}

}  // namespace

void read_membership(const FactProperties& properties, Event& event) {
  bool joined = event.name == "Membership Joined";
  std::string program = properties.text("program", kNameBytesMax);
  std::string tier = properties.text(joined ? "tier" : "to", kNameBytesMax);
  if (!joined && tier.empty()) return properties.note_missing();
  FactSaid fact = membership_said(joined ? MembershipAct::joined : MembershipAct::tier_changed, program);
  fact.values = FactValues()
                    .add(MembershipField::program, std::move(program))
                    .add(MembershipField::card_no, properties.text("card_no", kNameBytesMax))
                    .add(MembershipField::tier, std::move(tier))
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_points(const FactProperties& properties, Event& event) {
  bool earned = event.name == "Points Earned";
  std::string points = properties.number("points");
  if (points.empty()) return properties.note_missing();
  if (!is_above(points, 0)) return properties.note_wrong();
  std::string program = properties.text("program", kNameBytesMax);
  FactSaid fact = membership_said(earned ? MembershipAct::earned : MembershipAct::redeemed, program);
  fact.values = FactValues()
                    .add(MembershipField::program, std::move(program))
                    .add(MembershipField::points, std::move(points))
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_referral(const FactProperties& properties, Event& event) {
  std::string referred = referred_in(properties);
  if (referred.empty()) return properties.note_missing();
  event.facts.push_back(membership_said(MembershipAct::referred, std::move(referred)));
}

void read_following(const FactProperties& properties, Event& event) {
  std::string platform = properties.text("platform", kNameBytesMax);
  std::string account = properties.text("account", kNameBytesMax);
  if (account.empty()) return properties.note_missing();
  bool followed = event.name == "Account Followed";
  FactSaid fact;
  fact.kind = FactKind::following;
  fact.act = static_cast<uint8_t>(followed ? FollowingAct::followed : FollowingAct::unfollowed);
  fact.subject_text = platform + ' ' + account;
  fact.values = FactValues()
                    .add(FollowingField::platform, std::move(platform))
                    .add(FollowingField::account, std::move(account))
                    .take();
  event.facts.push_back(std::move(fact));
}

void check_dwell(const FactProperties& properties, Event&) {
  std::string dwell = properties.number("dwell_ms");
  bool counts = dwell.empty() || (is_above(dwell, -1) && !is_above(dwell, kDwellMillisMax));
  if (!counts) properties.note_wrong();
}

}  // namespace tributary
