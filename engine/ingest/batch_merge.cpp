#include "engine/ingest/batch_merge.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace tributary {
namespace {

struct Member {
  std::string name;
  JsonValue key, value;
};

std::vector<Member> sorted_members(const JsonValue& object) {
  std::vector<Member> members;
  std::string scratch;
  for_each_member(object, [&](const JsonValue& key, const JsonValue& value) {
    members.push_back({std::string(key.text(scratch)), key, value});
  });
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    int order = a.name.compare(b.name);
    return order != 0 ? order < 0 : a.key.begin() < b.key.begin();
  });
  return members;
}

/// The last member of that name.
const Member* last_named(const std::vector<Member>& members, std::string_view name) {
  auto end = std::upper_bound(members.begin(), members.end(), name,
                              [](std::string_view wanted, const Member& member) { return wanted < member.name; });
  if (end == members.begin() || std::prev(end)->name != name) return nullptr;
  return &*std::prev(end);
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  out += key;
  out += ':';
  out += value;
}

std::string merged_objects(const JsonValue& own, const JsonValue& defaults) {
  std::vector<Member> default_members = sorted_members(defaults);
  std::string out = "{", scratch;
  for_each_member(own, [&](const JsonValue& key, const JsonValue& value) {
    const Member* fallback = last_named(default_members, key.text(scratch));
    bool both = fallback != nullptr && value.is(JsonKind::object) && fallback->value.is(JsonKind::object);
    append_member(out, key.raw(), both ? merged_objects(value, fallback->value) : std::string(value.raw()));
  });
  std::vector<Member> own_members = sorted_members(own);
  for (size_t i = 0; i < default_members.size(); ++i) {
    const Member& member = default_members[i];
    bool last = i + 1 == default_members.size() || default_members[i + 1].name != member.name;
    if (last && last_named(own_members, member.name) == nullptr)
      append_member(out, member.key.raw(), member.value.raw());
  }
  return out + "}";
}

JsonValue object_with_members(const JsonValue& value) {
  return value.is(JsonKind::object) && value.size() > 0 ? value : JsonValue{};
}

}  // namespace

BatchDefaults read_batch_defaults(const JsonValue& batch_object) {
  return {object_with_members(find_member(batch_object, "context")),
          object_with_members(find_member(batch_object, "integrations"))};
}

std::string merged_item(const JsonValue& item, const BatchDefaults& defaults) {
  std::string out = "{", scratch;
  bool has_context = false, has_integrations = false;
  for_each_member(item, [&](const JsonValue& key, const JsonValue& value) {
    std::string_view name = key.text(scratch);
    JsonValue fallback;
    if (name == "context") fallback = defaults.context;
    if (name == "integrations") fallback = defaults.integrations;
    if (fallback.is(JsonKind::absent)) return append_member(out, key.raw(), value.raw());
    (name == "context" ? has_context : has_integrations) = true;
    if (value.missing()) return append_member(out, key.raw(), fallback.raw());
    append_member(out, key.raw(),
                  value.is(JsonKind::object) ? merged_objects(value, fallback) : std::string(value.raw()));
  });
  if (!has_context && defaults.context.is(JsonKind::object)) append_member(out, "\"context\"", defaults.context.raw());
  if (!has_integrations && defaults.integrations.is(JsonKind::object)) {
    append_member(out, "\"integrations\"", defaults.integrations.raw());
  }
  return out + "}";
}

}  // namespace tributary
