#include "connectors/bulk/table_input.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connectors/bulk/event_builder.h"

namespace tributary {
namespace {

void refuse(const TableRow& row, ImportItem& item) {
  item = ImportItem{};
  item.place = row.place;
  item.line = row.place.line;
  item.code = row.error_code;
  item.message = row.error;
}

/// Each row is an event.
class RowInput : public ImportInput {
 public:
  RowInput(TableReader reader, Mapping mapping, uint64_t bytes)
      : reader_(std::move(reader)), mapping_(std::move(mapping)), bytes_(bytes) {}

  bool next(ImportItem& item) override {
    if (!reader_.next(row_)) return false;
    if (row_.error_code.empty()) {
      build_event(mapping_, std::span(&row_, 1), item);
    } else {
      refuse(row_, item);
    }
    return true;
  }
  void seek(RowPlace place) override { reader_.seek(place); }
  InputProgress progress() const override { return {reader_.place().offset, bytes_}; }

 private:
  TableReader reader_;
  Mapping mapping_;
  uint64_t bytes_;
  TableRow row_;
};

/// Rows with equal keys are one event; events come in the order of their first rows, damaged rows among them.
class GroupInput : public ImportInput {
 public:
  GroupInput(TableReader reader, Mapping mapping) : reader_(std::move(reader)), mapping_(std::move(mapping)) {}

  Result<void> index() {
    std::unordered_map<std::string, uint32_t> groups;
    std::vector<std::pair<uint32_t, RowPlace>> rows;
    TableRow row;
    while (reader_.next(row)) {
      if (rows.size() == kGroupedRowsMax) {
        return Error(ErrorCode::invalid,
                     "more than " + std::to_string(kGroupedRowsMax) + " rows to group; split the file");
      }
      rows.emplace_back(group_of(row, groups), row.place);
    }
    // Sorting by group keeps each group's rows together and, being stable, in file order.
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    places_.reserve(rows.size());
    for (const auto& [group, place] : rows) {
      if (starts_.empty() || group != last_group_) starts_.push_back(places_.size());
      last_group_ = group;
      places_.push_back(place);
    }
    return {};
  }

  bool next(ImportItem& item) override {
    if (group_ == starts_.size()) return false;
    size_t first = starts_[group_++];
    size_t last = group_ == starts_.size() ? places_.size() : starts_[group_];
    rows_.resize(last - first);
    for (size_t i = 0; i < rows_.size(); ++i) reader_.read_at(places_[first + i], rows_[i]);
    if (rows_.front().error_code.empty()) {
      build_event(mapping_, rows_, item);
    } else {
      refuse(rows_.front(), item);
    }
    return true;
  }

  void seek(RowPlace place) override {
    group_ = 0;
    while (group_ < starts_.size() && places_[starts_[group_]].offset < place.offset) ++group_;
  }
  InputProgress progress() const override { return {group_, starts_.size()}; }

 private:
  /// Groups are numbered in the order of their first rows. A damaged row is a group of its own.
  uint32_t group_of(const TableRow& row, std::unordered_map<std::string, uint32_t>& groups) {
    if (!row.error_code.empty()) return group_count_++;
    auto [entry, added] = groups.try_emplace(row_key(mapping_.group_by, row), group_count_);
    if (added) ++group_count_;
    return entry->second;
  }

  TableReader reader_;
  Mapping mapping_;
  std::vector<RowPlace> places_;
  std::vector<size_t> starts_;  // index into places_ of each group's first row
  std::vector<TableRow> rows_;
  uint32_t group_count_ = 0;
  uint32_t last_group_ = 0;
  size_t group_ = 0;
};

}  // namespace

Result<std::unique_ptr<ImportInput>> open_table(std::string_view text, Mapping mapping) {
  TableReader reader(text, mapping.shape);
  if (auto wrong = reader.open()) return Error(ErrorCode::invalid, *wrong);
  auto missing = bind_columns(mapping, reader.columns());
  if (!missing.empty()) {
    std::string all;
    for (const std::string& message : missing) all += (all.empty() ? "" : "\n") + message;
    return Error(ErrorCode::invalid, all);
  }
  if (mapping.group_by.empty()) {
    return std::unique_ptr<ImportInput>(new RowInput(std::move(reader), std::move(mapping), text.size()));
  }
  auto grouped = std::make_unique<GroupInput>(std::move(reader), std::move(mapping));
  TRIBUTARY_TRY(grouped->index());
  return std::unique_ptr<ImportInput>(std::move(grouped));
}

}  // namespace tributary
