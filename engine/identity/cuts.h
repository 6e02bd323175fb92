// Identifiers that changed hands: from a time on the same value is another identifier, because somebody said so.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <span>
#include <vector>

#include "engine/domain/record.h"

namespace tributary {

/// The cuts of one workspace. Grows only. A generation is the identifier that a cut made of an identifier: of events
/// after the cut, up to the next one.
class Cuts {
 public:
  bool empty() const { return generations_.empty(); }
  bool has(const Hash128& identifier, Timestamp at) const;
  void add(const Hash128& identifier, Timestamp at);

  /// Which one an identifier is in events of this time.
  const Hash128& at(const Hash128& identifier, Timestamp time) const;
  /// Which one it is in the first events after this time.
  const Hash128& right_after(const Hash128& identifier, Timestamp time) const;
  /// Which one it is from the last cut on.
  const Hash128& newest(const Hash128& identifier) const;
  /// After which time that is; the beginning of time for one that was never cut.
  Timestamp newest_from(const Hash128& identifier) const;
  /// Itself and all its generations, oldest first.
  std::vector<Hash128> all_of(const Hash128& identifier) const;
  /// What a generation was made of; any other identifier is itself.
  const Hash128& origin(const Hash128& id) const;
  /// Whether it was cut, or a cut made it.
  bool concern(const Hash128& id) const;

  /// Names identifiers and evidence of an event by its time. The order of identifiers by hash is kept.
  void apply_to(EventView& event) const;

 private:
  struct Generation {
    Timestamp from;  // exclusive
    Hash128 id;
  };
  const std::vector<Generation>* generations_of(const Hash128& identifier) const;

  boost::unordered_flat_map<Hash128, std::vector<Generation>, std::hash<Hash128>> generations_;  // each sorted by time
  boost::unordered_flat_map<Hash128, Hash128, std::hash<Hash128>> origins_;                      // of generations
};

/// The name of evidence of which cuts made another one: `said` is its name in the records, `members` are sorted.
Hash128 divided_evidence(const Hash128& said, std::span<const Hash128> members);

}  // namespace tributary
