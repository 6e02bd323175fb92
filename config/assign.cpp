#include "config/assign.h"

#include <algorithm>
#include <limits>

#include "config/values.h"
#include "connectors/http/client_address.h"
#include "engine/base/nearest_word.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

constexpr size_t kSecretBytesMax = 1024;
constexpr size_t kShownBytesMax = 64;

std::string shown(std::string_view text) {
  std::string out = text.empty() ? "nothing" : "\"" + std::string(text.substr(0, kShownBytesMax)) + "\"";
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string spell_number(SettingType type, int64_t value) {
  if (type == SettingType::size) return format_size(value);
  if (type == SettingType::duration) return format_duration(value);
  return std::to_string(value);
}

std::string range_text(const SettingRule& rule) {
  if (rule.max == std::numeric_limits<int64_t>::max()) return "at least " + spell_number(rule.type, rule.min);
  return spell_number(rule.type, rule.min) + " to " + spell_number(rule.type, rule.max);
}

Result<int64_t> parse_number(SettingType type, std::string_view text) {
  if (type == SettingType::size) return parse_size(text);
  if (type == SettingType::duration) return parse_duration(text);
  return parse_integer(text);
}

// Chrono fields hold whole units; everything else holds the number itself.
std::optional<std::string> store_number(const SettingField& field, int64_t value) {
  if (auto seconds = std::get_if<std::chrono::seconds*>(&field)) {
    if (value % kMicrosPerSecond != 0) return "expected whole seconds";
    **seconds = std::chrono::seconds(value / kMicrosPerSecond);
  } else if (auto millis = std::get_if<std::chrono::milliseconds*>(&field)) {
    if (value % 1000 != 0) return "expected whole milliseconds";
    **millis = std::chrono::milliseconds(value / 1000);
  } else {
    std::visit(
        [value](auto* target) {
          using Number = std::remove_pointer_t<decltype(target)>;
          if constexpr (std::is_integral_v<Number> && !std::is_same_v<Number, bool>)
            *target = static_cast<Number>(value);
        },
        field);
  }
  return std::nullopt;
}

std::optional<std::string> assign_number(const SettingRule& rule, const SettingField& field, std::string_view text) {
  auto value = parse_number(rule.type, text);
  if (!value) return value.error().message + ", got " + shown(text);
  if (*value < rule.min || *value > rule.max) return "expected " + range_text(rule) + ", got " + shown(text);
  return store_number(field, *value);
}

std::optional<std::string> url_mistake(std::string_view text) {
  if (text.empty()) return std::nullopt;
  size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  std::string_view host = text.substr(scheme);
  bool ends_well = host.find_first_of("?#@ \"\\") == std::string_view::npos;
  if (scheme > 0 && !host.empty() && host.front() != '/' && ends_well) return std::nullopt;
  return "expected http:// or https:// and a host, got " + shown(text);
}

std::optional<std::string> secret_mistake(std::string_view text) {
  if (text.empty()) return "a secret must not be empty";
  if (text.size() > kSecretBytesMax) return "a secret must not be longer than 1024 bytes";
  bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) return "a secret must be printable ASCII without spaces";
  return std::nullopt;
}

std::optional<std::string> word_mistake(std::string_view allowed, std::string_view text) {
  std::vector<std::string> words = split_words(allowed);
  if (std::find(words.begin(), words.end(), text) != words.end()) return std::nullopt;
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " or ") + word;
  std::string message = "expected " + all + ", got " + shown(text);
  if (auto near = nearest_word(text, words)) message += ", did you mean \"" + *near + "\"?";
  return message;
}

std::optional<std::string> text_mistake(const SettingRule& rule, std::string_view text) {
  switch (rule.type) {
    case SettingType::listen: {
      auto mistake = listen_address_mistake(text);
      return mistake ? std::optional(*mistake + ", got " + shown(text)) : std::nullopt;
    }
    case SettingType::url:
      return url_mistake(text);
    case SettingType::word:
      return word_mistake(rule.words, text);
    case SettingType::secret:
    case SettingType::secrets:
      return secret_mistake(text);
    case SettingType::address:
      if (TrustedProxies::parse({std::string(text)})) return std::nullopt;
      return "expected an IP address or a network such as 10.0.0.0/8, got " + shown(text);
    case SettingType::country:
      if (text.empty() || is_country_code(text)) return std::nullopt;
      return "expected a country code of ISO 3166-1 such as CN, got " + shown(text);
    default:
      if (text.find('\0') == std::string_view::npos) return std::nullopt;
      return "a text must not contain a NUL byte";
  }
}

}  // namespace

bool is_list(SettingType type) {
  return type == SettingType::text_list || type == SettingType::address || type == SettingType::secrets;
}

bool is_secret(SettingType type) { return type == SettingType::secret || type == SettingType::secrets; }

std::optional<std::string> assign(const SettingRule& rule, const SettingField& field, std::string_view text) {
  if (auto flag = std::get_if<bool*>(&field)) {
    auto value = parse_boolean(text);
    if (!value) return value.error().message + ", got " + shown(text);
    **flag = *value;
    return std::nullopt;
  }
  bool in_text = std::holds_alternative<std::string*>(field);
  if (!in_text && !is_list(rule.type)) return assign_number(rule, field, text);
  if (auto mistake = text_mistake(rule, text)) return mistake;
  if (in_text) {
    *std::get<std::string*>(field) = std::string(text);
  } else {
    std::get<std::vector<std::string>*>(field)->emplace_back(text);
  }
  return std::nullopt;
}

}  // namespace tributary
