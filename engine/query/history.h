// What changed about a customer: what follows from its facts and orders, and what identity did to it.
#pragma once

#include "engine/query/customer.h"

namespace tributary {

/// Changes of identity that are read of one customer, the oldest.
constexpr size_t kIdentityChangesMax = 10'000;

/// One page, newest first, as of the moment `now`. Errors: invalid for a bad cursor; corrupt.
Result<HistoryPage> read_history_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                      const PageQuery& query, const ValueRules& rules, Timestamp now);

}  // namespace tributary
