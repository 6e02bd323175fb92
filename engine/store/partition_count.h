#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace tributary {

/// Checks that the states below `state_directory` were made for this number of partitions; another number would scatter
/// a workspace. Kept in `<state_directory>/partitions`. A directory without states fits every number; with `note_new`,
/// this one is then written down, durably, before the first state can be made. Errors: config, naming both numbers;
/// corrupt when states lie there without their number; io.
Result<void> check_partition_count(const std::string& state_directory, uint16_t partitions, bool note_new);

}  // namespace tributary
