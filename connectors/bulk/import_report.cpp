#include "connectors/bulk/import_report.h"

#include <cerrno>
#include <filesystem>

#include "connectors/document/csv.h"
#include "engine/base/json_out.h"

namespace tributary {
namespace {

constexpr std::string_view kCsvHeader = "row,column,code,reason\r\n";

std::string csv_line(const RefusedRow& row) {
  std::string line = std::to_string(row.line) + ',';
  append_csv_cell(line, row.column);
  line += ',';
  append_csv_cell(line, row.code);
  line += ',';
  append_csv_cell(line, row.message);
  return line + "\r\n";
}

std::string json_line(const RefusedRow& row) {
  std::string line;
  JsonOut out(line);
  out.begin_object().key("line").unsigned_number(row.line);
  if (!row.column.empty()) out.key("column").string(row.column);
  out.key("code").string(row.code).key("message").string(row.message).end_object();
  return line + '\n';
}

}  // namespace

ImportReport::ImportReport(std::string path, ReportFormat format, uint64_t keep_bytes)
    : path_(std::move(path)), format_(format) {
  std::error_code error;
  uint64_t have = std::filesystem::file_size(path_, error);
  if (error) return;
  if (keep_bytes == 0 || have < keep_bytes) {
    std::filesystem::remove(path_, error);
    return;
  }
  std::filesystem::resize_file(path_, keep_bytes, error);
  bytes_ = keep_bytes;
}

Result<void> ImportReport::add(const RefusedRow& row) {
  if (!file_.is_open()) file_.open(path_, std::ios::binary | std::ios::app);
  std::string text = format_ == ReportFormat::csv ? csv_line(row) : json_line(row);
  if (bytes_ == 0 && format_ == ReportFormat::csv) text.insert(0, kCsvHeader);
  file_ << text;
  if (!file_) return errno_error("writing the report " + path_, errno);
  bytes_ += text.size();
  return {};
}

Result<void> ImportReport::flush() {
  if (file_.is_open() && !file_.flush()) return errno_error("writing the report " + path_, errno);
  return {};
}

}  // namespace tributary
