#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/domain/rejection.h"

namespace tributary {

/// What became of one item.
enum class ItemOutcome : uint8_t { accepted, duplicate, rejected };

struct IngestOutcome {
  /// Set when the whole request was refused (overloaded, disk_full, shutting_down, not_ready); then nothing of it was
  /// acknowledged and the client must retry with the same message ids.
  std::optional<RejectionCode> refused;
  std::vector<ItemOutcome> items;  // in input order; empty when refused
};

}  // namespace tributary
