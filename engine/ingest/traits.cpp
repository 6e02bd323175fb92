#include "engine/ingest/traits.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "engine/ingest/json_text.h"

namespace tributary {
namespace {

constexpr std::string_view kSetOnce = "$set_once";
constexpr std::string_view kIncrement = "$increment";

struct TraitMember {
  TraitOperation operation;
  std::string key;
  bool own;  // from `traits`, which win
  JsonValue value;
};

/// An increment must be a 64-bit integer; anything else changes nothing and stays on the event.
bool is_integer(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

void append_members(const JsonValue& object, TraitOperation operation, bool own, std::vector<TraitMember>& members) {
  std::string scratch;
  for_each_member(object, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    if (operation == TraitOperation::set && value.is(JsonKind::object)) {
      if (name == kSetOnce) return append_members(value, TraitOperation::set_once, own, members);
      if (name == kIncrement) return append_members(value, TraitOperation::increment, own, members);
    }
    if (operation == TraitOperation::increment && !is_integer(value.raw())) return;
    members.push_back({operation, std::string(name), own, value});
  });
}

/// Members that overrule others come behind them: `traits` behind `context.traits`, the last of a name behind the
/// first.
bool precedes(const TraitMember& a, const TraitMember& b) {
  if (a.operation != b.operation) return a.operation < b.operation;
  if (int order = a.key.compare(b.key); order != 0) return order < 0;
  return a.own != b.own ? b.own : a.value.begin() < b.value.begin();
}

std::string minified(const JsonValue& value) {
  if (!value.is(JsonKind::object) && !value.is(JsonKind::array)) return std::string(value.raw());
  std::string json;
  append_minified(json, value.raw());
  return json;
}

}  // namespace

std::vector<TraitChange> read_traits(const JsonValue& context_traits, const JsonValue& traits) {
  std::vector<TraitMember> members;
  members.reserve(16);
  append_members(context_traits, TraitOperation::set, false, members);
  append_members(traits, TraitOperation::set, true, members);
  std::sort(members.begin(), members.end(), precedes);
  std::vector<TraitChange> changes;
  changes.reserve(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    bool overruled = i + 1 < members.size() && members[i + 1].operation == members[i].operation &&
                     members[i + 1].key == members[i].key;
    if (overruled) continue;
    changes.push_back({std::move(members[i].key), minified(members[i].value), members[i].operation});
  }
  return changes;
}

}  // namespace tributary
