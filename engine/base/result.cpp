#include "engine/base/result.h"

#include <cerrno>
#include <system_error>

#include "engine/base/check.h"

namespace tributary {

void throw_exception_from_error(const Error& error, const boost::source_location& location) {
  check_failed(location.file_name(), static_cast<int>(location.line()), "result.has_value()", error.message);
}

Error with_context(std::string_view context, const Error& error) {
  return Error{error.code, std::string(context) + ": " + error.message};
}

Error errno_error(std::string_view context, int error_number) {
  ErrorCode code = error_number == ENOSPC ? ErrorCode::disk_full : ErrorCode::io;
  return Error{code, std::string(context) + ": " + std::generic_category().message(error_number)};
}

void check_failed(const char* file, int line, const char* condition, const std::string& detail) {
  std::fprintf(stderr, "{\"level\":\"error\",\"msg\":\"invariant broken\",\"at\":\"%s:%d\",\"condition\":\"%s\"}\n",
               file, line, condition);
  if (!detail.empty()) std::fprintf(stderr, "%s\n", detail.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace tributary
