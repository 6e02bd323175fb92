#pragma once

#include "engine/base/bytes.h"
#include "engine/base/keyed_hash.h"

namespace tributary {

/// The next 16 bytes as a hash; zero, and not ok(), when fewer are left.
inline Hash128 read_hash(ByteReader& in) {
  std::string_view bytes = in.raw(16);
  return bytes.size() == 16 ? Hash128::from_bytes(bytes) : Hash128{};
}

}  // namespace tributary
