// The answer that SDKs read: counts, and what was wrong with each item that was refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tributary {

/// The refused items of one request, gathered before the engine takes the items.
struct ItemErrors {
  std::vector<RejectionCode> codes;  // of all
  size_t listed = 0;                 // the first ones
  std::string json;                  // members of `errors`, without the brackets
  std::string first_message;
};

/// Lists at most `listed_max` of them; `codes` is complete.
ItemErrors item_errors(const std::vector<ParsedItem>& items, size_t listed_max);

/// Appends `{"<place_name>":place,"code","message","path"}`.
void append_item_error(std::string& out, std::string_view place_name, uint64_t place, const Rejected& rejected);

struct OutcomeCounts {
  size_t accepted = 0;
  size_t duplicate = 0;
  size_t rejected = 0;
};
OutcomeCounts count_outcomes(const std::vector<ItemOutcome>& outcomes);

/// `{"success":true,"accepted":2,"duplicate":1,"rejected":1,"errors":[{"index","code","message","path"}]}`. Never a
/// member called `error`, because Segment's Ruby SDK takes it for a failure.
std::string success_envelope(const OutcomeCounts& counts, const ItemErrors& errors);

}  // namespace tributary
