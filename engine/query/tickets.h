// The tickets of a customer, page by page.
#pragma once

#include "engine/query/customer.h"

namespace tributary {

/// One page as of the moment `now`, newest first. Errors: invalid for a bad cursor; corrupt.
Result<TicketsPage> read_tickets_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                      const PageQuery& query, Timestamp now);

}  // namespace tributary
