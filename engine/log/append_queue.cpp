#include "engine/log/append_queue.h"

#include <iterator>

#include "engine/base/check.h"

namespace tributary {

size_t payload_bytes(const std::vector<Record>& records) {
  size_t bytes = 0;
  for (const Record& record : records) {
    TRIBUTARY_CHECK(!record.payload.empty() && record.payload.size() <= kRecordPayloadMax);
    bytes += record.payload.size();
  }
  return bytes;
}

std::optional<AppendRefusal> AppendQueue::push(AppendRequest&& request) {
  TRIBUTARY_CHECK(!request.records.empty());
  size_t records = request.records.size();
  size_t bytes = payload_bytes(request.records);
  {
    std::lock_guard lock(mutex_);
    if (closed_) return closed_;
    bool full = size_.records + records > records_max_ || size_.bytes + bytes > bytes_max_;
    if (full && size_.records > 0) return AppendRefusal::overloaded;
    size_.records += records;
    size_.bytes += bytes;
    queue_.push_back({std::move(request)});
  }
  changed_.notify_one();
  return std::nullopt;
}

std::optional<AppendRefusal> AppendQueue::refusal() const {
  std::lock_guard lock(mutex_);
  if (closed_) return closed_;
  if (size_.records >= records_max_ || size_.bytes >= bytes_max_) return AppendRefusal::overloaded;
  return std::nullopt;
}

bool AppendQueue::take(std::deque<WaitingAppend>& into) {
  std::unique_lock lock(mutex_);
  if (into.empty()) {
    changed_.wait(lock, [this] { return !queue_.empty() || closed_.has_value(); });
    into.swap(queue_);
    return !into.empty();
  }
  std::move(queue_.begin(), queue_.end(), std::back_inserter(into));
  queue_.clear();
  return true;
}

void AppendQueue::release(size_t records, size_t bytes) {
  std::lock_guard lock(mutex_);
  size_.records -= records;
  size_.bytes -= bytes;
}

void AppendQueue::close(AppendRefusal why) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) closed_ = why;
  }
  changed_.notify_all();
}

AppendQueue::Size AppendQueue::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace tributary
