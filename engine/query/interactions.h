// The talks with a customer, page by page.
#pragma once

#include "engine/query/customer.h"

namespace tributary {

/// One page, newest first. Errors: invalid for a bad cursor; corrupt.
Result<InteractionsPage> read_interactions_page(const StateReader& reader, const KeyedHash& cursor_key,
                                                const Customer& customer, const PageQuery& query);

}  // namespace tributary
