// Where a customer stands in the three levels dimension, attribute, value: a value for each attribute.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/profile/customer_record.h"
#include "engine/profile/interaction.h"
#include "engine/profile/preference.h"
#include "engine/profile/value.h"

namespace tributary {

/// What it follows from, all of one moment; the references outlive the call.
struct ClassificationBasis {
  const CustomerRecord* record;  // null: there is none
  const CustomerValue& value;
  const std::vector<Interaction>& talks;
  const CustomerPreferences& preferences;
  const TimeZone& zone;
  Timestamp now;
};

/// Empty: nothing tells.
struct Classification {
  // What the customer is.
  std::string_view industry, industry_detail, size, region, province, city, enterprise_type;
  // What it does.
  std::string_view interaction_level;
  std::string product_focus, preferred_channel;
  // What it is worth.
  std::string_view budget_band, cooperation_band, repeat_band;
};

/// Lifetime: of the record.
Classification classify(const ClassificationBasis& basis);

/// The category that the customer likes most; empty when it likes none.
std::string product_focus(const CustomerPreferences& preferences);

/// What the customer chose: of its record, else the channel it set the greatest weight above 0 for. Else the channel
/// through which it got in touch most often in the 180 days up to `now`, at least three times; of several the one of
/// the last contact. Empty when nothing tells. Surveys and the back office are no contacts. `record` may be null.
std::string preferred_channel(const CustomerRecord* record, const CustomerPreferences& preferences,
                              const std::vector<Interaction>& talks, Timestamp now);

}  // namespace tributary
