#include "engine/ingest/traits.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "engine/ingest/json_text.h"

namespace tributary {
namespace {

constexpr std::string_view kSetOnce = "$set_once";
constexpr std::string_view kIncrement = "$increment";

/// An increment must be a 64-bit integer; anything else changes nothing and stays on the event.
bool is_integer(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

void append_members(const JsonValue& object, TraitOperation operation, std::vector<TraitChange>& changes) {
  std::string scratch;
  for_each_member(object, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (operation == TraitOperation::set && value.is(JsonKind::object)) {
      if (name == kSetOnce) return append_members(value, TraitOperation::set_once, changes);
      if (name == kIncrement) return append_members(value, TraitOperation::increment, changes);
    }
    if (operation == TraitOperation::increment && !is_integer(value.raw())) return;
    TraitChange& change = changes.emplace_back();
    change.operation = operation;
    change.key = name;
    bool container = value.is(JsonKind::object) || value.is(JsonKind::array);
    if (container) {
      append_minified(change.value_json, value.raw());
    } else {
      change.value_json = value.raw();
    }
  });
}

}  // namespace

std::vector<TraitChange> read_traits(const JsonValue& context_traits, const JsonValue& traits) {
  std::vector<TraitChange> changes;
  append_members(context_traits, TraitOperation::set, changes);
  append_members(traits, TraitOperation::set, changes);
  // The last of equal keys counts; reversing first lets unique() keep it.
  std::reverse(changes.begin(), changes.end());
  std::stable_sort(changes.begin(), changes.end(),
                   [](auto& a, auto& b) { return std::tie(a.operation, a.key) < std::tie(b.operation, b.key); });
  changes.erase(std::unique(changes.begin(), changes.end(),
                            [](auto& a, auto& b) { return a.operation == b.operation && a.key == b.key; }),
                changes.end());
  return changes;
}

}  // namespace tributary
