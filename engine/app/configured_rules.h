// Rules of identity from configuration files, compared with those in force.
#pragma once

#include "config/config.h"
#include "engine/engine.h"

namespace tributary {

/// Makes the rules of the files the active ones where the configuration says so, otherwise tells that they differ. To
/// be called once, before requests are served. Errors: those of writing to the log.
Result<void> apply_configured_rules(Engine& engine, const IdentityConfig& config);

}  // namespace tributary
