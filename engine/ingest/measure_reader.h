// What events say for computed traits: filters and values over an event's own JSON.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/domain/computed_trait.h"
#include "engine/domain/record.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// Measures events. Pure: what comes out depends on the event and the rules alone. An event of a name that no rule
/// knows costs one look-up; any other is parsed once.
///
/// A value that is missing, null, a list or an object is not measured, nor is a text over kMeasureTextMax bytes or a
/// number of more than 36 digits; then the rule measures nothing of this event. Owner: one thread.
class MeasureReader {
 public:
  /// `definitions` may agree in their rules; each rule measures once.
  explicit MeasureReader(const std::vector<ComputedTrait>& definitions);

  bool empty() const { return rules_.empty(); }

  struct Said {
    Hash128 measure;
    Measurement measurement;
  };
  /// One per rule that the event passes; valid until the next call.
  const std::vector<Said>& read(WorkspaceId workspace, const EventView& event);

 private:
  struct Rule {
    MeasureRule rule;
    Hash128 measure;
  };
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  using RuleList = std::vector<uint32_t>;

  const RuleList* rules_for(const EventView& event) const;
  bool parse(std::string_view json);
  JsonValue find(const std::vector<std::string>& path) const;
  bool passes(const PropertyCondition& condition);
  bool measure(const MeasureRule& rule, Measurement& measurement);

  std::vector<Rule> rules_;
  boost::unordered_flat_map<std::string, RuleList, NameHash, std::equal_to<>> by_name_;  // of tracks
  std::vector<RuleList> by_type_;                                                        // of the others
  JsonIndex index_;
  std::string json_, scratch_;
  std::vector<Said> said_;
};

}  // namespace tributary
