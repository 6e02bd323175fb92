#include "connectors/webhook/form_document.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "connectors/http/request_target.h"
#include "engine/base/ascii.h"
#include "engine/base/json_out.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kFieldsMax = 10'000;
constexpr size_t kLevelsMax = 16;

/// A value of a form: texts of one name, or members.
struct Field {
  std::vector<std::string> texts;
  bool is_list = false;  // also of a single text
  std::vector<std::pair<std::string, std::unique_ptr<Field>>> members;
  std::map<std::string, size_t, std::less<>> places;  // of members by name

  Field& member(std::string_view name) {
    auto found = places.find(name);
    if (found != places.end()) return *members[found->second].second;
    places.emplace(name, members.size());
    members.emplace_back(name, std::make_unique<Field>());
    return *members.back().second;
  }
};

/// `a[b][c]` as a, b, c. Nothing when the brackets do not pair.
std::optional<std::vector<std::string>> name_parts(std::string_view name) {
  std::vector<std::string> parts;
  size_t open = name.find('[');
  parts.emplace_back(name.substr(0, open));
  if (open == 0 || name.empty()) return std::nullopt;
  while (open < name.size()) {
    size_t close = name.find(']', open);
    if (name[open] != '[' || close == std::string_view::npos || parts.size() == kLevelsMax) return std::nullopt;
    parts.emplace_back(name.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return parts;
}

/// The place for a text of this name, or nothing when it contradicts an earlier one.
Field* place_of(Field& root, std::vector<std::string>& parts) {
  bool is_list = parts.size() > 1 && parts.back().empty();
  if (is_list) parts.pop_back();
  Field* at = &root;
  for (const std::string& part : parts) {
    if (!at->texts.empty()) return nullptr;
    at = &at->member(part.empty() ? std::to_string(at->members.size()) : part);
  }
  if (!at->members.empty()) at = &at->member("");
  at->is_list = at->is_list || is_list;
  return at;
}

class FormBuilder {
 public:
  bool add(std::string_view raw_name, std::string_view raw_text) {
    if (++fields_ > kFieldsMax) return false;
    std::string name = valid_utf8(raw_name);
    auto parts = name_parts(name);
    Field* place = parts ? place_of(root_, *parts) : nullptr;
    if (place == nullptr) place = &root_.member(name);
    place->texts.push_back(valid_utf8(raw_text));
    return true;
  }

  std::string json() const {
    std::string out;
    write_members(out, root_, false);
    return out;
  }

 private:
  static bool counts_up(const Field& field) {
    for (size_t i = 0; i < field.members.size(); ++i) {
      if (field.members[i].first != std::to_string(i)) return false;
    }
    return !field.members.empty();
  }

  static void write(std::string& out, const Field& field) {
    if (field.texts.empty()) return write_members(out, field, counts_up(field));
    if (field.texts.size() == 1 && !field.is_list) return append_json_string(out, field.texts[0]);
    out += '[';
    for (size_t i = 0; i < field.texts.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, field.texts[i]);
    }
    out += ']';
  }

  static void write_members(std::string& out, const Field& field, bool as_array) {
    out += as_array ? '[' : '{';
    for (size_t i = 0; i < field.members.size(); ++i) {
      if (i > 0) out += ',';
      if (!as_array) {
        append_json_string(out, field.members[i].first);
        out += ':';
      }
      write(out, *field.members[i].second);
    }
    out += as_array ? ']' : '}';
  }

  Field root_;
  size_t fields_ = 0;
};

Error too_many_fields() { return {ErrorCode::invalid, "a form of more than 10,000 fields"}; }

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

/// One part of a multipart body: its headers and its text, without the line ends around.
bool add_part(FormBuilder& form, std::string_view part) {
  size_t blank = part.find("\r\n\r\n");
  std::string_view headers = part.substr(0, std::min(blank, part.size()));
  std::string_view text = blank == std::string_view::npos ? std::string_view() : part.substr(blank + 4);
  while (!headers.empty()) {
    size_t end = std::min(headers.find("\r\n"), headers.size());
    std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + 2, headers.size()));
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_word(trim(line.substr(0, colon)), "content-disposition")) continue;
    std::string name = header_parameter(line.substr(colon + 1), "name");
    if (name.empty()) return true;
    std::string file = header_parameter(line.substr(colon + 1), "filename");
    return form.add(name, file.empty() ? text : std::string_view(file));
  }
  return true;
}

}  // namespace

std::string header_parameter(std::string_view value, std::string_view name) {
  size_t at = value.find(';');
  while (at < value.size()) {
    size_t equals = value.find_first_of("=;", ++at);
    if (equals == std::string_view::npos) return {};
    std::string_view found = trim(value.substr(at, equals - at));
    at = equals;
    if (value[equals] == ';') continue;
    std::string text;
    size_t begin = value.find_first_not_of(kBlanks, equals + 1);
    if (begin < value.size() && value[begin] == '"') {
      for (at = begin + 1; at < value.size() && value[at] != '"'; ++at) {
        if (value[at] == '\\' && at + 1 < value.size()) ++at;
        text += value[at];
      }
      at = std::min(value.find(';', at), value.size());
    } else {
      at = std::min(value.find(';', equals), value.size());
      text = trim(value.substr(equals + 1, at - equals - 1));
    }
    if (same_word(found, name)) return text;
  }
  return {};
}

Result<std::string> urlencoded_to_json(std::string_view body) {
  FormBuilder form;
  bool fits = true;
  std::string name, text;
  for_each_form_field(body, [&](std::string_view encoded_name, std::string_view encoded_text) {
    if (!fits) return;
    decode_form_value(encoded_name, name);
    decode_form_value(encoded_text, text);
    fits = form.add(name, text);
  });
  if (!fits) return too_many_fields();
  return form.json();
}

Result<std::string> multipart_to_json(std::string_view body, std::string_view boundary) {
  std::string mark = "\r\n--" + std::string(boundary);
  std::string_view first = std::string_view(mark).substr(2);
  size_t at = body.starts_with(first) ? first.size() : body.find(mark);
  if (boundary.empty() || at == std::string_view::npos) {
    return Error(ErrorCode::invalid, "a multipart form without its boundary");
  }
  if (!body.starts_with(first)) at += mark.size();
  FormBuilder form;
  while (body.substr(at, 2) != "--") {
    at = body.find("\r\n", at);  // blanks may follow a boundary
    if (at == std::string_view::npos) break;
    size_t end = body.find(mark, at);
    if (end == std::string_view::npos) return Error(ErrorCode::invalid, "a multipart form that ends within a part");
    size_t begin = at + 2;
    if (!add_part(form, end > begin ? body.substr(begin, end - begin) : std::string_view())) return too_many_fields();
    at = end + mark.size();
  }
  return form.json();
}

}  // namespace tributary
