#include "connectors/webhook/json_pointer.h"

#include <charconv>

namespace tributary {
namespace {

std::optional<std::string> unescaped_name(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '~') {
      out += name[i];
      continue;
    }
    ++i;
    if (i == name.size() || (name[i] != '0' && name[i] != '1')) return std::nullopt;
    out += name[i] == '0' ? '~' : '/';
  }
  return out;
}

/// An array index without leading zeros.
std::optional<size_t> index_of(std::string_view name) {
  size_t index = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  if (name.size() > 1 && name[0] == '0') return std::nullopt;
  return index;
}

}  // namespace

std::optional<std::vector<std::string>> pointer_names(std::string_view pointer) {
  std::vector<std::string> names;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    size_t slash = pointer.find('/');
    auto name = unescaped_name(pointer.substr(0, slash));
    if (!name) return std::nullopt;
    names.push_back(std::move(*name));
    pointer.remove_prefix(slash == pointer.npos ? pointer.size() : slash);
  }
  return names;
}

void append_pointer_step(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (char c : name) {
    if (c == '~' || c == '/') {
      pointer += c == '~' ? "~0" : "~1";
    } else {
      pointer += c;
    }
  }
}

JsonValue value_at(const JsonValue& from, std::string_view name, size_t& steps_taken) {
  if (from.is(JsonKind::object)) return find_member(from, name, steps_taken);
  auto index = from.is(JsonKind::array) ? index_of(name) : std::nullopt;
  JsonValue found;
  if (!index) return found;
  size_t at = 0;
  for_each_element(from, [&](const JsonValue& element) {
    ++steps_taken;
    if (at++ == *index) found = element;
  });
  return found;
}

JsonValue value_at(JsonValue from, const std::vector<std::string>& names, size_t& steps_taken) {
  for (const std::string& name : names) {
    from = value_at(from, name, steps_taken);
    if (from.is(JsonKind::absent)) break;
  }
  return from;
}

}  // namespace tributary
