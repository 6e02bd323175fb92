// Ids that cannot be mixed up: a value with a tag, no implicit conversion in or out.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <utility>

namespace tributary {

template <class Tag, class Value>
class StrongId {
 public:
  StrongId() = default;
  constexpr explicit StrongId(Value value) : value_(std::move(value)) {}
  constexpr const Value& value() const { return value_; }
  friend auto operator<=>(const StrongId&, const StrongId&) = default;

 private:
  Value value_{};
};

/// Position of a record in the log; the first record is 1, 0 means "before the first".
using Lsn = StrongId<struct LsnTag, uint64_t>;
/// A tenant. See workspace_id() in domain/workspace.h for how a name becomes a number.
using WorkspaceId = StrongId<struct WorkspaceIdTag, uint32_t>;
/// A slice of the world with one writer; workspaces are spread over partitions.
using PartitionId = StrongId<struct PartitionIdTag, uint16_t>;

inline Lsn next(Lsn lsn) { return Lsn{lsn.value() + 1}; }

}  // namespace tributary

template <class Tag, class Value>
struct std::hash<tributary::StrongId<Tag, Value>> {
  size_t operator()(const tributary::StrongId<Tag, Value>& id) const { return std::hash<Value>{}(id.value()); }
};
