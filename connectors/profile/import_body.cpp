#include "connectors/profile/import_body.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "engine/ingest/json_index.h"

namespace tributary {
namespace {

constexpr size_t kImportBytesMax = 4 << 20;
constexpr size_t kImportDepthNoted = 1024;
constexpr size_t kImportNameBytesMax = 64;
constexpr uint64_t kImportLineMax = 1'000'000'000;

bool is_import_name(std::string_view name) {
  auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kImportNameBytesMax && std::ranges::all_of(name, good);
}

std::optional<uint64_t> line_in(const JsonValue& value) {
  std::string_view text = value.raw();
  uint64_t line = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), line);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (line < 1 || line > kImportLineMax) return std::nullopt;
  return line;
}

std::optional<std::string> read_import_row(const JsonValue& value, ImportRow& row) {
  if (!value.is(JsonKind::object)) return "is no object";
  std::string scratch, wrong;
  for_each_member(value, [&](const JsonValue& key, const JsonValue& member) {
    std::string key_scratch;
    std::string_view name = key.text(key_scratch);
    if (name == "line" || name == "same_as") {
      auto line = line_in(member);
      if (!line) wrong = std::string(name) + " is no number of a line, 1 to 1000000000";
      (name == "line" ? row.line : row.same_as) = line.value_or(0);
    } else if (name == "customer_id") {
      row.customer = CustomerId::parse(member.text(scratch));
      if (!row.customer) wrong = "customer_id is none";
    } else if (name == "traits" && member.is(JsonKind::object)) {
      row.traits = member.raw();
    } else if (name == "fields" && member.is(JsonKind::object)) {
      for_each_member(member, [&](const JsonValue& field, const JsonValue& said) {
        row.fields.emplace_back(std::string(field.text(key_scratch)), std::string(said.raw()));
      });
    } else {
      wrong = "has a member that is none of line, fields, traits, customer_id and same_as";
    }
  });
  if (wrong.empty() && row.line == 0) wrong = "has no line";
  return wrong.empty() ? std::nullopt : std::optional(wrong);
}

std::optional<std::string> read_import_rows(const JsonValue& list, std::vector<ImportRow>& rows) {
  size_t count = list.is(JsonKind::array) ? list.size() : 0;
  if (count < 1 || count > kImportRowsMax) return "rows is no list of 1 to " + std::to_string(kImportRowsMax);
  std::optional<std::string> wrong;
  std::set<uint64_t> lines;
  for_each_element(list, [&](const JsonValue& element) {
    if (wrong) return;
    wrong = read_import_row(element, rows.emplace_back());
    const ImportRow& row = rows.back();
    if (!wrong && row.same_as != 0 && !lines.contains(row.same_as)) wrong = "same_as is no line of a row before it";
    if (!wrong && !lines.insert(row.line).second) wrong = "has the line of another one";
    if (wrong) wrong = "rows[" + std::to_string(rows.size() - 1) + "] " + *wrong;
  });
  return wrong;
}

}  // namespace

std::variant<ImportBody, std::string> parse_import_body(const std::string& body) {
  JsonIndex index(kImportBytesMax);
  if (index.build(body, body, kImportDepthNoted) != JsonProof::valid || !index.root().is(JsonKind::object)) {
    return "body is no JSON object of up to 4 MiB";
  }
  ImportBody parsed;
  std::string scratch;
  JsonValue import = find_member(index.root(), "import"), as_of = find_member(index.root(), "as_of"),
            dry_run = find_member(index.root(), "dry_run");
  parsed.import = import.is(JsonKind::string) ? import.text(scratch) : "";
  if (!is_import_name(parsed.import)) return "import is no name of 1 to 64 letters, digits, _ and -";
  auto time = as_of.is(JsonKind::string) ? parse_iso8601(as_of.text(scratch)) : std::nullopt;
  if (!time) return "as_of is no time";
  parsed.as_of = *time;
  if (!dry_run.is(JsonKind::absent) && !dry_run.is(JsonKind::boolean)) return "dry_run is neither true nor false";
  parsed.dry_run = dry_run.raw() == "true";
  if (index.root().size() != (dry_run.is(JsonKind::absent) ? 3 : 4)) {
    return "body has members other than import, as_of, dry_run and rows";
  }
  if (auto wrong = read_import_rows(find_member(index.root(), "rows"), parsed.rows)) return *wrong;
  return parsed;
}

}  // namespace tributary
