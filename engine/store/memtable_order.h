// How the rows of a hashed memtable are put into order: kept as they came, sorted when somebody asks.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tributary {

/// Addresses of rows in the order of their insertion. One writer; a reader sees every row that was complete when it
/// asked.
class RowList {
 public:
  RowList() : first_(new Chunk), last_(first_) {}
  ~RowList() {
    for (Chunk* chunk = first_; chunk != nullptr;) {
      std::unique_ptr<Chunk> owned(chunk);
      chunk = chunk->next.load(std::memory_order_relaxed);
    }
  }
  RowList(const RowList&) = delete;
  RowList& operator=(const RowList&) = delete;

  void push_back(const char* row) {
    size_t size = size_.load(std::memory_order_relaxed);
    size_t place = size % kRowsPerChunk;
    if (place == 0 && size > 0) {
      auto* chunk = new Chunk;
      last_->next.store(chunk, std::memory_order_release);
      last_ = chunk;
    }
    last_->rows[place] = row;
    size_.store(size + 1, std::memory_order_release);
  }

  size_t size() const { return size_.load(std::memory_order_acquire); }
  size_t memory_bytes() const { return (size() / kRowsPerChunk + 1) * sizeof(Chunk); }

  template <class OnRow>
  void for_each(OnRow on_row) const {
    size_t left = size();
    for (const Chunk* chunk = first_; left > 0; chunk = chunk->next.load(std::memory_order_acquire)) {
      size_t here = std::min(left, kRowsPerChunk);
      for (size_t i = 0; i < here; ++i) on_row(chunk->rows[i]);
      left -= here;
    }
  }

 private:
  static constexpr size_t kRowsPerChunk = 1000;
  struct Chunk {
    std::array<const char*, kRowsPerChunk> rows;
    std::atomic<Chunk*> next{nullptr};
  };
  Chunk* first_;
  Chunk* last_;  // the writer's
  std::atomic<size_t> size_{0};
};

/// A row, or a chain of rows of one key, with 16 bytes of its key as two numbers that compare as the bytes do: nearly
/// every comparison of the sort ends there, without going to the row.
template <class T>
struct Sortable {
  uint64_t high = 0;
  uint64_t low = 0;
  const T* what = nullptr;

  Sortable() = default;
  Sortable(std::string_view distinguishing_bytes, const T* address) : what(address) {
    char bytes[16] = {};
    std::memcpy(bytes, distinguishing_bytes.data(), std::min(distinguishing_bytes.size(), sizeof bytes));
    uint64_t halves[2];
    std::memcpy(halves, bytes, sizeof bytes);
    high = __builtin_bswap64(halves[0]);
    low = __builtin_bswap64(halves[1]);
  }
};

/// Hashes and times differ in their first bytes: sorted digit by digit; the few that do not are compared. `before` says
/// which of two that agree in all 16 bytes comes first.
template <class T, class Before>
void sort_by_bytes(std::vector<Sortable<T>>& items, Before before) {
  boost::sort::spreadsort::integer_sort(
      items.begin(), items.end(), [](const Sortable<T>& item, unsigned shift) { return item.high >> shift; },
      [](const Sortable<T>& a, const Sortable<T>& b) { return a.high < b.high; });
  for (auto run = items.begin(); run != items.end();) {
    auto end = std::find_if(run, items.end(), [run](const auto& item) { return item.high != run->high; });
    if (end - run > 1) {
      std::sort(run, end, [&](const Sortable<T>& a, const Sortable<T>& b) {
        return a.low != b.low ? a.low < b.low : before(a.what, b.what);
      });
    }
    run = end;
  }
}

}  // namespace tributary
