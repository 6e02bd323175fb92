// How far a feed was taken: a record of the log beside the events that came from it, so that both are durable together.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// Where a source goes on in one stream of its broker.
struct SourcePosition {
  std::string source;  // id of the configured source
  std::string stream;  // as the broker counts: `orders/3`
  uint64_t next = 0;   // the first that was not taken; the last record counts, not the greatest number
};

/// Payload layout, version 1 (integers big-endian, text = varint length + bytes):
///
///   u8 version | u64 next | text source | text stream
void encode_position(const SourcePosition& position, std::string& payload);

/// Errors: corrupt for an unknown version or a cut payload.
Result<SourcePosition> decode_position(std::string_view payload);

}  // namespace tributary
