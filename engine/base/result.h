// How "the world's fault" travels: Result<T>, never an exception across a room's border.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace tributary {

/// What kind of failure it is; decides exit code and whether a retry can help. Values are not stored.
enum class ErrorCode {
  io,           // a read, write or sync failed
  corrupt,      // stored data is damaged or incomplete
  invalid,      // the caller's argument or file is wrong
  not_found,    // the thing asked for is not there
  unavailable,  // a port or a lock is taken
  disk_full,    // not enough free space to start or to go on
  overloaded,   // a bound was reached; trying again later can help
  stopping,     // the process is shutting down
  config,       // the configuration is wrong
};

/// A failure with what was being done, in the active voice: "opening store at /x: lock held by process 812".
struct Error {
  ErrorCode code = ErrorCode::io;
  std::string message;

  Error() = default;
  Error(ErrorCode error_code, std::string text) : code(error_code), message(std::move(text)) {}
};

/// `result.value()` on an error is our own fault: it aborts (found by argument-dependent look-up).
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& location);

/// A value or an Error; an ignored one does not compile.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using boost::system::result<T, Error>::result;
};

/// The same failure with "context: " in front.
Error with_context(std::string_view context, const Error& error);

/// An Error from errno: "context: No space left on device". ENOSPC becomes disk_full, everything else io.
Error errno_error(std::string_view context, int error_number);

}  // namespace tributary

/// Returns the error of `expression` from the enclosing function. For Result<void> expressions.
#define TRIBUTARY_TRY(expression)                                   \
  do {                                                              \
    auto tributary_try_result = (expression);                       \
    if (!tributary_try_result) return tributary_try_result.error(); \
  } while (false)
