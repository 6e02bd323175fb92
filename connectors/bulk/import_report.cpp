#include "connectors/bulk/import_report.h"

#include <cerrno>
#include <filesystem>

#include "engine/base/json_out.h"

namespace tributary {

ImportReport::ImportReport(std::string path, uint64_t keep_bytes) : path_(std::move(path)) {
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

Result<void> ImportReport::add(uint64_t line, std::string_view code, std::string_view message) {
  if (!file_.is_open()) file_.open(path_, std::ios::binary | std::ios::app);
  std::string json;
  JsonOut out(json);
  out.begin_object().key("line").unsigned_number(line).key("code").string(code).key("message").string(message);
  out.end_object();
  file_ << json << '\n';
  if (!file_) return errno_error("writing the report " + path_, errno);
  bytes_ += json.size() + 1;
  return {};
}

Result<void> ImportReport::flush() {
  if (file_.is_open() && !file_.flush()) return errno_error("writing the report " + path_, errno);
  return {};
}

}  // namespace tributary
