#include "connectors/query/export_format.h"

#include <algorithm>
#include <array>

#include "connectors/document/csv.h"
#include "connectors/query/computed_traits_json.h"
#include "connectors/query/query_json.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr std::array kProfileColumns = {
    "customer_id",   "user_id",  "email",        "phone",         "anonymous_id",    "identifiers",
    "traits",        "events",   "first_seen",   "last_seen",     "event_counts",    "channels",
    "lifecycle",     "currency", "orders_count", "revenue_minor", "aov_minor",       "first_order_at",
    "last_order_at", "rfm_cell", "churn_band",   "rfm_scale",     "computed_traits", "lifecycle_since"};
constexpr std::array kEventColumns = {"customer_id", "type",        "name",        "message_id", "source", "channel",
                                      "touchpoint",  "occurred_at", "received_at", "flags",      "event"};

/// Kinds with a column of their own, in the order of the columns.
constexpr std::array kColumnFamilies = {IdentifierFamily::user_id, IdentifierFamily::email, IdentifierFamily::phone,
                                        IdentifierFamily::anonymous_id};

// An event's own bytes may have line ends between its tokens. In strings there is none: JSON escapes them.
void put_on_one_line(std::string& out, size_t from) {
  auto is_line_end = [](char c) { return c == '\n' || c == '\r'; };
  std::replace_if(out.begin() + static_cast<ptrdiff_t>(from), out.end(), is_line_end, ' ');
}

class NdjsonExport : public ExportFormat {
 public:
  NdjsonExport(std::string_view workspace, const ValueMoment& moment) : workspace_(workspace), moment_(moment) {}

  void begin(std::string&) override {}
  void add(const ProfileView& profile, std::string& out) override {
    add_line(profile_json(profile, workspace_, false, moment_), out);
  }
  void add(const ExportedEvent& event, std::string& out) override { add_line(exported_event_json(event), out); }
  void end(uint64_t count, std::string& out) override {
    JsonOut(out).begin_object().key("end").boolean(true).key("count").unsigned_number(count).end_object();
    out += '\n';
  }

 private:
  static void add_line(const std::string& json, std::string& out) {
    size_t from = out.size();
    out += json;
    put_on_one_line(out, from);
    out += '\n';
  }

  const std::string workspace_;
  const ValueMoment moment_;
};

void append_listed(std::string& list, std::string_view value) {
  if (!list.empty()) list += '|';
  for (char c : value) {
    if (c == '|' || c == '\\') list += '\\';
    list += c;
  }
}

// Empty for what no event names.
std::string seen_text(Timestamp time) { return time == Timestamp{} ? std::string() : format_iso8601(time); }

class CsvExport : public ExportFormat {
 public:
  CsvExport(ExportedThing thing, bool byte_order_mark, const ValueMoment& moment)
      : thing_(thing), byte_order_mark_(byte_order_mark), moment_(moment) {}

  void begin(std::string& out) override {
    if (byte_order_mark_) out += kByteOrderMark;
    CsvRow row(out);
    if (thing_ == ExportedThing::profiles) {
      for (const char* name : kProfileColumns) row.cell(name);
    } else {
      for (const char* name : kEventColumns) row.cell(name);
    }
  }

  void add(const ProfileView& profile, std::string& out) override {
    CsvRow row(out);
    row.cell(profile.id.text());
    std::array<std::string, kColumnFamilies.size()> columns;
    std::string others;
    for (const IdentifierView& identifier : profile.identifiers) {
      auto family = std::find(kColumnFamilies.begin(), kColumnFamilies.end(), identifier.kind.family);
      if (family != kColumnFamilies.end()) {
        append_listed(columns[static_cast<size_t>(family - kColumnFamilies.begin())], identifier.value);
      } else {
        append_listed(others, kind_name(identifier.kind) + ":" + identifier.value);
      }
    }
    for (const std::string& column : columns) row.cell(column);
    row.cell(others).cell(traits_json(profile)).cell(std::to_string(profile.events));
    row.cell(seen_text(profile.first_seen)).cell(seen_text(profile.last_seen)).cell(event_counts_json(profile));
    std::string channels;
    for (const std::string& channel : profile.channels) append_listed(channels, channel);
    row.cell(channels);
    CustomerValue value = value_of(profile.orders, moment_.rules, moment_.now, moment_.scale.get());
    add_value(value, row);
    row.cell(computed_traits_json(profile.computed_traits));
    row.cell(value.lifecycle_since ? format_iso8601(*value.lifecycle_since) : "");
  }

  void add(const ExportedEvent& event, std::string& out) override {
    const TimelineEntry& entry = event.entry;
    std::string json = entry.json;
    put_on_one_line(json, 0);
    std::string flags;
    for (std::string_view flag : flag_names(entry.flags)) append_listed(flags, flag);
    CsvRow row(out);
    row.cell(event.customer ? event.customer->text() : std::string()).cell(event_type_name(entry.type));
    row.cell(entry.name).cell(entry.message_id).cell(entry.source).cell(entry.channel).cell(entry.touchpoint);
    row.cell(format_iso8601(entry.occurred_at)).cell(format_iso8601(entry.received_at)).cell(flags).cell(json);
  }

  void end(uint64_t count, std::string& out) override { CsvRow(out).cell("#end").cell(std::to_string(count)); }

 private:
  static void add_value(const CustomerValue& value, CsvRow& row) {
    row.cell(lifecycle_stage_name(value.lifecycle)).cell(value.currency).cell(std::to_string(value.orders_count));
    row.cell(decimal(value.revenue_minor)).cell(std::to_string(value.aov_minor));
    row.cell(value.first_order_at ? format_iso8601(*value.first_order_at) : "");
    row.cell(value.last_order_at ? format_iso8601(*value.last_order_at) : "");
    row.cell(value.rfm ? value.rfm->cell() : "").cell(churn_band_name(value.churn_band));
    row.cell(value.rfm ? scale_name(value.rfm->scale_computed_at.has_value()) : "");
  }

  const ExportedThing thing_;
  const bool byte_order_mark_;
  const ValueMoment moment_;
};

}  // namespace

std::unique_ptr<ExportFormat> ndjson_export(std::string_view workspace, const ValueMoment& moment) {
  return std::make_unique<NdjsonExport>(workspace, moment);
}

std::unique_ptr<ExportFormat> csv_export(ExportedThing thing, bool byte_order_mark, const ValueMoment& moment) {
  return std::make_unique<CsvExport>(thing, byte_order_mark, moment);
}

}  // namespace tributary
