// What `/metrics` tells of the events of a request, whoever sent it.
#pragma once

#include "connectors/sdk/envelope.h"

namespace tributary {

/// What became of them.
void count_events(Metrics& metrics, const OutcomeCounts& counts, const ItemErrors& errors);

/// What was noticed when events of the source were read.
void count_findings(Metrics& metrics, const std::string& source, const ReadFindings& findings);

}  // namespace tributary
