#include "engine/ingest/traits.h"

#include <algorithm>

#include "engine/ingest/json_text.h"

namespace tributary {
namespace {

void append_members(const JsonValue& object, std::vector<TraitChange>& changes) {
  std::string scratch;
  for_each_member(object, [&](const JsonValue& key, const JsonValue& value) {
    TraitChange& change = changes.emplace_back();
    change.key = key.text(scratch);
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
  append_members(context_traits, changes);
  append_members(traits, changes);
  // The last of equal keys counts; reversing first lets unique() keep it.
  std::reverse(changes.begin(), changes.end());
  std::stable_sort(changes.begin(), changes.end(), [](auto& a, auto& b) { return a.key < b.key; });
  changes.erase(std::unique(changes.begin(), changes.end(), [](auto& a, auto& b) { return a.key == b.key; }),
                changes.end());
  return changes;
}

}  // namespace tributary
