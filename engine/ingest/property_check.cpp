#include "engine/ingest/property_check.h"

#include <algorithm>
#include <string>

#include "engine/base/money.h"
#include "engine/domain/event.h"

namespace tributary {
namespace {

bool holds(const JsonValue& value, PropertyType type) {
  if (value.missing()) return true;
  switch (type) {
    case PropertyType::any:
      return true;
    case PropertyType::text:
      return value.is(JsonKind::string) || value.is(JsonKind::number);
    case PropertyType::number: {
      std::string scratch;
      return value.is(JsonKind::number) || (value.is(JsonKind::string) && parse_amount(value.text(scratch)));
    }
    case PropertyType::boolean:
      return value.is(JsonKind::boolean);
    case PropertyType::list:
      return value.is(JsonKind::array);
  }
  return true;
}

bool has_one_of(const JsonValue& properties, std::string_view alternatives) {
  while (!alternatives.empty()) {
    size_t bar = std::min(alternatives.find('|'), alternatives.size());
    if (!find_member(properties, alternatives.substr(0, bar)).missing()) return true;
    alternatives.remove_prefix(std::min(bar + 1, alternatives.size()));
  }
  return false;
}

bool has_all(const JsonValue& properties, std::string_view required) {
  while (!required.empty()) {
    size_t blank = std::min(required.find(' '), required.size());
    if (!has_one_of(properties, required.substr(0, blank))) return false;
    required.remove_prefix(std::min(blank + 1, required.size()));
  }
  return true;
}

}  // namespace

uint8_t check_properties(const CatalogueEvent& event, const JsonValue& properties) {
  uint8_t flags = 0;
  if (!has_all(properties, event.required)) flags |= EventFlags::kPropertyMissing;
  std::string scratch;
  for_each_member(properties, [&](const JsonValue& key, const JsonValue& value) {
    if (!holds(value, catalogue_property(key.text(scratch)))) flags |= EventFlags::kPropertyWrong;
  });
  return flags;
}

}  // namespace tributary
