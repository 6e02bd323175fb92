#include "connectors/webhook/xml_document.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <pugixml.hpp>
#include <utility>
#include <vector>

#include "engine/base/json_out.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr size_t kEntityNameBytes = 8;  // more than any that XML knows has

bool is_known_entity(std::string_view name) {
  constexpr std::array<std::string_view, 5> kBuiltIn = {"amp", "lt", "gt", "quot", "apos"};
  return name.starts_with('#') || std::find(kBuiltIn.begin(), kBuiltIn.end(), name) != kBuiltIn.end();
}

/// Where `&name;` stands outside of CDATA and comments and names nothing that XML itself knows.
bool has_unknown_entity(std::string_view xml) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kVerbatim = {
      {{"<![CDATA[", "]]>"}, {"<!--", "-->"}}};
  for (size_t at = xml.find_first_of("&<"); at != xml.npos; at = xml.find_first_of("&<", at + 1)) {
    std::string_view rest = xml.substr(at);
    std::string_view name = rest.substr(1, kEntityNameBytes);
    if (rest.front() == '&' && !is_known_entity(name.substr(0, name.find(';')))) return true;
    for (const auto& [open, close] : kVerbatim) {
      if (!rest.starts_with(open)) continue;
      size_t end = rest.find(close, open.size());
      if (end == rest.npos) return false;  // the parser says what is wrong
      at += end;
      break;
    }
  }
  return false;
}

std::optional<std::string_view> unfit_bytes(std::string_view xml) {
  if (!is_utf8(xml)) return "not UTF-8";
  auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && kJsonSpace.find(c) == kJsonSpace.npos;
  };
  if (std::any_of(xml.begin(), xml.end(), is_control)) return "a control character";
  if (has_unknown_entity(xml)) return "an entity that XML does not know";
  return std::nullopt;
}

/// Character references can spell what is no character.
std::string usable_text(const std::string& text) { return is_utf8(text) ? text : valid_utf8(text); }

class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : json_(out) {}

  /// False when it is nested too deep.
  bool write(const pugi::xml_node& element, size_t level) {
    if (level > kXmlLevelsMax) return false;
    std::string text;
    Members members = members_of(element, text);
    bool has_attributes = element.first_attribute() != nullptr;
    if (members.empty() && !has_attributes && (level > 1 || !text.empty())) {
      json_.string(usable_text(text));
      return true;
    }
    json_.begin_object();
    for (const auto& attribute : element.attributes()) {
      std::string name(1, '@');
      name += usable_text(attribute.name());
      json_.key(name).string(usable_text(attribute.value()));
    }
    if (!trim(text, kJsonSpace).empty()) json_.key("#text").string(usable_text(text));
    for (const Member& member : members) {
      json_.key(usable_text(member.name));
      if (!write_member(member, level + 1)) return false;
    }
    json_.end_object();
    return true;
  }

 private:
  struct Member {
    std::string name;
    std::vector<pugi::xml_node> elements;
  };
  using Members = std::vector<Member>;

  /// Children by name, in the order of each one's first; texts go to `text`.
  static Members members_of(const pugi::xml_node& element, std::string& text) {
    Members members;
    std::map<std::string_view, size_t> places;
    for (const pugi::xml_node& child : element.children()) {
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) text += child.value();
      if (child.type() != pugi::node_element) continue;
      auto [place, fresh] = places.emplace(child.name(), members.size());
      if (fresh) members.push_back({child.name(), {}});
      members[place->second].elements.push_back(child);
    }
    return members;
  }

  bool write_member(const Member& member, size_t level) {
    if (member.elements.size() == 1) return write(member.elements.front(), level);
    json_.begin_array();
    for (const pugi::xml_node& element : member.elements) {
      if (!write(element, level)) return false;
    }
    json_.end_array();
    return true;
  }

  JsonOut json_;
};

}  // namespace

Result<std::string> xml_to_json(std::string_view xml) {
  if (xml.starts_with(kByteOrderMark)) xml.remove_prefix(kByteOrderMark.size());
  auto refusal = [](std::string_view why) {
    std::string message = "not XML we take: ";
    message += why;
    return Error(ErrorCode::invalid, std::move(message));
  };
  if (auto unfit = unfit_bytes(xml)) return refusal(*unfit);
  pugi::xml_document document;
  auto parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
  if (!parsed) return refusal(parsed.description());
  size_t roots = 0;
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() == pugi::node_doctype) return refusal("a DOCTYPE");
    if (node.type() == pugi::node_element) ++roots;
  }
  if (roots != 1) return refusal("not exactly one root element");
  Result<std::string> json(std::string{});
  if (!XmlWriter(*json).write(document.document_element(), 1)) return refusal("nested too deep");
  json->reserve(json->size() + kBodyPaddingBytes);
  return json;
}

}  // namespace tributary
