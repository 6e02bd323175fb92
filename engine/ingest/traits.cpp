#include "engine/ingest/traits.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "engine/ingest/json_text.h"

namespace tributary {
namespace {

struct Member {
  std::string key;
  bool own;  // from `traits`, which win
  JsonValue value;
};

void append_members(const JsonValue& object, bool own, std::vector<Member>& members) {
  std::string scratch;
  for_each_member(object, [&](const JsonValue& key, const JsonValue& value) {
    members.push_back({std::string(key.text(scratch)), own, value});
  });
}

/// Members that overrule others come behind them: `traits` behind `context.traits`, the last of a name behind the
/// first.
bool precedes(const Member& a, const Member& b) {
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
  std::vector<Member> members;
  members.reserve(16);
  append_members(context_traits, false, members);
  append_members(traits, true, members);
  std::sort(members.begin(), members.end(), precedes);
  std::vector<TraitChange> changes;
  changes.reserve(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    bool overruled = i + 1 < members.size() && members[i + 1].key == members[i].key;
    if (!overruled) changes.push_back({std::move(members[i].key), minified(members[i].value)});
  }
  return changes;
}

}  // namespace tributary
