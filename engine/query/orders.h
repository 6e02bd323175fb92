// The orders of a customer: what its evidence says about each, joined.
#pragma once

#include <vector>

#include "engine/query/customer.h"

namespace tributary {

/// Orders that are read of one customer: those whose name has the smallest hash, so that figures do not depend on the
/// order of arrival.
constexpr size_t kOrdersPerCustomerMax = 20'000;

/// Without their lines, oldest first. `complete` becomes false when the customer has more. Errors: corrupt.
Result<std::vector<Order>> read_orders(const StateReader& reader, WorkspaceId workspace,
                                       const std::vector<const Evidence*>& evidence, bool& complete);

/// One page, newest first, with lines. Errors: invalid for a bad cursor; corrupt.
Result<OrdersPage> read_orders_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                    const OrdersQuery& query);

}  // namespace tributary
