// Append-only JSON writer: commas and escapes are its job, the shape is the caller's. Raw JSON (an event's own bytes)
// is spliced unchanged, so no number is ever rewritten.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tributary {

/// Appends `text` as a JSON string with quotes. Escapes `"`, `\`, controls and U+2028/2029; other UTF-8 as it is. The
/// caller guarantees valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

class JsonOut {
 public:
  explicit JsonOut(std::string& out) : out_(out) {}
  JsonOut& begin_object() { return open('{'); }
  JsonOut& end_object() { return close('}'); }
  JsonOut& begin_array() { return open('['); }
  JsonOut& end_array() { return close(']'); }
  JsonOut& key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    need_comma_ = false;
    return *this;
  }
  JsonOut& string(std::string_view value) {
    comma();
    append_json_string(out_, value);
    return *this;
  }
  JsonOut& number(int64_t value) { return raw(std::to_string(value)); }
  JsonOut& unsigned_number(uint64_t value) { return raw(std::to_string(value)); }
  JsonOut& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonOut& null() { return raw("null"); }
  /// Bytes that are already one JSON value.
  JsonOut& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

 private:
  JsonOut& open(char bracket) {
    comma();
    out_ += bracket;
    need_comma_ = false;
    return *this;
  }
  JsonOut& close(char bracket) {
    out_ += bracket;
    need_comma_ = true;
    return *this;
  }
  void comma() {
    if (need_comma_) out_ += ',';
    need_comma_ = true;
  }

  std::string& out_;
  bool need_comma_ = false;
};

}  // namespace tributary
