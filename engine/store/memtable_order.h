// How the rows of a hashed memtable are put into order: kept as they came, sorted when somebody asks.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <string_view>
#include <tuple>
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

template <class Iterator, class BytesOf, class Before>
void sort_same(Iterator begin, Iterator end, size_t depth, BytesOf bytes_of, Before before);

/// Runs of at most so many items are compared whole.
constexpr ptrdiff_t kShortRun = 8;

/// Those of [begin, end), which agree in all bytes before `depth` and hold the 16 from there on. The rows of one
/// evidence agree in their first bytes: they are sorted by the next ones, and so on. `bytes_of` gives what is sorted
/// by, `before` says which of two comes first that agree in that, too.
template <class Iterator, class BytesOf, class Before>
void sort_run(Iterator begin, Iterator end, size_t depth, BytesOf bytes_of, Before before) {
  using Item = typename std::iterator_traits<Iterator>::value_type;
  if (end - begin <= kShortRun) {
    std::sort(begin, end, [&](const Item& a, const Item& b) {
      return std::tie(a.high, a.low) != std::tie(b.high, b.low) ? std::tie(a.high, a.low) < std::tie(b.high, b.low)
                                                                : before(a.what, b.what);
    });
    return;
  }
  boost::sort::spreadsort::integer_sort(
      begin, end, [](const Item& item, unsigned shift) { return item.high >> shift; },
      [](const Item& a, const Item& b) { return a.high < b.high; });
  for (auto run = begin; run != end;) {
    auto run_end = std::find_if(run, end, [run](const Item& item) { return item.high != run->high; });
    std::sort(run, run_end, [](const Item& a, const Item& b) { return a.low < b.low; });
    for (auto same = run; same != run_end;) {
      auto same_end = std::find_if(same, run_end, [same](const Item& item) { return item.low != same->low; });
      if (same_end - same > 1) sort_same(same, same_end, depth + sizeof(uint64_t) * 2, bytes_of, before);
      same = same_end;
    }
    run = run_end;
  }
}

/// Those of [begin, end), which agree in all bytes before `depth`.
template <class Iterator, class BytesOf, class Before>
void sort_same(Iterator begin, Iterator end, size_t depth, BytesOf bytes_of, Before before) {
  using Item = typename std::iterator_traits<Iterator>::value_type;
  bool more = std::any_of(begin, end, [&](const Item& item) { return bytes_of(item.what).size() > depth; });
  if (!more || end - begin <= kShortRun) {
    std::sort(begin, end, [&](const Item& a, const Item& b) { return before(a.what, b.what); });
    return;
  }
  for (auto item = begin; item != end; ++item) {
    std::string_view bytes = bytes_of(item->what);
    *item = Item(bytes.substr(std::min(bytes.size(), depth)), item->what);
  }
  sort_run(begin, end, depth, bytes_of, before);
}

/// Hashes and times differ in their first bytes: sorted digit by digit. `bytes_of` gives the bytes that an item was
/// made of, `before` says which of two that agree in all of them comes first.
template <class T, class BytesOf, class Before>
void sort_by_bytes(std::vector<Sortable<T>>& items, BytesOf bytes_of, Before before) {
  sort_run(items.begin(), items.end(), 0, bytes_of, before);
}

}  // namespace tributary
