#pragma once

#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/base/strong_id.h"

namespace tributary {

/// The number of a workspace: the first four bytes of SHA-256 of its name, big-endian. A function of the name alone, so
/// that every process and every replay agrees; the configuration refuses two names with one number.
inline WorkspaceId workspace_id(std::string_view name) {
  std::string digest = sha256(name);
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = (number << 8) | static_cast<uint8_t>(digest[i]);
  return WorkspaceId{number};
}

}  // namespace tributary
