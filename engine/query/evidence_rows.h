// Rows that evidence has in one family of the state: orders, facts, measurements.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/query/customer.h"

namespace tributary {

/// Where the rows of one evidence stand.
struct EvidencePlace {
  Hash128 home;
  const Evidence* evidence = nullptr;
};

/// By home, so that rows of one home are read one after the other.
std::vector<EvidencePlace> places_of(const std::vector<const Evidence*>& evidence);

/// Walks the rows of several pieces of evidence, with one iterator for all of a home: making one costs more than a
/// seek, and as long as rows are in memory each sorts those of its home anew. Owner: one thread; lives at most as long
/// as its reader.
class EvidenceRows {
 public:
  EvidenceRows(const StateReader& reader, Family family) : reader_(reader), family_(family) {}

  /// To the first row of the prefix, which begins with a whole fragment_key().
  void to(std::string prefix) { to(std::move(prefix), {}); }
  /// To the first of them from `from` on, which has the prefix; empty: the first.
  void to(std::string prefix, std::string_view from);

  bool valid() const { return rows_->valid() && rows_->key().starts_with(prefix_); }
  std::string_view key() const { return rows_->key(); }
  std::string_view value() const { return rows_->value(); }
  void next() { rows_->next(); }
  /// An error that made valid() false too early.
  Result<void> status() const { return rows_->status(); }

 private:
  const StateReader& reader_;
  const Family family_;
  std::string home_, prefix_;
  std::unique_ptr<StateIterator> rows_;
};

}  // namespace tributary
