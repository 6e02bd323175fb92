// Text of other encodings becomes UTF-8 while it is read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/bulk/byte_stream.h"

namespace tributary {

/// The encoding that a byte order mark at the front names: UTF-16LE, UTF-16BE; empty for every other text.
std::string utf16_of(std::string_view head);

/// `encoding` as iconv(3) of the C library names it, of characters that begin at multiples of `unit` bytes. What is no
/// character becomes the byte 0xff, which is in no UTF-8: whoever reads the row refuses it and knows its number. read()
/// wants room for 8 bytes.
std::unique_ptr<ByteStream> transcode(const std::string& encoding, size_t unit, std::unique_ptr<ByteStream> stream);

}  // namespace tributary
