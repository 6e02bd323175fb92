// One text into one field, by the row of the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace tributary {

/// What a row demands of a value, without the struct it belongs to.
struct SettingRule {
  SettingType type;
  int64_t min;
  int64_t max;
  std::string_view words;
};

template <class Target>
SettingRule rule_of(const Setting<Target>& setting) {
  return {setting.type, setting.min, setting.max, setting.words};
}

bool is_list(SettingType type);
bool is_secret(SettingType type);

/// Puts a scalar into its field, or one more item into its list. Returns what is wrong, without the value when it is a
/// secret; then the field is unchanged.
std::optional<std::string> assign(const SettingRule& rule, const SettingField& field, std::string_view text);

}  // namespace tributary
