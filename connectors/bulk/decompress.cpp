#include "connectors/bulk/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr size_t kInputBytes = 256 << 10;
constexpr int kGzipOnly = 15 + 16;
constexpr int kZstdWindowLogMax = 27;  // what the zstd tool itself takes without being asked for more

/// The compressed side of a decoder: a buffer, and where it stands in the stream.
class CompressedInput {
 public:
  explicit CompressedInput(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)), buffer_(kInputBytes) {}

  std::span<char> rest() { return std::span(buffer_).subspan(used_, filled_ - used_); }
  void use(size_t bytes) { used_ += bytes; }
  /// False at the end of the stream. Call when rest() is empty.
  Result<bool> refill() {
    auto count = stream_->read(buffer_);
    if (!count) return count.error();
    begin_ += filled_;
    used_ = 0;
    filled_ = *count;
    return filled_ > 0;
  }
  uint64_t position() const { return begin_ + used_; }
  ByteStream& stream() const { return *stream_; }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::vector<char> buffer_;
  uint64_t begin_ = 0;
  size_t used_ = 0, filled_ = 0;
};

/// What all formats have in common: the next step either gives bytes or asks for more input.
class Decoder : public ByteStream {
 public:
  Decoder(std::unique_ptr<ByteStream> stream, std::string name) : input_(std::move(stream)), name_(std::move(name)) {}

  Result<size_t> read(std::span<char> room) override {
    while (true) {
      bool ended = false;
      if (input_.rest().empty()) {
        auto filled = input_.refill();
        if (!filled) return filled.error();
        ended = !*filled;
      }
      if (ended && between_) return size_t{0};
      auto given = step(room);
      if (!given || *given > 0) return given;
      if (ended && !between_) return damaged("ends too early");
    }
  }
  uint64_t taken() const override { return input_.stream().taken(); }
  void interrupt() override { input_.stream().interrupt(); }

 protected:
  /// Decodes from input_.rest() into `room`; 0 when it needs more input. Sets between_ when nothing is under way.
  virtual Result<size_t> step(std::span<char> room) = 0;

  Error damaged(const std::string& how) const {
    return Error(ErrorCode::corrupt,
                 "the " + name_ + " data " + how + ", at byte " + std::to_string(input_.position()));
  }

  CompressedInput input_;
  bool between_ = false;  // behind a member or frame, before the next one

 private:
  std::string name_;
};

class GzipDecoder : public Decoder {
 public:
  explicit GzipDecoder(std::unique_ptr<ByteStream> stream) : Decoder(std::move(stream), "gzip") {
    TRIBUTARY_CHECK(inflateInit2(&zlib_, kGzipOnly) == Z_OK);
  }
  ~GzipDecoder() override { inflateEnd(&zlib_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

 protected:
  Result<size_t> step(std::span<char> room) override {
    if (between_) {
      skip_padding();
      if (input_.rest().empty()) return size_t{0};
      if (inflateReset(&zlib_) != Z_OK) return damaged("is damaged");
    }
    between_ = false;
    auto rest = input_.rest();
    zlib_.next_in = reinterpret_cast<Bytef*>(rest.data());
    zlib_.avail_in = static_cast<uInt>(rest.size());
    zlib_.next_out = reinterpret_cast<Bytef*>(room.data());
    zlib_.avail_out = static_cast<uInt>(room.size());
    int status = inflate(&zlib_, Z_NO_FLUSH);
    input_.use(rest.size() - zlib_.avail_in);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return damaged("is damaged");
    between_ = status == Z_STREAM_END;
    return room.size() - zlib_.avail_out;
  }

 private:
  /// Zeros behind a member are no member: so gzip itself reads what stood on a tape or in a block device.
  void skip_padding() {
    auto rest = input_.rest();
    auto end = std::find_if(rest.begin(), rest.end(), [](char byte) { return byte != 0; });
    input_.use(static_cast<size_t>(end - rest.begin()));
  }

  z_stream zlib_{};
};

class ZstdDecoder : public Decoder {
 public:
  explicit ZstdDecoder(std::unique_ptr<ByteStream> stream)
      : Decoder(std::move(stream), "zstd"), context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    TRIBUTARY_CHECK(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }

 protected:
  Result<size_t> step(std::span<char> room) override {
    auto rest = input_.rest();
    ZSTD_inBuffer in{rest.data(), rest.size(), 0};
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    size_t wanted = ZSTD_decompressStream(context_.get(), &out, &in);
    input_.use(in.pos);
    if (ZSTD_isError(wanted)) return damaged(std::string("is damaged (") + ZSTD_getErrorName(wanted) + ")");
    between_ = wanted == 0;
    return out.pos;
  }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
};

}  // namespace

Compression compression_of(std::string_view head) {
  if (head.starts_with("\x1f\x8b")) return Compression::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  bool skippable = head.size() >= 4 && (head[0] & 0xf0) == 0x50 && head.substr(1, 3) == "\x2a\x4d\x18";
  return skippable ? Compression::zstd : Compression::none;
}

std::unique_ptr<ByteStream> decompress(Compression compression, std::unique_ptr<ByteStream> stream) {
  if (compression == Compression::gzip) return std::make_unique<GzipDecoder>(std::move(stream));
  if (compression == Compression::zstd) return std::make_unique<ZstdDecoder>(std::move(stream));
  return stream;
}

}  // namespace tributary
