#include "connectors/bulk/import_text.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr size_t kTextPieceBytes = 256 << 10;
constexpr size_t kWindowBytes = 4 << 20;  // several slices: what is moved to the front is little beside what was read

}  // namespace

ImportText::ImportText(std::string_view whole) : whole_(whole), stored_bytes_(whole.size()), ended_(true) {}

ImportText::ImportText(std::unique_ptr<ByteStream> stream, uint64_t stored_bytes)
    : stream_(std::move(stream)), stored_bytes_(stored_bytes), window_(kWindowBytes) {}

std::string_view ImportText::from(uint64_t offset) {
  if (is_whole()) {
    whole_read_ = std::min<uint64_t>(offset, whole_.size());
    return whole_.substr(whole_read_);
  }
  TRIBUTARY_CHECK(offset >= window_at_ + begin_);
  while (offset > window_at_ + end_) {
    begin_ = end_;
    if (!more()) return {};
  }
  begin_ = static_cast<size_t>(offset - window_at_);
  return {window_.data() + begin_, end_ - begin_};
}

bool ImportText::more() {
  if (ended_) return false;
  make_room();
  auto count = stream_->read(std::span(window_).subspan(end_, std::min(kTextPieceBytes, window_.size() - end_)));
  if (!count) fault_ = count.error();
  ended_ = !count || *count == 0;
  if (!ended_) end_ += *count;
  return !ended_;
}

void ImportText::make_room() {
  if (window_.size() - end_ >= kTextPieceBytes) return;
  std::memmove(window_.data(), window_.data() + begin_, end_ - begin_);
  window_at_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  if (window_.size() - end_ < kTextPieceBytes) window_.resize(window_.size() + kWindowBytes);
}

InputProgress ImportText::progress() const {
  return {is_whole() ? whole_read_ : std::min(stream_->taken(), stored_bytes_), stored_bytes_};
}

void ImportText::interrupt() {
  if (stream_) stream_->interrupt();
}

}  // namespace tributary
