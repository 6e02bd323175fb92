// What one page of a list may cost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "engine/log/log.h"

namespace tributary {

// Rows are passed over by their filters alone; a payload is read from the log.
constexpr size_t kPageRowsMax = 50'000;
constexpr size_t kPagePayloadsMax = 2'000;
constexpr size_t kPageBytesMax = 8 << 20;

class PageBudget {
 public:
  void add_row() { ++rows_; }
  void add_payload(size_t bytes) {
    ++payloads_;
    bytes_ += bytes;
  }
  bool spent() const { return rows_ >= kPageRowsMax || payloads_ >= kPagePayloadsMax || bytes_ >= kPageBytesMax; }

 private:
  size_t rows_ = 0;
  size_t payloads_ = 0;
  size_t bytes_ = 0;
};

/// A payload, or nothing where retention deleted it.
inline Result<std::optional<std::string>> read_payload(Log& log, Lsn lsn, PageBudget& budget) {
  auto record = log.read_one(lsn);
  if (!record && record.error().code == ErrorCode::not_found) return std::optional<std::string>();
  if (!record) return with_context("reading a page", record.error());
  budget.add_payload(record->second.size());
  return std::optional<std::string>(std::move(record->second));
}

}  // namespace tributary
