#include "connectors/profile/tag_body.h"

#include <array>

#include "connectors/query/json_body.h"

namespace tributary {
namespace {

constexpr size_t kTagLabelBytesMax = 256;
constexpr size_t kTagPersonBytesMax = 200;
constexpr size_t kTagDecisionIdBytesMax = 64;

struct TextMember {
  std::string_view name;
  size_t bytes_max;
  std::string& (*place)(TagBody& body);
};

const std::array kTextMembers = {
    TextMember{"type", kTagTypeBytesMax, [](TagBody& b) -> std::string& { return b.type; }},
    TextMember{"name", kTagNameBytesMax, [](TagBody& b) -> std::string& { return b.name; }},
    TextMember{"note", kTagNoteBytesMax, [](TagBody& b) -> std::string& { return b.note; }},
    TextMember{"evidence", kTagPersonBytesMax, [](TagBody& b) -> std::string& { return b.evidence; }},
    TextMember{"label_zh", kTagLabelBytesMax, [](TagBody& b) -> std::string& { return b.label_zh; }},
    TextMember{"label_en", kTagLabelBytesMax, [](TagBody& b) -> std::string& { return b.label_en; }},
    TextMember{"description", kTagNoteBytesMax, [](TagBody& b) -> std::string& { return b.description; }},
    TextMember{"exclusive_group", kTagLabelBytesMax, [](TagBody& b) -> std::string& { return b.exclusive_group; }},
    TextMember{"new_name", kTagNameBytesMax, [](TagBody& b) -> std::string& { return b.into; }},
    TextMember{"into", kTagNameBytesMax, [](TagBody& b) -> std::string& { return b.into; }},
    TextMember{"into_type", kTagTypeBytesMax, [](TagBody& b) -> std::string& { return b.into_type; }},
    TextMember{"reason", kTagNoteBytesMax, [](TagBody& b) -> std::string& { return b.decision.reason; }},
    TextMember{"author", kTagPersonBytesMax, [](TagBody& b) -> std::string& { return b.decision.author; }},
    TextMember{"id", kTagDecisionIdBytesMax, [](TagBody& b) -> std::string& { return b.decision.id; }},
};

std::optional<ParameterFault> read_member(std::string_view name, const boost::json::value& value, TagBody& body) {
  for (const TextMember& member : kTextMembers) {
    if (member.name != name) continue;
    if (!value.is_string()) return ParameterFault{std::string(name) + " is not a string"};
    if (value.get_string().size() > member.bytes_max) {
      return ParameterFault{std::string(name) + " is longer than " + std::to_string(member.bytes_max) + " bytes"};
    }
    member.place(body) = std::string(value.get_string());
    return std::nullopt;
  }
  if (name != "propose" && name != "needs_note") return ParameterFault{"the body has a member that is not known"};
  if (!value.is_bool()) return ParameterFault{std::string(name) + " is neither true nor false"};
  if (name == "propose") {
    body.propose = value.get_bool();
  } else {
    body.needs_note = value.get_bool();
  }
  return std::nullopt;
}

}  // namespace

Parsed<TagBody> tag_body(std::string_view body) {
  TagBody read;
  if (body.empty()) return read;
  auto object = object_of(body);
  if (!object) return ParameterFault{"the body is not a JSON object"};
  for (const auto& [name, value] : *object) {
    if (auto fault = read_member({name.data(), name.size()}, value, read)) return *fault;
  }
  if (!read.type.empty()) {
    read.type = tag_type_code(read.type);
    if (read.type.empty()) return ParameterFault{"type is no code of a-z, 0-9 and _ that begins with a letter"};
  }
  return read;
}

}  // namespace tributary
