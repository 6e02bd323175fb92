// What `/metrics` tells of the events of a request, whoever sent it.
#pragma once

#include "connectors/sdk/envelope.h"

namespace tributary {

/// What became of them.
void count_events(Metrics& metrics, const OutcomeCounts& counts, const ItemErrors& errors);

/// Identifiers that were left out when the events were read.
void count_identifiers(Metrics& metrics, size_t blocked, size_t invalid);

}  // namespace tributary
