#include "connectors/bulk/record_command.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include "connectors/bulk/column_names.h"
#include "connectors/bulk/event_builder.h"
#include "connectors/bulk/input_file.h"
#include "connectors/bulk/record_plan.h"
#include "connectors/bulk/record_report.h"
#include "connectors/bulk/record_server.h"
#include "connectors/bulk/table_reader.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

namespace json = boost::json;

constexpr int kRecordsUsage = 64, kRecordsBadData = 65, kRecordsNoInput = 66, kRecordsUnavailable = 69, kRecordsIo = 74;
constexpr size_t kRowsAtOnce = 200;
constexpr size_t kBytesAtOnce = 1 << 20;
constexpr size_t kRecordRowBytesMax = 256 << 10;  // as JSON
constexpr size_t kTableRowsMax = 1'000'000;
constexpr uint64_t kTableBytesMax = 512 << 20;

int exit_code_of_failure(const Error& error) {
  switch (error.code) {
    case ErrorCode::unavailable:
      return kRecordsUnavailable;
    case ErrorCode::not_found:
      return kRecordsNoInput;
    case ErrorCode::corrupt:
      return kRecordsBadData;
    case ErrorCode::io:
    case ErrorCode::disk_full:
      return kRecordsIo;
    default:
      return kRecordsUsage;
  }
}

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(json::string_view(key.data(), key.size()));
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(text->data(), text->size()) : std::string();
}

std::vector<std::string> texts_in(const json::object& object, const char* key) {
  std::vector<std::string> texts;
  for (const json::value& each : object.at(key).as_array()) texts.emplace_back(each.as_string().c_str());
  return texts;
}

/// A customer of the export; nothing for one without a record.
std::optional<KnownRecord> known_record(std::string_view line) {
  json::value value = json::parse(json::string_view(line.data(), line.size()));
  const json::object& profile = value.as_object();
  const auto* record = profile.if_contains("record");
  const json::object* object = record != nullptr ? record->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  const json::object& fields = object->at("fields").as_object();
  KnownRecord known;
  known.customer_id = text_in(profile, "customer_id");
  known.customer_no = text_in(fields, "customer_no");
  known.record.organisation = text_in(fields, "customer_type") == "organisation";
  std::string phone = known.record.organisation ? "contact_phone" : "phone";
  known.record.name = text_in(fields, "name");
  if (known.record.organisation) known.record.contact = text_in(fields, "contact_name");
  known.record.phone = text_in(fields, phone);
  known.record.uscc = text_in(fields, "uscc");
  for (const json::value& flag : object->at("flags").as_array()) {
    bool masked = text_in(flag.as_object(), "code") == "value_masked" && text_in(flag.as_object(), "field") == phone;
    if (masked && known.record.phone.empty()) known.record.phone_masked = true;
  }
  return known;
}

/// True for what the server finds by the customer whom a row joins, of which all is known when the row is saved.
bool is_about_customer(std::string_view code) {
  constexpr std::array<std::string_view, 4> kCodes = {"approval_needed", "transition_not_allowed", "value_replaced",
                                                      "value_older"};
  return std::ranges::find(kCodes, code) != kCodes.end();
}

/// A row on its way to the server.
struct SentRow {
  uint64_t line = 0;
  std::string fields, traits, raw;
  std::vector<std::string> cells;
  std::string code, column;  // why it is none
};

/// What is known of a row between the two readings of the table.
struct RecordRow {
  PlannedRow planned;
  std::vector<std::string> missing;
  RowDestiny destiny;
};

struct RecordCounts {
  uint64_t rows = 0, created = 0, merged = 0, refused = 0, to_complete = 0, already = 0;
};

class RecordImport {
 public:
  RecordImport(const ImportOptions& options, Mapping mapping, RecordServer& server)
      : options_(options),
        mapping_(std::move(mapping)),
        server_(server),
        report_(options.report_file.empty() ? options.file + ".report.csv" : options.report_file,
                options.file + ".to_fix.csv") {}

  Result<void> run(const std::string& mapping_text) {
    TRIBUTARY_TRY(name_import(mapping_text));
    TRIBUTARY_TRY(count_rows());
    TRIBUTARY_TRY(each_part([this](std::vector<SentRow>& rows) { return judge(rows); }));
    if (counts_.rows == 0) {
      return Error(ErrorCode::corrupt, options_.file + " has no rows below its header; lines end with LF or CR LF");
    }
    TRIBUTARY_TRY(plan());
    TRIBUTARY_TRY(each_part([this](std::vector<SentRow>& rows) { return save(rows); }));
    return write_notes();
  }

  bool any_refused() const { return counts_.refused > 0; }

  void print() const {
    std::string text;
    JsonOut out(text);
    out.begin_object();
    if (options_.dry_run) out.key("dry_run").boolean(true);
    out.key("rows").unsigned_number(counts_.rows).key("created").unsigned_number(counts_.created);
    out.key("merged").unsigned_number(counts_.merged).key("refused").unsigned_number(counts_.refused);
    out.key("to_complete").unsigned_number(counts_.to_complete);
    if (!options_.dry_run) out.key("already_imported").unsigned_number(counts_.already);
    out.key("codes").begin_object();
    for (const auto& [code, count] : report_.totals()) out.key(code).unsigned_number(count);
    out.end_object();
    if (report_.has_notes()) out.key("report").string(report_.notes_path());
    if (report_.has_rows()) out.key("to_fix").string(report_.rows_path());
    out.end_object();
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  }

 private:
  /// Of the file as it lies there: what it says was true when it was last written.
  Result<void> name_import(const std::string& mapping_text) {
    auto stored = MappedFile::open(options_.file);
    if (!stored) return stored.error();
    if (stored->bytes().size() > kTableBytesMax) return Error(ErrorCode::corrupt, "the file is larger than 512 MiB");
    import_ = hex_of(sha256(sha256(stored->bytes()) + mapping_text)).substr(0, 32);
    struct stat status{};
    if (::stat(options_.file.c_str(), &status) != 0) return errno_error("reading " + options_.file, errno);
    as_of_.micros = status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000;
    as_of_ = std::min(as_of_, system_clock().now());
    return {};
  }

  // -- the table ------------------------------------------------------------------------------------------------------

  using TakePart = std::function<Result<void>(std::vector<SentRow>&)>;

  /// Calls `take` for each row that is not empty. Errors: what is wrong with the file, or its own.
  Result<void> each_row(const std::function<Result<void>(const TableRow&)>& take) {
    auto file = open_input_file(options_.file, {false, mapping_.shape.encoding == TextEncoding::gb18030});
    if (!file) return file.error();
    TableReader reader(*(*file)->text, mapping_.shape);
    if (auto wrong = reader.open()) return Error(ErrorCode::corrupt, *wrong);
    auto missing = bind_columns(mapping_, reader.columns());
    if (!missing.empty()) return Error(ErrorCode::corrupt, options_.file + " does not fit the mapping: " + missing[0]);
    header_ = {reader.header(), mapping_.shape.skip_rows, mapping_.shape.delimiter};
    TableRow row;
    while (reader.next(row)) {
      bool empty = row.error_code.empty() && std::ranges::all_of(row.cells, &std::string_view::empty);
      if (!empty) TRIBUTARY_TRY(take(row));
    }
    if (const auto& fault = (*file)->text->fault()) return *fault;
    return {};
  }

  /// Before anything is sent. Errors: corrupt for a table that is too long.
  Result<void> count_rows() {
    size_t count = 0;
    auto counted = each_row([&count](const TableRow&) -> Result<void> {
      if (++count > kTableRowsMax) return Error(ErrorCode::corrupt, "the table has more than 1,000,000 rows");
      return {};
    });
    if (counted) note_columns();
    return counted;
  }

  Result<void> each_part(const TakePart& take) {
    std::vector<SentRow> part;
    size_t bytes = 0;
    auto take_row = [&](const TableRow& row) -> Result<void> {
      part.push_back(sent_row(row));
      bytes += part.back().fields.size() + part.back().traits.size();
      if (part.size() < kRowsAtOnce && bytes < kBytesAtOnce) return {};
      TRIBUTARY_TRY(take(part));
      part.clear();
      bytes = 0;
      return {};
    };
    TRIBUTARY_TRY(each_row(take_row));
    if (part.empty()) return {};
    return take(part);
  }

  void note_columns() {
    for (const MemberSpec& member : mapping_.fields.members) {
      for (const RowTemplatePart& part : member.value.parts) {
        if (part.column) columns_.try_emplace(member.name, *part.column);
      }
    }
  }

  SentRow sent_row(const TableRow& row) const {
    SentRow sent;
    ImportItem item;
    sent.line = row.place.line;
    sent.raw = row.raw;
    build_record(mapping_, row, sent.fields, sent.traits, item);
    sent.code = item.code;
    sent.column = item.column;
    if (sent.code.empty() && sent.fields.size() + sent.traits.size() > kRecordRowBytesMax) sent.code = "row_too_long";
    if (row.error_code.empty()) sent.cells.assign(row.cells.begin(), row.cells.end());
    return sent;
  }

  // -- judging --------------------------------------------------------------------------------------------------------

  Result<void> judge(std::vector<SentRow>& rows) {
    auto answer = ask(rows, true, [](const SentRow&, JsonOut&) {});
    if (!answer) return answer.error();
    for (const SentRow& row : rows) {
      ++counts_.rows;
      std::string problems;
      const json::object* judged = find_row(*answer, row.line);
      if (judged == nullptr) {
        note({row.line, row.column, {}, row.code, "error", {}}, problems);
      } else {
        take_judgement(row, *judged, problems);
      }
      if (!problems.empty() && !row.raw.empty()) TRIBUTARY_TRY(report_.add_row(header_, row.raw, problems));
    }
    return {};
  }

  void take_judgement(const SentRow& row, const json::object& judged, std::string& problems) {
    std::set<std::string> told;
    for (const json::value& each : judged.at("findings").as_array()) {
      const json::object& finding = each.as_object();
      std::string field = text_in(finding, "field");
      std::string code = text_in(finding, "code");
      if (is_about_customer(code)) continue;
      told.insert(field);
      note(note_of(row, field, std::move(code), text_in(finding, "severity")), problems);
    }
    if (text_in(judged, "outcome") == "refused") return;
    RecordRow kept;
    kept.planned.line = row.line;
    kept.planned.customer_id = text_in(judged, "customer_id");
    kept.planned.identifiers = texts_in(judged, "identifiers");
    const json::object& compared = judged.at("compared").as_object();
    kept.planned.record = {compared.at("organisation").as_bool(), text_in(compared, "name"),
                           text_in(compared, "contact"),          text_in(compared, "phone"),
                           compared.at("phone_masked").as_bool(), text_in(compared, "uscc")};
    kept.missing = texts_in(judged, "missing");
    for (const std::string& field : kept.missing) {
      if (!told.contains(field)) note(note_of(row, field, "field_missing", "warning"), problems);
    }
    kept_.push_back(std::move(kept));
  }

  RowNote note_of(const SentRow& row, const std::string& field, std::string code, std::string severity) const {
    RowNote note{row.line, field, field, std::move(code), std::move(severity), {}};
    auto column = columns_.find(field);
    if (column == columns_.end()) return note;
    note.column = column->second.name;
    if (column->second.index < row.cells.size()) note.value = row.cells[column->second.index];
    return note;
  }

  void note(RowNote note, std::string& problems) {
    if (note.severity == "error" || (note.severity == "warning" && !is_kept(note.code))) {
      problems += (problems.empty() ? "" : "; ") + (note.column.empty() ? "" : note.column + ": ") + note.code;
    }
    if (note.severity == "error" && refused_.insert(note.line).second) ++counts_.refused;
    notes_.push_back(std::move(note));
  }

  // -- joining --------------------------------------------------------------------------------------------------------

  Result<void> plan() {
    boost::unordered_flat_set<std::string> groups, owners;
    std::vector<PlannedRow> rows;
    for (RecordRow& row : kept_) {
      for (std::string& group : groups_of_record(row.planned.record)) groups.insert(std::move(group));
      if (!row.planned.customer_id.empty()) owners.insert(row.planned.customer_id);
      rows.push_back(row.planned);
    }
    std::vector<KnownRecord> known;
    auto wanted = [&](const KnownRecord& customer) {
      auto theirs = groups_of_record(customer.record);
      return owners.contains(customer.customer_id) ||
             std::ranges::any_of(theirs, [&](const std::string& group) { return groups.contains(group); });
    };
    auto listed = server_.each_profile([&](std::string_view line) {
      auto customer = known_record(line);
      if (customer && wanted(*customer)) known.push_back(std::move(*customer));
    });
    if (!listed) return listed.error();
    auto destinies = plan_rows(rows, known);
    for (size_t i = 0; i < kept_.size(); ++i) kept_[i].destiny = std::move(destinies[i]);
    count_customers();
    return {};
  }

  /// A new customer lacks what none of its rows has.
  void count_customers() {
    std::map<size_t, std::set<std::string>> missing;
    for (size_t i = 0; i < kept_.size(); ++i) {
      const RowDestiny& destiny = kept_[i].destiny;
      if (!destiny.suspected.empty()) tell(i, "duplicate_suspected", "warning", destiny.suspected);
      if (destiny.joins()) tell(i, "joins", "info", joined_text(destiny));
      ++(destiny.joins() ? counts_.merged : counts_.created);
      if (!destiny.customer_id.empty()) continue;
      std::set<std::string> lacks(kept_[i].missing.begin(), kept_[i].missing.end());
      auto [first, added] = missing.emplace(destiny.first, lacks);
      if (!added) std::erase_if(first->second, [&](const std::string& field) { return !lacks.contains(field); });
    }
    for (const auto& [first, lacks] : missing) counts_.to_complete += lacks.empty() ? 0 : 1;
  }

  std::string joined_text(const RowDestiny& destiny) const {
    if (destiny.customer_id.empty()) return destiny.rule + " line " + std::to_string(kept_[destiny.first].planned.line);
    return destiny.rule + ' ' + (destiny.customer_no.empty() ? destiny.customer_id : destiny.customer_no);
  }

  void tell(size_t i, const char* code, const char* severity, const std::string& what) {
    notes_.push_back({kept_[i].planned.line, {}, {}, code, severity, what});
  }

  // -- saving ---------------------------------------------------------------------------------------------------------

  Result<void> save(std::vector<SentRow>& rows) {
    std::erase_if(rows, [&](const SentRow& row) { return refused_.contains(row.line); });
    if (rows.empty()) return {};
    if (!std::ranges::all_of(rows, [this](const SentRow& row) { return was_judged(row.line); })) {
      return Error(ErrorCode::corrupt, "the table changed while it was imported");
    }
    std::set<uint64_t> before;
    auto destined = [&](const SentRow& row, JsonOut& out) {
      const RowDestiny& destiny = kept_[place_of(row.line)].destiny;
      uint64_t first = kept_[destiny.first].planned.line;
      auto made = made_.find(first);
      if (!destiny.customer_id.empty()) {
        out.key("customer_id").string(destiny.customer_id);
      } else if (made != made_.end()) {
        out.key("customer_id").string(made->second);
      } else if (before.contains(first)) {
        out.key("same_as").unsigned_number(first);
      }
      before.insert(row.line);
    };
    auto answer = ask(rows, options_.dry_run, destined);
    if (!answer) return answer.error();
    for (const SentRow& row : rows) {
      const json::object* saved = find_row(*answer, row.line);
      if (saved == nullptr) return Error(ErrorCode::unavailable, "the server's answer lacks rows");
      take_saved(row, *saved);
    }
    return {};
  }

  /// What only follows from whom the row joins, or has come since it was judged.
  void take_saved(const SentRow& row, const json::object& saved) {
    std::string outcome = text_in(saved, "outcome"), customer = text_in(saved, "customer_id"), problems;
    if (!customer.empty()) made_.emplace(row.line, customer);
    if (outcome == "duplicate") ++counts_.already;
    for (const json::value& each : saved.at("findings").as_array()) {
      const json::object& finding = each.as_object();
      std::string code = text_in(finding, "code"), severity = text_in(finding, "severity");
      bool told_now = is_about_customer(code) || (outcome == "refused" && severity == "error");
      if (!told_now) continue;
      note(note_of(row, text_in(finding, "field"), code, severity), problems);
    }
  }

  bool was_judged(uint64_t line) const {
    size_t place = place_of(line);
    return place < kept_.size() && kept_[place].planned.line == line;
  }

  size_t place_of(uint64_t line) const {
    auto line_of = [](const RecordRow& row) { return row.planned.line; };
    return static_cast<size_t>(std::ranges::lower_bound(kept_, line, {}, line_of) - kept_.begin());
  }

  // -- the server -----------------------------------------------------------------------------------------------------

  /// The rows of an answer, by line.
  using Answered = std::map<uint64_t, json::object>;
  static const json::object* find_row(const Answered& answer, uint64_t line) {
    auto row = answer.find(line);
    return row == answer.end() ? nullptr : &row->second;
  }

  Result<Answered> ask(const std::vector<SentRow>& rows, bool dry_run,
                       const std::function<void(const SentRow&, JsonOut&)>& add) {
    std::string body;
    JsonOut out(body);
    out.begin_object().key("import").string(import_).key("as_of").string(format_iso8601(as_of_));
    out.key("dry_run").boolean(dry_run).key("rows").begin_array();
    size_t sent = 0;
    for (const SentRow& row : rows) {
      if (!row.code.empty()) continue;
      ++sent;
      out.begin_object().key("line").unsigned_number(row.line).key("fields").raw(row.fields);
      if (row.traits != "{}") out.key("traits").raw(row.traits);
      add(row, out);
      out.end_object();
    }
    out.end_array().end_object();
    Answered answered;
    if (sent == 0) return answered;
    auto answer = server_.import_rows(body, options_.patience);
    if (!answer) return answer.error();
    try {
      json::value value = json::parse(*answer);
      for (json::value& row : value.as_object().at("rows").as_array()) {
        answered.emplace(json::value_to<uint64_t>(row.as_object().at("line")), std::move(row.as_object()));
      }
    } catch (const std::exception&) {
      return Error(ErrorCode::invalid, "the server's answer is not that of a Tributary server");
    }
    return answered;
  }

  Result<void> write_notes() {
    std::ranges::stable_sort(notes_, {}, &RowNote::line);
    for (const RowNote& note : notes_) TRIBUTARY_TRY(report_.add(note));
    return report_.flush();
  }

  const ImportOptions& options_;
  Mapping mapping_;
  RecordServer& server_;
  RecordReport report_;
  std::string import_;
  TableHeader header_;
  Timestamp as_of_;
  std::map<std::string, ColumnRef> columns_;  // by field
  std::vector<RecordRow> kept_;               // not refused, by line
  std::set<uint64_t> refused_;
  std::map<uint64_t, std::string> made_;  // customers, by the line that made or joined them
  std::vector<RowNote> notes_;
  RecordCounts counts_;
};

}  // namespace

int run_record_import(const ImportOptions& options, Mapping mapping, const std::string& mapping_text) {
  auto fail = [](const Error& error) {
    std::fprintf(stderr, "import: %s\n", error.message.c_str());
    return exit_code_of_failure(error);
  };
  if (options.file == kStandardInput) {
    return fail(Error(ErrorCode::invalid, "records are read twice, and standard input passes by once; name a file"));
  }
  if (options.api_key.empty()) return fail(Error(ErrorCode::invalid, "no API key; give --api-key-file"));
  auto endpoint = parse_server_url(options.server);
  if (!endpoint) return fail(endpoint.error());
  endpoint->ca_file = options.ca_file;
  auto server = RecordServer::make(*endpoint, options.api_key);
  if (!server) return fail(server.error());
  RecordImport import(options, std::move(mapping), **server);
  Result<void> done;
  try {
    done = import.run(mapping_text);
  } catch (const std::exception&) {
    done = Error(ErrorCode::invalid, "the server's answer is not that of a Tributary server");
  }
  if (!done) {
    int code = fail(done.error());
    if (!options.dry_run) std::fprintf(stderr, "import: the same command again goes on: nothing is written twice\n");
    return code;
  }
  import.print();
  return import.any_refused() ? kRecordsBadData : 0;
}

}  // namespace tributary
