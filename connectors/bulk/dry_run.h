// The judgement of a server, without one.
#pragma once

#include <memory>

#include "connectors/bulk/import_connection.h"
#include "engine/engine.h"

namespace tributary {

/// Answers each body as the batch route of a server with this source and these limits would, as far as the events alone
/// decide: every event that it would take is `accepted`, also one it has already. Nothing is sent or stored.
std::unique_ptr<ImportConnection> make_dry_run(const Source& source, const IngestLimits& limits);

}  // namespace tributary
