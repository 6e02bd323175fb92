#include "engine/profile/preference.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "engine/base/money.h"

namespace tributary {
namespace {

constexpr int64_t kInterestMicros = 180 * kMicrosPerDay;
constexpr int64_t kDismissalMicros = 365 * kMicrosPerDay;
constexpr int64_t kPointsOfHalf = 10;  // that many points weigh 0.5
constexpr int64_t kPointsOfLine = 5;
constexpr int kWeightPlaces = 3;
constexpr int64_t kWeightUnit = 1000;

int64_t points_of(PreferenceAct act) {
  switch (act) {
    case PreferenceAct::viewed:
      return 1;
    case PreferenceAct::wished:
    case PreferenceAct::added:
    case PreferenceAct::tried_on:
    case PreferenceAct::liked:
      return 3;
    case PreferenceAct::removed:
      return -1;
    case PreferenceAct::disliked:
      return -5;
    case PreferenceAct::set:
    case PreferenceAct::bought:
      break;
  }
  return 0;
}

PreferenceAct act_of_preference(const Fact& fact) { return static_cast<PreferenceAct>(fact.act); }

/// What the last word on each order makes of its lines.
class BoughtLines {
 public:
  BoughtLines(std::span<const Fact> preferences, const std::vector<Order>& orders, Timestamp now) {
    std::map<Hash128, const Order*> counted;
    for (const Order& order : orders) {
      if (order.counts && !order.gift && order.at <= now) counted.emplace(order.hash, &order);
    }
    for (const Fact& fact : preferences) {
      if (act_of_preference(fact) != PreferenceAct::bought || fact.at > now) continue;
      auto [place, fresh] = by_name_.try_emplace(fact.text(PreferenceField::order));
      Told& told = place->second;
      if (fresh) told.order = order_in(counted, parse_base32(place->first));
      if (told.last == nullptr || told_before(*told.last, fact)) told.last = &fact;
    }
  }

  /// The order, if it counts and this is the last word on it.
  const Order* order_told_by(const Fact& fact) const {
    auto told = by_name_.find(fact.text(PreferenceField::order));
    bool last = told != by_name_.end() && told->second.last->message == fact.message;
    return last ? told->second.order : nullptr;
  }

 private:
  struct Told {
    const Order* order = nullptr;  // null: it does not count
    const Fact* last = nullptr;
  };

  static const Order* order_in(const std::map<Hash128, const Order*>& orders, const std::optional<Hash128>& hash) {
    auto order = hash ? orders.find(*hash) : orders.end();
    return order == orders.end() ? nullptr : order->second;
  }

  boost::unordered_flat_map<std::string_view, Told> by_name_;  // the order's hash as text, written by us alone
};

int64_t lines_of(const Fact& fact) {
  std::string_view text = fact.text(PreferenceField::lines);
  int64_t lines = 0;
  std::from_chars(text.data(), text.data() + text.size(), lines);
  return lines;
}

void keep_later(const Fact*& last, const Fact& fact) {
  if (last == nullptr || said_before(*last, fact)) last = &fact;
}

/// Exclusions of one thing that stand at the same time.
struct StandingExclusions {
  const Fact* customer = nullptr;
  const Fact* rating = nullptr;
  const Fact* dismissal = nullptr;

  bool any() const { return customer != nullptr || rating != nullptr || dismissal != nullptr; }

  void hear(const Fact& fact) {
    switch (static_cast<ExclusionAct>(fact.act)) {
      case ExclusionAct::added:
        customer = &fact;
        break;
      case ExclusionAct::removed:
        *this = {};
        break;
      case ExclusionAct::dismissed:
        dismissal = &fact;
        break;
      case ExclusionAct::rated_badly:
        rating = &fact;
        break;
      case ExclusionAct::rated_better:
        rating = nullptr;
        break;
    }
  }
};

/// All that was said of one thing.
struct Thing {
  std::vector<const Fact*> said;  // what begins or ends an exclusion
  const Fact* last_set = nullptr;
  const Fact* last_interest = nullptr;
  int64_t score = 0;
};

using Things = boost::unordered_flat_map<std::string_view, Thing>;  // by subject

std::vector<std::pair<std::string_view, Thing*>> by_subject(Things& things) {
  std::vector<std::pair<std::string_view, Thing*>> sorted;
  sorted.reserve(things.size());
  for (auto& [subject, thing] : things) sorted.emplace_back(subject, &thing);
  std::ranges::sort(sorted);
  return sorted;
}

void add_interest(const Fact& fact, Timestamp at, int64_t points, Timestamp now, Thing& thing) {
  if (points == 0 || at > now || at.micros <= now.micros - kInterestMicros) return;
  thing.score += points;
  keep_later(thing.last_interest, fact);
}

void add_preference(const Fact& fact, const BoughtLines& bought, Timestamp now, Thing& thing) {
  PreferenceAct act = act_of_preference(fact);
  if (act == PreferenceAct::set) {
    keep_later(thing.last_set, fact);
    auto weight = parse_decimal(fact.text(PreferenceField::weight));
    if (weight && weight->digits > 0) thing.said.push_back(&fact);
    return;
  }
  if (act != PreferenceAct::bought) return add_interest(fact, fact.at, points_of(act), now, thing);
  if (const Order* order = bought.order_told_by(fact)) {
    add_interest(fact, order->at, kPointsOfLine * lines_of(fact), now, thing);
  }
}

std::string kind_of_subject(std::string_view subject) { return std::string(subject.substr(0, subject.find(' '))); }

PreferenceEvidence evidence_of(const Fact& fact) { return {fact.at, fact.source, fact.message_id}; }

std::optional<Exclusion> exclusion_of(std::string_view subject, Thing& thing, Timestamp now) {
  std::ranges::sort(thing.said, [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
  StandingExclusions standing;
  for (const Fact* fact : thing.said) {
    if (fact->kind == FactKind::preference) {
      standing = {};
    } else {
      standing.hear(*fact);
    }
  }
  Exclusion exclusion;
  const Fact* fact = standing.customer;
  if (fact == nullptr) {
    fact = standing.rating;
    exclusion.origin = ExclusionOrigin::rating;
  }
  if (fact == nullptr && standing.dismissal != nullptr) {
    fact = standing.dismissal;
    exclusion.origin = ExclusionOrigin::dismissal;
    exclusion.until = Timestamp{fact->at.micros + kDismissalMicros};
    if (*exclusion.until <= now) return std::nullopt;
  }
  if (fact == nullptr) return std::nullopt;
  exclusion.kind = kind_of_subject(subject);
  exclusion.value = fact->text(ExclusionField::value);
  exclusion.reason = fact->text(ExclusionField::reason);
  exclusion.evidence = evidence_of(*fact);
  return exclusion;
}

/// The changes of one thing, word by word.
class ThingHistory {
 public:
  ThingHistory(std::string_view subject, std::vector<PreferenceChange>& changes)
      : subject_(subject), changes_(changes) {}

  void hear(const Fact& fact) {
    expire(fact.at);
    bool before = standing_.any();
    if (fact.kind == FactKind::preference) {
      hear_weight(fact);
    } else {
      standing_.hear(fact);
    }
    using enum PreferenceChange::Kind;
    if (before != standing_.any()) add(before ? allowed : excluded, fact, fact.at);
  }

  void expire(Timestamp now) {
    const Fact* dismissal = standing_.dismissal;
    if (dismissal == nullptr || dismissal->at.micros + kDismissalMicros > now.micros) return;
    standing_.dismissal = nullptr;
    if (!standing_.any()) {
      add(PreferenceChange::Kind::expired, *dismissal, Timestamp{dismissal->at.micros + kDismissalMicros});
    }
  }

 private:
  void hear_weight(const Fact& fact) {
    std::string_view weight = fact.text(PreferenceField::weight);
    if (weight != weight_) {
      PreferenceChange& change = add(PreferenceChange::Kind::weight_set, fact, fact.at);
      change.from = weight_;
      change.to = weight;
    }
    weight_ = weight;
    auto number = parse_decimal(weight);
    if (number && number->digits > 0) standing_ = {};
  }

  PreferenceChange& add(PreferenceChange::Kind what, const Fact& fact, Timestamp at) {
    PreferenceChange& change = changes_.emplace_back();
    change.change = what;
    change.kind = kind_of_subject(subject_);
    // Both kinds of facts keep the thing as it was spelled.
    change.value =
        fact.kind == FactKind::preference ? fact.text(PreferenceField::value) : fact.text(ExclusionField::value);
    change.at = at;
    change.said = &fact;
    return change;
  }

  std::string_view subject_;
  std::vector<PreferenceChange>& changes_;
  StandingExclusions standing_;
  std::string_view weight_;
};

Decimal weight_of(int64_t score) {
  int64_t size = score < 0 ? -score : score;
  return Decimal{divide_half_even(WideInteger{score} * kWeightUnit, size + kPointsOfHalf), kWeightPlaces};
}

std::optional<Preference> preference_of(std::string_view subject, const Thing& thing) {
  if (thing.last_set == nullptr && thing.score == 0) return std::nullopt;
  const Fact& fact = thing.last_set != nullptr ? *thing.last_set : *thing.last_interest;
  Preference preference;
  preference.kind = kind_of_subject(subject);
  preference.value = fact.text(PreferenceField::value);
  preference.set = thing.last_set != nullptr;
  preference.score = thing.score;
  preference.inferred_weight = weight_of(thing.score);
  preference.weight = preference.set ? parse_decimal(fact.text(PreferenceField::weight)).value_or(Decimal{})
                                     : preference.inferred_weight;
  preference.evidence = evidence_of(fact);
  return preference;
}

Decimal size_of(const Decimal& weight) { return weight.digits < 0 ? negate(weight) : weight; }

bool heavier(const Preference& a, const Preference& b) {
  auto difference = add(size_of(a.weight), negate(size_of(b.weight)));
  if (difference && difference->digits != 0) return difference->digits > 0;
  return std::tie(a.kind, a.value) < std::tie(b.kind, b.value);
}

}  // namespace

std::string_view exclusion_origin_name(ExclusionOrigin origin) {
  switch (origin) {
    case ExclusionOrigin::customer:
      return "explicit";
    case ExclusionOrigin::rating:
      return "rating";
    case ExclusionOrigin::dismissal:
      return "dismissal";
  }
  return "unknown";
}

std::vector<PreferenceChange> preference_changes(std::span<const Fact> preferences, std::span<const Fact> exclusions,
                                                 Timestamp now) {
  std::map<std::string_view, std::vector<const Fact*>> words;
  for (const Fact& fact : preferences) {
    bool set = act_of_preference(fact) == PreferenceAct::set;
    if (set && fact.at <= now && !fact.subject_text.empty()) words[fact.subject_text].push_back(&fact);
  }
  for (const Fact& fact : exclusions) {
    if (fact.at <= now) words[fact.subject_text].push_back(&fact);
  }
  std::vector<PreferenceChange> changes;
  for (auto& [subject, said] : words) {
    std::ranges::sort(said, [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
    ThingHistory history(subject, changes);
    for (const Fact* fact : said) history.hear(*fact);
    history.expire(now);
  }
  return changes;
}

CustomerPreferences judge_preferences(std::span<const Fact> preferences, std::span<const Fact> exclusions,
                                      const std::vector<Order>& orders, Timestamp now) {
  BoughtLines bought(preferences, orders, now);
  Things things;
  for (const Fact& fact : preferences) {
    if (fact.at <= now && !fact.subject_text.empty()) add_preference(fact, bought, now, things[fact.subject_text]);
  }
  for (const Fact& fact : exclusions) {
    if (fact.at <= now) things[fact.subject_text].said.push_back(&fact);
  }
  CustomerPreferences judged;
  for (auto& [subject, thing] : by_subject(things)) {
    if (auto exclusion = exclusion_of(subject, *thing, now)) {
      judged.exclusions.push_back(std::move(*exclusion));
    } else if (auto preference = preference_of(subject, *thing)) {
      judged.preferences.push_back(std::move(*preference));
    }
  }
  std::ranges::sort(judged.preferences, heavier);
  return judged;
}

}  // namespace tributary
