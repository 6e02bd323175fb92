#pragma once

#include <string>

namespace tributary {

/// One JSON object about this binary: version, compiler, kind of build.
std::string version_json();

}  // namespace tributary
