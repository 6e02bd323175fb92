// Purchases as files tell of them: exported events, and CDNOW's lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connectors/bulk/import_text.h"
#include "connectors/bulk/order_book.h"
#include "engine/base/result.h"

namespace tributary {

struct PurchaseFileOptions {
  bool cdnow = false;       // else NDJSON
  std::string currency;     // in capitals, the only one that counts; empty: that of the first order that names one
  int64_t zone_micros = 0;  // east of UTC: where days begin
};

struct PurchaseFile {
  struct Customer {
    std::string id;
    std::string identity;  // members of an event that is theirs, as JSON: `"userId":"u1"`; empty when nothing is known
  };
  /// Orders that are left out, by the reason, and what else a reader of numbers wants to know.
  struct Counts {
    uint64_t of_nobody = 0;       // of events without a customer
    uint64_t repeated = 0;        // an order of this number came before
    uint64_t tests = 0;           // properties.test is true
    uint64_t without_amount = 0;  // no property says it
    uint64_t other_currency = 0;
    uint64_t taken_back = 0;  // cancelled, or refunded as a whole
  };
  std::vector<Customer> customers;  // by number, as they came
  std::vector<BookedOrder> orders;
  std::string currency;  // of all orders; empty when none names one
  Counts left_out;
  bool ended = false;  // with the line by which an export says that nothing is missing
};

/// Reads what `tributary export events` writes, or lines of blank-separated columns: customer id first; date
/// (YYYYMMDD), number of CDs and dollars last; a first line of names is passed over.
///
/// Of an export the events Order Completed count: an order of one source (or
/// properties.order_namespace) and order_id once, less what Order Refunded pays back, and not at all after Order
/// Cancelled. Its amount is the first that can be computed of revenue; total - shipping - tax; the sum of price x
/// quantity of its products - discount.
///
/// Errors: corrupt with the line that is none of these; what the text ends with.
Result<PurchaseFile> read_purchase_file(ImportText& text, const PurchaseFileOptions& options);

}  // namespace tributary
