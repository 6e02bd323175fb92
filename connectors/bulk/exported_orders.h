// Orders among the lines of an export.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "connectors/bulk/purchase_file.h"
#include "engine/ingest/json_index.h"
#include "engine/ingest/json_repair.h"

namespace tributary {

/// Collects one file. Owner: one thread. Lifetime: within the file's and the options'.
class ExportedOrders {
 public:
  ExportedOrders(const PurchaseFileOptions& options, PurchaseFile& file);

  /// Errors: corrupt, when the line is none of an export.
  Result<void> add(std::string_view line);
  /// Behind the last line.
  void finish();

 private:
  struct ExportLine;
  Result<void> index(std::string_view line);
  void complete(const ExportLine& line);
  void refund(const ExportLine& line);
  uint32_t customer_of(const ExportLine& line);
  bool counts_in_currency(const JsonValue& properties);

  const PurchaseFileOptions& options_;
  PurchaseFile& file_;
  OrderBook book_;
  std::unordered_map<std::string, uint32_t> customers_;
  JsonIndex index_;
  std::string text_;
  JsonRepair repair_;
};

/// `properties` of an Order Completed. Nothing when no rule can be computed; exact otherwise.
std::optional<Decimal> order_amount(const JsonValue& properties);

/// The members by which another event is the same customer's: userId; else the first external id, with an anonymousId
/// made of the customer's id, because no event goes without; else anonymousId, which several may share. Empty without
/// any.
std::string identity_members(const JsonValue& event, std::string_view customer);

}  // namespace tributary
