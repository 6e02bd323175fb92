// Every customer of a workspace, one after the other.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/query/customer.h"
#include "engine/query/export_view.h"

namespace tributary {

/// Customers in the order of containers, each once. Memory: one container. Cost: one scan of the containers.
class CustomerWalk {
 public:
  /// Behind this container; nothing: from the beginning.
  CustomerWalk(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace, RuleSet rules,
               const std::optional<Hash128>& after = std::nullopt);

  /// `item`: customer() is the next one. Errors: corrupt.
  Result<ExportStep> next();
  /// Valid until the next call.
  const Customer& customer() const { return customer_; }
  const StateReader& snapshot() const { return *snapshot_; }

 private:
  Result<void> take_container();

  std::shared_ptr<const StateReader> snapshot_;
  const RuleSet rules_;
  std::unique_ptr<StateIterator> rows_;
  Customer customer_;
  uint32_t taken_ = 0;                                  // customers of its container so far
  std::vector<std::vector<const Evidence*>> evidence_;  // of the customers of its container
};

}  // namespace tributary
