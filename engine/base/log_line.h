// JSON lines on stderr for operators. Levels mean: error - data lost or an operator must act; warn - recovered, nothing
// lost; info - lifecycle. Never per event, never personal data: identifiers appear as kind:hash8 at most.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tributary {

enum class LogLevel { info, warn, error };

struct LogField {
  std::string_view key;
  std::variant<std::string, int64_t, bool> value;
};

/// Writes one line with one write(2). Thread: any.
void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace tributary
