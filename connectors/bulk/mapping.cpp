#include "connectors/bulk/mapping.h"

#include <algorithm>

namespace tributary {
namespace {

class Binder {
 public:
  explicit Binder(const std::vector<std::string>& columns) : columns_(columns) {}
  std::vector<std::string> take_missing() { return std::move(missing_); }

  void bind(ColumnRef& column) {
    auto found = std::find(columns_.begin(), columns_.end(), column.name);
    if (found == columns_.end()) {
      missing_.push_back("line " + std::to_string(column.line) + ": the file has no column \"" + column.name + "\"");
      return;
    }
    column.index = static_cast<size_t>(found - columns_.begin());
  }
  void bind(std::vector<ColumnRef>& columns) {
    for (ColumnRef& column : columns) bind(column);
  }
  void bind(ValueSpec& value) {
    for (RowTemplatePart& part : value.parts) {
      if (part.column) bind(*part.column);
    }
    bind(value.factors);
    for (auto& [name, member] : value.members) bind(member);
  }
  void bind(std::optional<ValueSpec>& value) {
    if (value) bind(*value);
  }

 private:
  const std::vector<std::string>& columns_;
  std::vector<std::string> missing_;
};

}  // namespace

std::vector<std::string> bind_columns(Mapping& mapping, const std::vector<std::string>& columns) {
  Binder binder(columns);
  binder.bind(mapping.fields);
  binder.bind(mapping.traits);
  binder.bind(mapping.group_by);
  binder.bind(mapping.message_id);
  if (!mapping.records) binder.bind(mapping.time);
  binder.bind(mapping.user_id);
  binder.bind(mapping.anonymous_id);
  binder.bind(mapping.guest_id);
  for (ExternalIdSpec& id : mapping.external_ids) binder.bind(id.value);
  for (EventSpec& event : mapping.events) {
    for (RowCondition& condition : event.when) binder.bind(condition.column);
    binder.bind(event.name);
    binder.bind(event.properties);
    binder.bind(event.traits);
  }
  return binder.take_missing();
}

}  // namespace tributary
