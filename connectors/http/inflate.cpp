#include "connectors/http/inflate.h"

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "connectors/http/memory_charge.h"
#include "engine/base/check.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr size_t kFirstOutputBytes = 64ull << 10;
constexpr size_t kGzipTrailerBytes = 8;  // CRC-32 and length modulo 2^32
constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr int kRawWindow = -15;
constexpr int kZstdWindowLogMax = 24;  // 16 MiB of window at most, whatever a frame asks for

// Asked before the memory is taken: a bound that is checked afterwards bounds nothing.
bool may_hold(const InflateLimits& limits, size_t bytes, const std::string& out) {
  return limits.charge == nullptr || limits.charge->hold_text(std::max(bytes, out.capacity()));
}

// Output that grows, within the limits. `used` bytes are filled.
class Output {
 public:
  Output(const InflateLimits& limits, std::string& out) : limits_(limits), out_(out) { out_.clear(); }

  // Makes room when there is none; otherwise says why there can be none. One byte more than the limit, so that reaching
  // it and going beyond can be told apart.
  std::optional<InflateResult> make_room() {
    if (free_bytes() > 0) return std::nullopt;
    size_t bytes_max = limits_.output_bytes_max + 1;
    if (out_.size() == bytes_max) return InflateResult::too_large;
    size_t bytes = std::min(bytes_max, std::max(kFirstOutputBytes, out_.size() * 2));
    if (!may_hold(limits_, bytes + kBodyPaddingBytes, out_)) return InflateResult::overloaded;
    out_.reserve(bytes + kBodyPaddingBytes);
    out_.resize(bytes);
    return std::nullopt;
  }
  char* free_begin() { return out_.data() + used_; }
  size_t free_bytes() const { return out_.size() - used_; }
  void use(size_t bytes) { used_ += bytes; }

  bool is_too_large(size_t input_consumed) const {
    if (used_ > limits_.output_bytes_max) return true;
    return used_ > limits_.ratio_from_bytes && used_ / limits_.ratio_max > input_consumed;
  }
  InflateResult finish() {
    out_.resize(used_);
    out_.reserve(used_ + kBodyPaddingBytes);
    return InflateResult::ok;
  }

 private:
  const InflateLimits& limits_;
  std::string& out_;
  size_t used_ = 0;
};

struct InflateEnd {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

// Streams, so that a bomb is recognised by its ratio after its first megabyte. For gzip, members follow one another.
InflateResult inflate_stream(std::string_view input, int window, const InflateLimits& limits, std::string& out) {
  std::unique_ptr<z_stream, InflateEnd> stream(new z_stream{});
  TRIBUTARY_CHECK(inflateInit2(stream.get(), window) == Z_OK);
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream->avail_in = static_cast<uInt>(input.size());
  Output output(limits, out);
  while (true) {
    if (auto refused = output.make_room()) return *refused;
    // Small steps keep the ratio honest: input is consumed before all of its output is out.
    size_t step = std::min<size_t>(output.free_bytes(), 256ull << 10);
    stream->next_out = reinterpret_cast<Bytef*>(output.free_begin());
    stream->avail_out = static_cast<uInt>(step);
    int status = inflate(stream.get(), Z_NO_FLUSH);
    output.use(step - stream->avail_out);
    if (output.is_too_large(input.size() - stream->avail_in)) return InflateResult::too_large;
    if (status == Z_STREAM_END) {
      if (stream->avail_in == 0) return output.finish();
      if (window != kGzipWindow || inflateReset(stream.get()) != Z_OK) return InflateResult::damaged;
    } else if (status != Z_OK) {
      return InflateResult::damaged;  // Z_BUF_ERROR with output space left: the input ends too early
    }
  }
}

struct DecompressorFree {
  void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
};

libdeflate_decompressor* thread_decompressor() {
  thread_local std::unique_ptr<libdeflate_decompressor, DecompressorFree> decompressor(libdeflate_alloc_decompressor());
  TRIBUTARY_CHECK(decompressor != nullptr);
  return decompressor.get();
}

// The length that the last member claims for itself.
size_t claimed_bytes(std::string_view gzip) {
  if (gzip.size() < kGzipTrailerBytes) return 0;
  size_t claimed = 0;
  for (size_t i = 0; i < 4; ++i)
    claimed |= static_cast<size_t>(static_cast<uint8_t>(gzip[gzip.size() - 4 + i])) << (8 * i);
  return claimed;
}

}  // namespace

// libdeflate is twice as fast as zlib but needs the whole output's size beforehand and cannot tell how far it came. So
// it takes the common case, one member whose claimed length is plausible; everything else is streamed.
InflateResult gunzip(std::string_view compressed, const InflateLimits& limits, std::string& out) {
  size_t claimed = claimed_bytes(compressed);
  bool plausible = claimed <= limits.output_bytes_max &&
                   (claimed <= limits.ratio_from_bytes || claimed / limits.ratio_max <= compressed.size());
  if (plausible) {
    if (!may_hold(limits, claimed + kBodyPaddingBytes, out)) return InflateResult::overloaded;
    out.reserve(claimed + kBodyPaddingBytes);
    out.resize(claimed);
    size_t consumed = 0;
    size_t produced = 0;
    auto result = libdeflate_gzip_decompress_ex(thread_decompressor(), compressed.data(), compressed.size(), out.data(),
                                                claimed, &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS && consumed == compressed.size()) {
      out.resize(produced);
      return InflateResult::ok;
    }
  }
  return inflate_stream(compressed, kGzipWindow, limits, out);
}

// "deflate" means zlib; some senders leave its header away. Source: RFC 9110 section 8.4.1.2.
InflateResult inflate_deflate(std::string_view compressed, const InflateLimits& limits, std::string& out) {
  InflateResult result = inflate_stream(compressed, kZlibWindow, limits, out);
  return result == InflateResult::damaged ? inflate_stream(compressed, kRawWindow, limits, out) : result;
}

InflateResult inflate_zstd(std::string_view compressed, const InflateLimits& limits, std::string& out) {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  TRIBUTARY_CHECK(context != nullptr);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  Output output(limits, out);
  size_t wanted = 1;  // 0 at the end of a frame
  while (in.pos < in.size || wanted != 0) {
    if (auto refused = output.make_room()) return *refused;
    ZSTD_outBuffer step{output.free_begin(), output.free_bytes(), 0};
    size_t consumed_before = in.pos;
    wanted = ZSTD_decompressStream(context.get(), &step, &in);
    output.use(step.pos);
    if (ZSTD_isError(wanted)) return InflateResult::damaged;
    if (output.is_too_large(in.pos)) return InflateResult::too_large;
    if (step.pos == 0 && in.pos == consumed_before && wanted != 0) return InflateResult::damaged;  // ends too early
  }
  return output.finish();
}

}  // namespace tributary
