#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

/// The whole of a regular file of at most `bytes_max` bytes. Errors: io naming the path, invalid when it is longer.
Result<std::string> read_small_file(const std::string& path, size_t bytes_max);

/// The secrets in a file that a `*_file` setting names: one, or one per line when `many`. Line ends and surrounding
/// blanks are not part of a secret, because editors add them. Errors: as above; invalid when it is empty or holds too
/// many.
Result<std::vector<std::string>> read_secrets(const std::string& path, bool many);

}  // namespace tributary
