// The items of an export as lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/query/value_json.h"
#include "engine/engine.h"

namespace tributary {

/// Purpose: the text of one export: a beginning, a line for each item, and a last line by which a reader knows that
/// nothing
///          is missing. Owner: one thread at a time.
class ExportFormat {
 public:
  virtual ~ExportFormat() = default;
  virtual void begin(std::string& out) = 0;
  virtual void add(const ProfileView& profile, std::string& out) = 0;
  virtual void add(const ExportedEvent& event, std::string& out) = 0;
  virtual void end(uint64_t count, std::string& out) = 0;
};

enum class ExportedThing : uint8_t { profiles, events };

// What customers are worth is told as of the moment, whose rules outlive the export.

/// One JSON object per line, as profiles and timelines are read; the last one is `{"end":true,"count":N}`.
std::unique_ptr<ExportFormat> ndjson_export(std::string_view workspace, const ValueMoment& moment);

/// RFC 4180 with a line of names; the last line is `#end,N`. Several values in a cell are separated by `|`; `|` and `\`
/// in a value have a `\` in front. With `byte_order_mark` Excel takes the file for UTF-8.
std::unique_ptr<ExportFormat> csv_export(ExportedThing thing, bool byte_order_mark, const ValueMoment& moment);

}  // namespace tributary
