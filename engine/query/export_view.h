// What an export walks over: everything of one snapshot, item by item.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/result.h"
#include "engine/domain/event.h"
#include "engine/query/profile_view.h"

namespace tributary {

/// An event with its customer; without one when the rules block everybody it names.
struct ExportedEvent {
  std::optional<CustomerId> customer;
  TimelineEntry entry;
};

struct EventExportQuery {
  std::optional<Timestamp> from;   // inclusive
  std::optional<Timestamp> until;  // exclusive
};

/// What one call of an export came to.
enum class ExportStep : uint8_t {
  item,
  nothing,  // some work was done and found none; ask again
  end,
};

/// A walk over a snapshot. It holds the snapshot, and with it disk space that compaction would free, until it is
/// destroyed, which must be before the engine is. Owner: one thread at a time.
template <class Item>
class Export {
 public:
  virtual ~Export() = default;
  /// Fills `item` when it says so. After an error or the end nothing else may be asked. Errors: corrupt, io.
  virtual Result<ExportStep> next(Item& item) = 0;
};

using ProfileExport = Export<ProfileView>;
using EventExport = Export<ExportedEvent>;

}  // namespace tributary
