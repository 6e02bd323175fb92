#include "connectors/webhook/signed_json.h"

#include <charconv>
#include <limits>

namespace tributary {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

JsonValue element_at(const JsonValue& array, std::string_view name) {
  size_t wanted = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), wanted);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  JsonValue found;
  size_t index = 0;
  for_each_element(array, [&](const JsonValue& element) {
    if (index++ == wanted) found = element;
  });
  return found;
}

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

}  // namespace

bool SignedJson::is_one_value() {
  if (!valid_) {
    // A prover that skips a mark would see other positions than we do.
    valid_ = !body_.empty() && !body_.starts_with(kByteOrderMark) &&
             index_.build(body_, body_, std::numeric_limits<size_t>::max()) == JsonProof::valid;
  }
  return *valid_;
}

std::optional<std::string> SignedJson::text_at(std::string_view pointer) {
  auto names = pointer_names(pointer);
  if (!names || !is_one_value()) return std::nullopt;
  JsonValue value = index_.root();
  for (const std::string& name : *names) {
    value = value.is(JsonKind::array) ? element_at(value, name) : find_member(value, name);
  }
  if (!value.is(JsonKind::string) && !value.is(JsonKind::number)) return std::nullopt;
  std::string scratch;
  return std::string(value.text(scratch));
}

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

}  // namespace tributary
