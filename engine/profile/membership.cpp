#include "engine/profile/membership.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/base/money.h"
#include "engine/base/quantity.h"
#include "engine/base/text.h"
#include "engine/profile/computed_trait.h"

namespace tributary {
namespace {

constexpr size_t kSpendTiersMax = 20;

std::optional<SpendTier> parse_spend_tier(std::string_view text) {
  text = trim(text);
  size_t blank = text.rfind(' ');
  if (blank == text.npos) return std::nullopt;
  auto least = parse_integer(text.substr(blank + 1));
  std::string_view name = trim(text.substr(0, blank));
  if (!least || *least < 0 || name.empty()) return std::nullopt;
  return SpendTier{std::string(name), *least};
}

/// The last word of a field of each program.
struct ToldProgram {
  const Fact* joined = nullptr;  // the first
  const Fact* card = nullptr;
  const Fact* tier = nullptr;
};

void keep_later(const Fact*& kept, const Fact& fact, MembershipField field) {
  if (fact.text(field).empty()) return;
  if (kept == nullptr || said_before(*kept, fact)) kept = &fact;
}

void tell(const Fact& fact, ToldProgram& told) {
  bool joined = fact.act == static_cast<uint8_t>(MembershipAct::joined);
  if (joined && (told.joined == nullptr || said_before(fact, *told.joined))) told.joined = &fact;
  keep_later(told.card, fact, MembershipField::card_no);
  keep_later(told.tier, fact, MembershipField::tier);
}

ProgramMembership membership_of(std::string_view program, const ToldProgram& told) {
  ProgramMembership membership;
  membership.program = program;
  if (told.joined != nullptr) membership.joined_at = told.joined->at;
  if (told.card != nullptr) membership.card_no = told.card->text(MembershipField::card_no);
  if (told.tier != nullptr) {
    membership.tier = told.tier->text(MembershipField::tier);
    membership.tier_since = told.tier->at;
  }
  return membership;
}

}  // namespace

std::optional<std::vector<SpendTier>> parse_spend_tiers(std::string_view text) {
  std::vector<SpendTier> tiers;
  if (trim(text).empty()) return tiers;
  for (bool more = true; more;) {
    size_t comma = text.find(',');
    auto tier = parse_spend_tier(text.substr(0, comma));
    bool rises = tier && (tiers.empty() || tiers.back().least_units < tier->least_units);
    if (!rises || tiers.size() == kSpendTiersMax) return std::nullopt;
    tiers.push_back(std::move(*tier));
    more = comma != text.npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return tiers;
}

const ProgramMembership* MembershipFigures::told_tier() const {
  const ProgramMembership* last = nullptr;
  for (const ProgramMembership& each : programs) {
    if (each.tier_since && (last == nullptr || *last->tier_since < *each.tier_since)) last = &each;
  }
  return last;
}

MembershipFigures membership_figures(std::span<const Fact> facts, Timestamp now) {
  std::map<std::string_view, ToldProgram> programs;
  std::set<Hash128> referred;
  DecimalSum points;
  for (const Fact& fact : facts) {
    if (fact.at > now) continue;
    switch (static_cast<MembershipAct>(fact.act)) {
      case MembershipAct::joined:
      case MembershipAct::tier_changed:
        tell(fact, programs[fact.text(MembershipField::program)]);
        break;
      case MembershipAct::earned:
      case MembershipAct::redeemed: {
        auto amount = parse_decimal(fact.text(MembershipField::points));
        bool earned = fact.act == static_cast<uint8_t>(MembershipAct::earned);
        if (amount) points.add(earned ? *amount : negate(*amount));
        break;
      }
      case MembershipAct::referred:
        referred.insert(fact.subject);
        break;
    }
  }
  MembershipFigures figures;
  for (const auto& [program, told] : programs) figures.programs.push_back(membership_of(program, told));
  figures.points = points.total();
  figures.referrals = referred.size();
  return figures;
}

std::string_view tier_of_spend(const std::vector<SpendTier>& tiers, Int128 revenue_minor, std::string_view currency) {
  std::string_view reached;
  Int128 unit = minor_per_unit(currency);
  for (const SpendTier& tier : tiers) {
    if (revenue_minor >= Int128{tier.least_units} * unit) reached = tier.name;
  }
  return reached;
}

std::vector<FollowedAccount> followed_accounts(std::span<const Fact> facts, Timestamp now) {
  std::map<std::pair<std::string_view, std::string_view>, const Fact*> last;
  for (const Fact& fact : facts) {
    if (fact.at > now) continue;
    const Fact*& known = last[{fact.text(FollowingField::platform), fact.text(FollowingField::account)}];
    if (known == nullptr || said_before(*known, fact)) known = &fact;
  }
  std::vector<FollowedAccount> accounts;
  for (const auto& [name, fact] : last) {
    bool following = fact->act == static_cast<uint8_t>(FollowingAct::followed);
    accounts.push_back({std::string(name.first), std::string(name.second), following, fact->at});
  }
  return accounts;
}

}  // namespace tributary
