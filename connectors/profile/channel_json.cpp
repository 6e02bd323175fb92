#include "connectors/profile/channel_json.h"

#include "connectors/query/json_members.h"

namespace tributary {
namespace {

void append_class(JsonOut& json, const ChannelClass& is) {
  json.key("class").string(is.group).key("role").string(is.role);
  append_number_or_null(json, "priority", is.priority);
}

void append_touchpoint(JsonOut& json, const ChannelEntry& entry) {
  json.begin_object().key("touchpoint").string(entry.touchpoint);
  append_class(json, entry.is);
  append_time_or_null(json, "since", entry.since);
  append_text_or_null(json, "by", entry.by);
  json.end_object();
}

/// The channel at this place, and the touchpoints behind it; leaves `i` at the next channel.
void append_channel(JsonOut& json, const std::vector<ChannelEntry>& entries, size_t& i) {
  const ChannelEntry& channel = entries[i];
  json.begin_object().key("code").string(channel.code).key("label").string(channel.label);
  append_class(json, channel.is);
  append_time_or_null(json, "since", channel.since);
  append_text_or_null(json, "by", channel.by);
  json.key("touchpoints").begin_array();
  for (++i; i < entries.size() && !entries[i].touchpoint.empty(); ++i) append_touchpoint(json, entries[i]);
  json.end_array().end_object();
}

void append_class_object(JsonOut& json, std::string_view name, const ChannelClass& is) {
  json.key(name).begin_object();
  append_class(json, is);
  json.end_object();
}

}  // namespace

std::string channels_json(const std::vector<ChannelEntry>& entries, Timestamp at) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("at").string(format_iso8601(at)).key("channels").begin_array();
  for (size_t i = 0; i < entries.size();) append_channel(json, entries, i);
  json.end_array().end_object();
  return out;
}

std::string channel_json(const std::vector<ChannelEntry>& entries, std::string_view code) {
  std::string out;
  JsonOut json(out);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].code != code) continue;
    append_channel(json, entries, i);
    break;
  }
  return out;
}

std::string channel_history_json(std::string_view code, const std::vector<ChannelChange>& changes) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("code").string(code).key("history").begin_array();
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    json.begin_object().key("at").string(format_iso8601(change->at));
    append_text_or_null(json, "touchpoint", change->touchpoint);
    append_class_object(json, "from", change->from);
    append_class_object(json, "to", change->to);
    json.key("by").string(change->by);
    append_text_or_null(json, "reason", change->reason);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace tributary
