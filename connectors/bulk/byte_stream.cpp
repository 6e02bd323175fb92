#include "connectors/bulk/byte_stream.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tributary {
namespace {

constexpr int kInterruptAskedMs = 100;

class MemoryStream : public ByteStream {
 public:
  explicit MemoryStream(std::string_view bytes) : bytes_(bytes) {}
  Result<size_t> read(std::span<char> room) override {
    if (interrupted_.load(std::memory_order_relaxed)) return Error(ErrorCode::stopping, "interrupted");
    size_t count = bytes_.copy(room.data(), room.size(), taken_);
    taken_ += count;
    return count;
  }
  uint64_t taken() const override { return taken_; }
  void interrupt() override { interrupted_.store(true, std::memory_order_relaxed); }

 private:
  std::string_view bytes_;
  size_t taken_ = 0;
  std::atomic<bool> interrupted_ = false;
};

class DescriptorStream : public ByteStream {
 public:
  DescriptorStream(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  Result<size_t> read(std::span<char> room) override {
    while (true) {
      pollfd waiting{descriptor_, POLLIN, 0};
      int ready = ::poll(&waiting, 1, kInterruptAskedMs);
      if (interrupted_.load(std::memory_order_relaxed)) return Error(ErrorCode::stopping, "interrupted");
      if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      ssize_t count = ::read(descriptor_, room.data(), room.size());
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return errno_error("reading " + name_, errno);
      taken_ += static_cast<uint64_t>(count);
      return static_cast<size_t>(count);
    }
  }
  uint64_t taken() const override { return taken_; }
  void interrupt() override { interrupted_.store(true, std::memory_order_relaxed); }

 private:
  int descriptor_;
  std::string name_;
  uint64_t taken_ = 0;
  std::atomic<bool> interrupted_ = false;
};

class PeekedStream : public ByteStream {
 public:
  PeekedStream(std::string head, std::unique_ptr<ByteStream> rest) : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<size_t> read(std::span<char> room) override {
    if (given_ == head_.size()) return rest_->read(room);
    size_t count = head_.copy(room.data(), room.size(), given_);
    given_ += count;
    return count;
  }
  uint64_t taken() const override { return rest_->taken(); }
  void interrupt() override { rest_->interrupt(); }

 private:
  std::string head_;
  size_t given_ = 0;
  std::unique_ptr<ByteStream> rest_;
};

}  // namespace

std::unique_ptr<ByteStream> stream_of_memory(std::string_view bytes) { return std::make_unique<MemoryStream>(bytes); }

std::unique_ptr<ByteStream> stream_of_descriptor(int descriptor, std::string name) {
  return std::make_unique<DescriptorStream>(descriptor, std::move(name));
}

Result<Peeked> peek(std::unique_ptr<ByteStream> stream, size_t bytes) {
  std::string head(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    auto count = stream->read(std::span(head).subspan(have));
    if (!count) return count.error();
    if (*count == 0) break;
    have += *count;
  }
  head.resize(have);
  return Peeked{head, std::make_unique<PeekedStream>(head, std::move(stream))};
}

}  // namespace tributary
