#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// Makes a small file durable under its name, whole or not at all; mode 0600. Errors: io, disk_full.
Result<void> write_durable_file(const std::string& directory, const std::string& name, std::string_view bytes);

}  // namespace tributary
