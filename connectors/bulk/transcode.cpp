#include "connectors/bulk/transcode.h"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr size_t kTranscodedBytes = 64 << 10;
constexpr char kNoCharacter = '\xff';

class Transcoder : public ByteStream {
 public:
  Transcoder(const std::string& encoding, size_t unit, std::unique_ptr<ByteStream> stream)
      : unit_(unit),
        stream_(std::move(stream)),
        converter_(iconv_open("UTF-8", encoding.c_str())),
        input_(kTranscodedBytes) {
    TRIBUTARY_CHECK(reinterpret_cast<intptr_t>(converter_) != -1);
  }
  ~Transcoder() override { iconv_close(converter_); }
  Transcoder(const Transcoder&) = delete;
  Transcoder& operator=(const Transcoder&) = delete;

  Result<size_t> read(std::span<char> room) override {
    TRIBUTARY_CHECK(room.size() >= 8);
    char* out = room.data();
    size_t left = room.size();
    while (left == room.size()) {
      if (begin_ == end_ || starved_) {
        auto filled = refill();
        if (!filled) return filled.error();
        if (!*filled && begin_ == end_) return size_t{0};
        if (!*filled) {  // a character that never ends
          begin_ = end_;
          *out = kNoCharacter;
          return size_t{1};
        }
      }
      convert(out, left);
    }
    return room.size() - left;
  }
  uint64_t taken() const override { return stream_->taken(); }
  void interrupt() override { stream_->interrupt(); }

 private:
  /// False at the end of the stream; the beginning of a character stays in front.
  Result<bool> refill() {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    starved_ = false;
    auto count = stream_->read(std::span(input_).subspan(end_));
    if (!count) return count.error();
    end_ += *count;
    return *count > 0;
  }

  void convert(char*& out, size_t& left) {
    char* in = input_.data() + begin_;
    size_t in_left = end_ - begin_;
    size_t done = iconv(converter_, &in, &in_left, &out, &left);
    int why = done == static_cast<size_t>(-1) ? errno : 0;
    begin_ = end_ - in_left;
    starved_ = why == EINVAL;
    if (why != EILSEQ || left == 0) return;
    *out++ = kNoCharacter;
    --left;
    begin_ += std::min(unit_, in_left);
    iconv(converter_, nullptr, nullptr, nullptr, nullptr);
  }

  size_t unit_;
  std::unique_ptr<ByteStream> stream_;
  iconv_t converter_;
  std::vector<char> input_;
  size_t begin_ = 0, end_ = 0;
  bool starved_ = false;  // what is there is the beginning of a character
};

}  // namespace

std::string utf16_of(std::string_view head) {
  if (head.starts_with("\xff\xfe")) return "UTF-16LE";
  return head.starts_with("\xfe\xff") ? "UTF-16BE" : "";
}

std::unique_ptr<ByteStream> transcode(const std::string& encoding, size_t unit, std::unique_ptr<ByteStream> stream) {
  return std::make_unique<Transcoder>(encoding, unit, std::move(stream));
}

}  // namespace tributary
