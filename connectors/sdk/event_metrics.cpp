#include "connectors/sdk/event_metrics.h"

namespace tributary {
namespace {

void add_to(Counter& counter, size_t count) {
  if (count > 0) counter.increment(static_cast<double>(count));
}

}  // namespace

void count_events(Metrics& metrics, const OutcomeCounts& counts, const ItemErrors& errors) {
  add_to(metrics.events_received, counts.accepted + counts.duplicate + counts.rejected);
  add_to(metrics.events_accepted, counts.accepted);
  add_to(metrics.events_duplicate, counts.duplicate);
  add_to(metrics.events_rejected, counts.rejected);
  for (RejectionCode code : errors.codes) metrics.rejected(code).increment();
}

void count_findings(Metrics& metrics, const std::string& source, const ReadFindings& findings) {
  add_to(metrics.identifiers_blocked, findings.identifiers_blocked);
  add_to(metrics.identifiers_invalid, findings.identifiers_invalid);
  if (findings.unknown_channels > 0) metrics.count_unknown_channels(source, findings.unknown_channels);
  for (const PlanFinding& found : findings.plan) {
    metrics.count_plan_violation(source, found.event, plan_act_name(found.act));
  }
}

}  // namespace tributary
