// Bounded decompression of whole buffers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tributary {

class MemoryCharge;

struct InflateLimits {
  size_t output_bytes_max = 16ull << 20;
  size_t ratio_max = 100;             // output to input consumed so far
  size_t ratio_from_bytes = 1 << 20;  // output below this may have any ratio
  MemoryCharge* charge = nullptr;     // told before the output grows; null: nobody counts
};

enum class InflateResult {
  ok,
  damaged,
  too_large,
  overloaded,  // all requests together hold too much
};

/// Replaces `out` by the decompressed bytes and leaves 64 readable bytes behind them. On an error `out` is unspecified
/// and never larger than the limits allow. Nothing may follow the compressed data.
InflateResult gunzip(std::string_view compressed, const InflateLimits& limits,
                     std::string& out);  // one or more members
InflateResult inflate_deflate(std::string_view compressed, const InflateLimits& limits,
                              std::string& out);                                                         // zlib or raw
InflateResult inflate_zstd(std::string_view compressed, const InflateLimits& limits, std::string& out);  // 1.. frames

}  // namespace tributary
