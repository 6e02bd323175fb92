#include "connectors/bulk/ndjson_input.h"

#include <boost/json/stream_parser.hpp>

#include <string>

#include "connectors/bulk/event_builder.h"
#include "engine/base/json_out.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kProvenDepthMax = 1000;  // of what is proven here; the server has the real limit

/// Behind the string that begins at `at`.
size_t after_string(std::string_view json, size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

/// Behind the value that begins at `at`.
size_t after_value(std::string_view json, size_t at) {
  int depth = 0;
  while (at < json.size()) {
    char c = json[at];
    if (c == '"') {
      at = after_string(json, at);
    } else {
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']' || c == ',') && depth == 0) return at;
      if (c == '}' || c == ']') --depth;
      ++at;
    }
  }
  return at;
}

class NdjsonInput : public ImportInput {
 public:
  explicit NdjsonInput(std::string_view text) : text_(text) {
    if (text_.starts_with(kByteOrderMark)) place_.offset = kByteOrderMark.size();
  }

  bool next(ImportItem& item) override {
    while (place_.offset < text_.size()) {
      RowPlace place = place_;
      std::string_view line = take_line();
      if (line.empty()) continue;
      item = ImportItem{};
      item.place = place;
      item.line = place.line;
      read(line, item);
      return true;
    }
    return false;
  }
  void seek(RowPlace place) override { place_ = place; }
  InputProgress progress() const override { return {place_.offset, text_.size()}; }

 private:
  std::string_view take_line() {
    size_t end = text_.find('\n', place_.offset);
    size_t stop = end == std::string_view::npos ? text_.size() : end;
    std::string_view line = trim(text_.substr(place_.offset, stop - place_.offset), kJsonSpace);
    place_ = {end == std::string_view::npos ? text_.size() : end + 1, place_.line + 1};
    return line;
  }

  void read(std::string_view line, ImportItem& item) {
    if (line.size() > kRowBytesMax) {
      refuse(item, "event_too_large", "the line is longer than 1 MiB");
    } else if (!is_utf8(line)) {
      refuse(item, "invalid_utf8", "the line is not UTF-8");
    } else if (!is_json(line)) {
      refuse(item, "invalid_json", "the line is not JSON");
    } else if (line.front() != '{') {
      refuse(item, "not_an_object", "the line is not a JSON object");
    } else {
      item.json = with_message_id(line, item.place);
    }
  }

  static void refuse(ImportItem& item, const char* code, const char* message) {
    item.code = code;
    item.message = message;
  }

  bool is_json(std::string_view line) {
    boost::json::parse_options options;
    options.max_depth = kProvenDepthMax;
    boost::json::stream_parser parser({}, options);
    boost::json::error_code error;
    parser.write(line.data(), line.size(), error);
    if (!error) parser.finish(error);
    return !error;
  }

  static std::string with_message_id(std::string_view line, RowPlace place) {
    std::string_view id = find_member(line, "messageId");
    if (!id.empty() && id != "null" && id != "\"\"") return std::string(line);
    std::string made;
    append_json_string(made, line_message_id("ndjson", place, line));
    std::string event(line);
    if (!id.empty()) return event.replace(static_cast<size_t>(id.data() - line.data()), id.size(), made);
    bool has_members = trim(line.substr(1), kJsonSpace).front() != '}';
    return event.insert(1, "\"messageId\":" + made + (has_members ? "," : ""));
  }

  std::string_view text_;
  RowPlace place_{0, 1};
};

}  // namespace

std::unique_ptr<ImportInput> open_ndjson(std::string_view text) { return std::make_unique<NdjsonInput>(text); }

std::string_view find_member(std::string_view object, std::string_view name) {
  size_t at = 1;
  while (true) {
    at = object.find('"', at);
    if (at == std::string_view::npos) return {};
    size_t after_key = after_string(object, at);
    bool wanted = object.substr(at + 1, after_key - at - 2) == name;
    at = object.find_first_not_of(kJsonSpace, object.find(':', after_key) + 1);
    size_t end = after_value(object, at);
    if (wanted) return trim(object.substr(at, end - at), kJsonSpace);
    at = end;
  }
}

}  // namespace tributary
