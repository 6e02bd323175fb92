// gzip and zstd, decompressed while they are read.
#pragma once

#include <memory>
#include <string_view>

#include "connectors/bulk/byte_stream.h"

namespace tributary {

enum class Compression { none, gzip, zstd };

/// By its first bytes (4 are enough), not by its name.
Compression compression_of(std::string_view head);

/// Gives what `stream` holds compressed: members or frames, one behind the other. Memory: what the format's window
/// needs, at most 128 MiB (zstd made with --long=28 or more is refused), whatever it expands to. Errors of read():
/// corrupt with the byte of the compressed stream where it stops making sense, or where it ends too early.
std::unique_ptr<ByteStream> decompress(Compression compression, std::unique_ptr<ByteStream> stream);

}  // namespace tributary
