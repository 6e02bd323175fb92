// Statements of analysts and what comes of them: values without an SQL engine behind them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/profile/value.h"

namespace tributary {

/// NULL, integer, real, text.
using SqlValue = std::variant<std::monostate, int64_t, double, std::string>;

struct SqlLimits {
  static constexpr size_t kRowsDefault = 1'000, kRowsMax = 100'000;
  static constexpr int64_t kMicrosDefault = 10 * kMicrosPerSecond, kMicrosMax = 60 * kMicrosPerSecond;
  static constexpr size_t kMemoryDefault = 64 << 20;
  static constexpr size_t kTextBytesMax = 64 << 10;
  static constexpr size_t kParametersMax = 100;
  static constexpr size_t kAnswerBytesMax = 16 << 20;  // as it is written
  static constexpr int kValueBytesMax = 256 << 10;
};

struct SqlQuery {
  std::string text;
  std::vector<std::pair<std::string, SqlValue>> parameters;  // without a name: by position; else as `:name` has it
  ValueRules rules;                                          // of figures
  Timestamp now;                                             // of figures, and of now()
  size_t rows_max = SqlLimits::kRowsDefault;
  int64_t time_max_micros = SqlLimits::kMicrosDefault;
  size_t memory_max = SqlLimits::kMemoryDefault;
};

/// A place in the text of a statement; both from 1, columns in characters.
struct SqlPosition {
  size_t line = 1, column = 1;
};

enum class SqlFaultKind : uint8_t {
  invalid,      // the statement is wrong
  not_allowed,  // it asks for what analysts may not do
  time_limit,
  memory_limit,
  cancelled,  // nobody waits any more
  store,      // `error` says why
};

struct SqlFault {
  SqlFaultKind kind = SqlFaultKind::invalid;
  std::string message;  // may repeat what the statement says
  std::optional<SqlPosition> position = {};
  std::string nearest = {};  // the name that was probably meant; empty: none is near
  Error error = {};          // of `store`
};

/// What a statement came to.
struct SqlOutcome {
  std::optional<SqlFault> fault;
  uint64_t rows = 0;
  bool partial = false;     // there are more rows than were asked for, or than an answer holds
  uint64_t sequence = 0;    // the last record of the log that it knows
  uint64_t scanned = 0;     // rows that tables gave
  uint64_t withheld = 0;    // values of them that were too long, and NULL instead
  size_t memory_bytes = 0;  // the most it held at a time
  bool prepared = false;    // its text is a statement: every name in it is a table's, a column's or a function's
};

/// Who takes the rows. Called on the thread that runs the statement.
class SqlRows {
 public:
  virtual ~SqlRows() = default;
  /// Once, before the first row: names, and types as far as they are declared (`integer`, `real`, `text`; else empty).
  virtual void columns(std::vector<std::pair<std::string, std::string>> names_and_types) = 0;
  /// Returns the bytes of all rows so far.
  virtual size_t row(std::span<const SqlValue> values) = 0;
};

/// The statement with `?` for every literal and quoted name, and without comments: for a log.
std::string without_literals(std::string_view statement);

}  // namespace tributary
