// The orders of a customer as a function of its events, written straight from the definitions.
#pragma once

#include <vector>

#include "engine/domain/event.h"
#include "tests/model/export.h"

namespace tributary::model {

/// By name. Amounts in the events have two places, and currencies too.
std::vector<OrderLine> orders_of(const std::vector<const Event*>& events, const KeyedHash& index_key);

}  // namespace tributary::model
