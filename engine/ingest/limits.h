#pragma once

#include <cstddef>
#include <cstdint>

namespace tributary {

/// Limits of what one request may carry. Defaults are the documented ones; configuration may change each.
struct IngestLimits {
  size_t body_bytes_max = 4ull << 20;  // as received, compressed or not
  size_t decompressed_bytes_max = 16ull << 20;
  size_t event_bytes_max = 512ull << 10;  // source text of one item
  size_t batch_events_max = 10'000;       // 0: bytes only
  size_t json_depth_max = 64;
  size_t identifier_bytes_max = 1024;  // one id, after trimming
  size_t properties_max = 0;           // members of properties or traits; 0: off
  size_t errors_listed_max = 1000;
  size_t event_name_bytes_max = 1024;  // of a track; counted by name in every profile
  // Of a browser key, whose events anybody can send: earlier than receipt - this is moved there; 0: off.
  int64_t public_past_micros_max = 30ll * 24 * 3600 * 1'000'000;
  int64_t future_micros_max = 23ll * 3600 * 1'000'000;  // beyond receipt + this, the time is clamped
};

}  // namespace tributary
