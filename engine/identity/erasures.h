// What was erased from a workspace, and which events it therefore does not take any more.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/domain/record.h"
#include "engine/identity/cuts.h"

namespace tributary {

/// The erasures of one workspace.
class Erasures {
 public:
  bool empty() const { return erased_.empty(); }

  /// An identifier, as it was until it was erased, or evidence.
  void add(const Hash128& id) { erased_.insert(id); }
  bool contains(const Hash128& id) const { return erased_.contains(id); }

  /// Events that name the identifier are not taken until this erasure, and any other that suppresses it, is lifted.
  void suppress(const Hash128& said, std::string erasure) { suppressed_[said].insert(std::move(erasure)); }
  bool suppressed(const Hash128& said) const { return suppressed_.contains(said); }
  const std::set<std::string>& suppressed_by(const Hash128& said) const;
  /// The identifiers that it suppressed.
  std::vector<Hash128> lift(const std::string& erasure);

 private:
  boost::unordered_flat_set<Hash128, std::hash<Hash128>> erased_;
  // Ids of erasures, at least one, by identifier.
  boost::unordered_flat_map<Hash128, std::set<std::string>, std::hash<Hash128>> suppressed_;
};

enum class Admission : uint8_t {
  admitted,
  suppressed,  // it names somebody who was erased
  erased,      // it comes late: its time is before the erasure of whom it is about
};

/// What cuts and erasures of one workspace make of its events. The edge has a copy, so that what is not taken does not
/// reach the log either; the fold asks again, because the copy may be a moment old.
struct EventNaming {
  Cuts cuts;
  Erasures erasures;

  /// Whether the event is taken; if so, its identifiers and evidence are named by its time.
  Admission admit(EventView& event) const;
  /// The identifier that a decision of that time is about. Nothing for somebody who was erased: either the decision is
  /// older than the erasure, or nobody who is called so can come until it is lifted.
  std::optional<Hash128> decided_about(const Hash128& said, Timestamp at) const;
};

}  // namespace tributary
