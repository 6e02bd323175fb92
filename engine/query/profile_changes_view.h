// What readers get of changes that were noticed, and what those who notice them need to know of a customer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/domain/event.h"
#include "engine/domain/profile_change.h"
#include "engine/profile/order.h"

namespace tributary {

struct ProfileChangeView {
  Lsn lsn;  // of its record: its id
  Timestamp noticed_at;
  ProfileChange change;
};

struct ProfileChangesQuery {
  std::optional<WatchedFigure> figure;  // nothing: all
  std::string cursor;                   // empty: from the oldest that is kept
  size_t limit = 50;
};

struct ProfileChangesPage {
  std::vector<ProfileChangeView> changes;  // oldest first
  std::string next_cursor;
  bool at_end = false;
  bool expired = false;  // what came after the cursor is not kept any more; nothing else is set
};

/// A customer as those see it who watch for changes.
struct WatchedCustomer {
  CustomerId id;
  std::vector<Order> orders;
  std::map<WatchedFigure, std::string> told;  // what was noticed last; of others nothing was
};

/// Customers in the order of their containers.
struct WatchedCustomers {
  std::vector<WatchedCustomer> customers;
  std::optional<Hash128> last;  // the container behind which the next page begins; nothing: there are no more
  std::map<WatchedFigure, std::string> everybody;  // what was told of kEverybody
};

}  // namespace tributary
