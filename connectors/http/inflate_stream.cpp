#include "connectors/http/inflate_stream.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr int kGzipOnly = 15 + 16;
constexpr int kWindowLogMax = 24;  // 16 MiB
constexpr std::string_view kGzipBegins = "\x1f\x8b";
constexpr std::string_view kZstdBegins = "\x28\xb5\x2f\xfd";
constexpr std::string_view kZstdSkippable = "\x2a\x4d\x18";  // behind 0x5?

class GzipStream : public InflateStream {
 public:
  GzipStream() { TRIBUTARY_CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK); }
  ~GzipStream() override { inflateEnd(&stream_); }

  Step next(std::string_view& input, std::string& out) override {
    if (between_ && begun_) input.remove_prefix(std::min(input.find_first_not_of('\0'), input.size()));  // padding
    if (between_ && input.empty()) return out.clear(), Step::no_more;
    if (between_ && begun_ && inflateReset(&stream_) != Z_OK) return Step::damaged;
    between_ = false;
    begun_ = true;
    out.resize(kStepBytes);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    int status = inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(input.size() - stream_.avail_in);
    out.resize(out.size() - stream_.avail_out);
    if (status == Z_STREAM_END) {
      between_ = true;
      return Step::output;
    }
    if (status == Z_BUF_ERROR && out.empty() && input.empty()) return Step::no_more;
    if (status != Z_OK) return Step::damaged;
    return stream_.avail_out == 0 || !input.empty() ? Step::output : Step::no_more;
  }

  bool whole() const override { return between_; }

 private:
  z_stream stream_{};
  bool between_ = true;  // before the first member, or behind one
  bool begun_ = false;
};

class ZstdStream : public InflateStream {
 public:
  ZstdStream() : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    TRIBUTARY_CHECK(context_ != nullptr);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  }

  Step next(std::string_view& input, std::string& out) override {
    if (wanted_ == 0 && input.empty()) return out.clear(), Step::no_more;
    out.resize(kStepBytes);
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    size_t wanted = ZSTD_decompressStream(context_.get(), &to, &in);
    if (ZSTD_isError(wanted)) return Step::damaged;
    wanted_ = wanted;
    input.remove_prefix(in.pos);
    out.resize(to.pos);
    return to.pos == kStepBytes || !input.empty() ? Step::output : Step::no_more;
  }

  bool whole() const override { return wanted_ == 0; }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  size_t wanted_ = 0;  // 0: at the end of a frame, or before the first
};

bool is_same_word(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (ascii_lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::unique_ptr<InflateStream>> inflate_stream_for(std::string_view first_bytes,
                                                                 std::string_view content_encoding) {
  if (first_bytes.starts_with(kGzipBegins)) return std::make_unique<GzipStream>();
  bool skippable =
      first_bytes.size() >= 4 && (first_bytes[0] & 0xf0) == 0x50 && first_bytes.substr(1, 3) == kZstdSkippable;
  if (first_bytes.starts_with(kZstdBegins) || skippable) return std::make_unique<ZstdStream>();
  for (std::string_view harmless : {"", "identity", "gzip", "x-gzip", "zstd"}) {
    if (is_same_word(content_encoding, harmless)) return std::unique_ptr<InflateStream>();
  }
  return std::nullopt;
}

}  // namespace tributary
