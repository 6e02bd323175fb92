// What a customer likes, and what it does not want to be offered, as of a moment.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/decimal.h"
#include "engine/domain/preference.h"
#include "engine/profile/fact.h"
#include "engine/profile/order.h"

namespace tributary {

/// Where it was said last.
struct PreferenceEvidence {
  Timestamp at;
  std::string source, message_id;
};

struct Preference {
  std::string kind, value;
  Decimal weight;           // -1 to 1
  bool set = false;         // by the customer; else it is inferred
  int64_t score = 0;        // points of 180 days
  Decimal inferred_weight;  // score over (its size + 10), 3 places, half to even
  PreferenceEvidence evidence;
};

/// Greatest first: the customer's word, a bad rating, a dismissal.
enum class ExclusionOrigin : uint8_t { customer, rating, dismissal };
std::string_view exclusion_origin_name(ExclusionOrigin origin);

struct Exclusion {
  std::string kind, value;
  ExclusionOrigin origin = ExclusionOrigin::customer;
  std::string reason;              // empty: nobody said
  std::optional<Timestamp> until;  // of a dismissal, 365 days after it
  PreferenceEvidence evidence;     // since when
};

struct CustomerPreferences {
  std::vector<Preference> preferences;  // the heaviest first, liked or not
  std::vector<Exclusion> exclusions;    // by kind and value
};

/// The customer set a weight, or an exclusion of a thing began or ended.
struct PreferenceChange {
  enum class Kind : uint8_t { weight_set, excluded, allowed, expired };  // expired: a dismissal did
  Kind change{};
  std::string kind, value;
  std::string from, to;  // of a weight; `from` is empty the first time
  Timestamp at;
  const Fact* said = nullptr;  // of one that expired: what began it
};

/// Every change up to the moment `now`, oldest first of each thing. Of facts of the kinds `preference` and `exclusion`,
/// in any order, to which the changes point.
std::vector<PreferenceChange> preference_changes(std::span<const Fact> preferences, std::span<const Fact> exclusions,
                                                 Timestamp now);

/// Of facts of the kinds `preference` and `exclusion`, in any order, and of all orders of the customer. An order counts
/// while it counts for other figures and is no gift; its lines are those that were told last. Of what the customer says
/// the latest counts, whoever carries the word: setting a weight above 0 ends an exclusion.
CustomerPreferences judge_preferences(std::span<const Fact> preferences, std::span<const Fact> exclusions,
                                      const std::vector<Order>& orders, Timestamp now);

}  // namespace tributary
