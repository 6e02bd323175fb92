// Which events a source is to send and what their properties hold: agreed with who sends, and checked as it arrives.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/property_schema.h"

namespace tributary {

/// What is done with an event that is not as planned.
enum class PlanAct : uint8_t {
  pass,        // kept, flagged and counted
  strip,       // the same, and offending properties count for nothing; the stored event keeps them
  quarantine,  // becomes a rejected event
};
std::string_view plan_act_name(PlanAct act);

/// One event, to be counted. `event` is a name of the plan; empty: the event is not planned.
struct PlanFinding {
  std::string event;
  PlanAct act = PlanAct::pass;
};

struct PlannedEvent {
  PlanAct on_violation = PlanAct::pass;
  PropertySchema schema;  // of `properties`
};

/// A compiled plan. It is about track events, by their name as the catalogue spells it. Immutable; thread: any.
class TrackingPlan {
 public:
  TrackingPlan(std::map<std::string, PlannedEvent, std::less<>> events, bool quarantines_unplanned)
      : events_(std::move(events)), quarantines_unplanned_(quarantines_unplanned) {}

  /// Null for an event that is not planned.
  const PlannedEvent* find(std::string_view event_name) const {
    auto found = events_.find(event_name);
    return found == events_.end() ? nullptr : &found->second;
  }
  bool quarantines_unplanned() const { return quarantines_unplanned_; }

 private:
  std::map<std::string, PlannedEvent, std::less<>> events_;
  bool quarantines_unplanned_;
};

/// `properties` without the members that a fault lies in, as JSON text; without all of them when there may be more
/// faults than were listed.
std::string without_members(const JsonValue& properties, const std::vector<SchemaFault>& faults);

/// What the faults are, for a rejected event: the first in words, and how many more there are.
std::string describe_faults(std::string_view event_name, const std::vector<SchemaFault>& faults);

}  // namespace tributary
