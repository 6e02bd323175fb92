#include "connectors/profile/channel_body.h"

#include <array>

#include "connectors/query/json_body.h"

namespace tributary {
namespace {

struct ChannelMember {
  std::string_view name;
  size_t bytes_max;
  std::string& (*place)(ChannelBody& body);
};

const std::array kChannelMembers = {
    ChannelMember{"class", 32, [](ChannelBody& b) -> std::string& { return b.group; }},
    ChannelMember{"role", kChannelRoleBytesMax, [](ChannelBody& b) -> std::string& { return b.role; }},
    ChannelMember{"reason", 4000, [](ChannelBody& b) -> std::string& { return b.decision.reason; }},
    ChannelMember{"author", 200, [](ChannelBody& b) -> std::string& { return b.decision.author; }},
    ChannelMember{"id", 64, [](ChannelBody& b) -> std::string& { return b.decision.id; }},
};

std::optional<ParameterFault> read_priority(const boost::json::value& value, ChannelBody& body) {
  if (value.is_null()) {
    body.priority = kNoChannelPriority;
    return std::nullopt;
  }
  bool fits = value.is_int64() && value.get_int64() >= 1 && value.get_int64() <= kChannelPriorityMost;
  if (!fits) return ParameterFault{"priority is neither null nor a whole number from 1 to 1000"};
  body.priority = std::to_string(value.get_int64());
  return std::nullopt;
}

std::optional<ParameterFault> read_channel_member(std::string_view name, const boost::json::value& value,
                                                  ChannelBody& body) {
  if (name == "priority") return read_priority(value, body);
  for (const ChannelMember& member : kChannelMembers) {
    if (member.name != name) continue;
    if (!value.is_string() || value.get_string().empty()) return ParameterFault{std::string(name) + " is not a text"};
    if (value.get_string().size() > member.bytes_max) {
      return ParameterFault{std::string(name) + " is longer than " + std::to_string(member.bytes_max) + " bytes"};
    }
    member.place(body) = std::string(value.get_string());
    return std::nullopt;
  }
  return ParameterFault{"the body has a member that is not known"};
}

}  // namespace

Parsed<ChannelBody> channel_body(std::string_view body) {
  auto object = object_of(body);
  if (!object) return ParameterFault{"the body is not a JSON object"};
  ChannelBody read;
  for (const auto& [name, value] : *object) {
    if (auto fault = read_channel_member({name.data(), name.size()}, value, read)) return *fault;
  }
  if (!read.group.empty() && !is_channel_group(read.group)) {
    return ParameterFault{"class is none of own, partner, emerging, back_office and other"};
  }
  bool says = !read.group.empty() || !read.role.empty() || !read.priority.empty();
  if (!says) return ParameterFault{"the body says none of class, role and priority"};
  return read;
}

}  // namespace tributary
