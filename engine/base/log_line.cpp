#include "engine/base/log_line.h"

#include <unistd.h>

#include "engine/base/json_out.h"
#include "engine/base/time.h"

namespace tributary {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

}  // namespace

void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line;
  JsonOut json(line);
  json.begin_object();
  json.key("ts").string(format_iso8601(system_clock().now()));
  json.key("level").string(level_name(level));
  json.key("msg").string(message);
  for (const LogField& field : fields) {
    json.key(field.key);
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      json.string(*text);
    } else if (const auto* number = std::get_if<int64_t>(&field.value)) {
      json.number(*number);
    } else {
      json.boolean(std::get<bool>(field.value));
    }
  }
  json.end_object();
  line += '\n';
  // A line that cannot be written has nowhere to be reported.
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace tributary
