#pragma once

#include <cstdint>
#include <string_view>

namespace tributary {

/// CRC-32C (Castagnoli) of `bytes`, continuing from `crc` (0 to start). Uses SSE 4.2 where the processor has it.
/// Source: RFC 3720 appendix B.4.
uint32_t crc32c(std::string_view bytes, uint32_t crc = 0);

/// A checksum that is stored among data which is itself checksummed: rotated and shifted so that a CRC over bytes which
/// contain CRCs stays strong.
constexpr uint32_t masked_crc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

}  // namespace tributary
