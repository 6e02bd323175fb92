// What the events of one customer add up to, whoever its identifiers are.
#pragma once

#include <vector>

#include "engine/domain/event.h"
#include "tests/model/export.h"

namespace tributary::model {

/// Everything of a customer but its identifiers; times are 0 without events. `message_hash` orders a timeline's ties.
CustomerLine profile_of(const std::vector<const Event*>& events, const KeyedHash& index_key);

}  // namespace tributary::model
