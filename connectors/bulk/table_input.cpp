#include "connectors/bulk/table_input.h"

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connectors/bulk/event_builder.h"
#include "connectors/bulk/table_reader.h"
#include "engine/base/check.h"

namespace tributary {
namespace {

void make_event(const Mapping& mapping, std::span<const TableRow> rows, ImportItem& item) {
  const TableRow& first = rows.front();
  if (first.error_code.empty()) {
    build_event(mapping, rows, item);
  } else {
    item.begin(first.place);
    item.refuse(first.error_code, first.error);
  }
}

class RowMaker : public EventMaker {
 public:
  RowMaker(const Mapping& mapping, size_t columns) : mapping_(mapping), columns_(columns) {}
  void begin(const ImportPart& part) override { rows_.emplace(mapping_.shape, columns_, part.slice); }
  bool next(ImportItem& item) override {
    if (!rows_->next(row_)) return false;
    make_event(mapping_, std::span(&row_, 1), item);
    return true;
  }

 private:
  const Mapping& mapping_;
  size_t columns_;
  std::optional<SliceRows> rows_;
  TableRow row_;
};

/// Each row is an event.
class RowInput : public ImportInput {
 public:
  RowInput(ImportText& text, std::unique_ptr<TableReader> reader, Mapping mapping)
      : ImportInput(text), reader_(std::move(reader)), mapping_(std::move(mapping)) {}

  bool cut(ImportPart& part, size_t events_max) override {
    bool found = reader_->cutter().cut(part.slice, events_max);
    part.next = reader_->cutter().place();
    return found;
  }
  std::unique_ptr<EventMaker> make_maker() const override {
    return std::make_unique<RowMaker>(mapping_, reader_->columns().size());
  }
  void seek(RowPlace place) override { reader_->cutter().seek(place); }

 private:
  std::unique_ptr<TableReader> reader_;
  Mapping mapping_;
};

/// Which rows are one event: numbered in the order of their first rows.
struct RowGroups {
  std::vector<RowPlace> places;
  std::vector<size_t> starts;  // index into places of each group's first row

  std::span<const RowPlace> of(size_t group) const {
    size_t end = group + 1 == starts.size() ? places.size() : starts[group + 1];
    return std::span(places).subspan(starts[group], end - starts[group]);
  }
};

class GroupMaker : public EventMaker {
 public:
  GroupMaker(const Mapping& mapping, size_t columns, const RowGroups& groups, std::string_view text)
      : mapping_(mapping), columns_(columns), groups_(groups), text_(text), cutter_(text_, row_form(mapping.shape)) {}

  void begin(const ImportPart& part) override {
    at_ = part.first_group;
    last_ = part.last_group;
  }

  bool next(ImportItem& item) override {
    if (at_ == last_) return false;
    auto places = groups_.of(at_++);
    rows_.resize(places.size());
    slices_.resize(places.size());
    for (size_t i = 0; i < places.size(); ++i) {
      cutter_.seek(places[i]);
      cutter_.cut(slices_[i], 1);
      SliceRows(mapping_.shape, columns_, slices_[i]).next(rows_[i]);
    }
    make_event(mapping_, rows_, item);
    return true;
  }

 private:
  const Mapping& mapping_;
  size_t columns_;
  const RowGroups& groups_;
  ImportText text_;
  RowCutter cutter_;
  std::vector<TableRow> rows_;
  std::vector<RowSlice> slices_;
  size_t at_ = 0, last_ = 0;
};

/// Rows with equal keys are one event; events come in the order of their first rows, damaged rows among them.
class GroupInput : public ImportInput {
 public:
  GroupInput(ImportText& text, std::unique_ptr<TableReader> reader, Mapping mapping)
      : ImportInput(text), reader_(std::move(reader)), mapping_(std::move(mapping)), bytes_(text.from(0)) {}

  Result<void> index() {
    std::unordered_map<std::string, uint32_t> groups;
    std::vector<std::pair<uint32_t, RowPlace>> rows;
    TableRow row;
    while (reader_->next(row)) {
      if (rows.size() == kGroupedRowsMax) {
        return Error(ErrorCode::invalid,
                     "more than " + std::to_string(kGroupedRowsMax) + " rows to group; split the file");
      }
      rows.emplace_back(group_of(row, groups), row.place);
    }
    // Sorting by group keeps each group's rows together and, being stable, in file order.
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    groups_.places.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i == 0 || rows[i].first != rows[i - 1].first) groups_.starts.push_back(i);
      groups_.places.push_back(rows[i].second);
    }
    return {};
  }

  bool cut(ImportPart& part, size_t events_max) override {
    part.first_group = at_;
    at_ = std::min(at_ + events_max, groups_.starts.size());
    part.last_group = at_;
    part.next = at_ == groups_.starts.size() ? reader_->cutter().place() : groups_.of(at_).front();
    return part.first_group < part.last_group;
  }
  std::unique_ptr<EventMaker> make_maker() const override {
    return std::make_unique<GroupMaker>(mapping_, reader_->columns().size(), groups_, bytes_);
  }
  void seek(RowPlace place) override {
    at_ = 0;
    while (at_ < groups_.starts.size() && groups_.of(at_).front().offset < place.offset) ++at_;
  }
  InputProgress progress() const override { return {at_, groups_.starts.size()}; }

 private:
  /// A damaged row is a group of its own.
  uint32_t group_of(const TableRow& row, std::unordered_map<std::string, uint32_t>& groups) {
    if (!row.error_code.empty()) return group_count_++;
    auto [entry, added] = groups.try_emplace(row_key(mapping_.group_by, row), group_count_);
    if (added) ++group_count_;
    return entry->second;
  }

  std::unique_ptr<TableReader> reader_;
  Mapping mapping_;
  std::string_view bytes_;
  RowGroups groups_;
  uint32_t group_count_ = 0;
  size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<ImportInput>> open_table(ImportText& text, Mapping mapping) {
  auto reader = std::make_unique<TableReader>(text, mapping.shape);
  if (auto wrong = reader->open()) return Error(ErrorCode::invalid, *wrong);
  auto missing = bind_columns(mapping, reader->columns());
  if (!missing.empty()) {
    std::string all;
    for (const std::string& message : missing) all += (all.empty() ? "" : "\n") + message;
    return Error(ErrorCode::invalid, all);
  }
  if (mapping.group_by.empty()) {
    return std::unique_ptr<ImportInput>(new RowInput(text, std::move(reader), std::move(mapping)));
  }
  TRIBUTARY_CHECK(text.is_whole());
  auto grouped = std::make_unique<GroupInput>(text, std::move(reader), std::move(mapping));
  TRIBUTARY_TRY(grouped->index());
  return std::unique_ptr<ImportInput>(std::move(grouped));
}

}  // namespace tributary
