#include "engine/ingest/channel.h"

#include <algorithm>
#include <array>

#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kChannelBytesMax = 32;

/// Profiles list their channels, so an open text from a public key must not become one.
std::string short_word(const JsonValue& value) {
  if (!value.is(JsonKind::string)) return {};
  std::string scratch;
  std::string word(value.text(scratch));
  if (word.empty() || word.size() > kChannelBytesMax) return {};
  for (char& c : word) c = ascii_lower(c);
  bool plain = is_ascii_letter(word[0]) && std::all_of(word.begin(), word.end(), [](char c) {
                 return is_ascii_alphanumeric(c) || c == '_' || c == '-';
               });
  if (!plain) return {};
  return word == "browser" ? "web" : word;
}

bool is_browser_library(const JsonValue& library) {
  std::string scratch;
  std::string_view name = find_member(library, "name").text(scratch);
  return name == "analytics.js" || name == "RudderLabs JavaScript SDK";
}

bool is_phone_system(const JsonValue& os) {
  constexpr std::array<std::string_view, 7> kSystems = {"ios",     "ipados", "android",  "harmonyos",
                                                        "watchos", "tvos",   "iphone os"};
  std::string scratch;
  std::string name(find_member(os, "name").text(scratch));
  for (char& c : name) c = ascii_lower(c);
  return std::find(kSystems.begin(), kSystems.end(), name) != kSystems.end();
}

}  // namespace

std::string channel_of(const ItemFields& fields, const ContextFields& context) {
  std::string said = short_word(fields[Field::channel]);
  if (said.empty()) said = short_word(context.channel);
  if (!said.empty()) return said;
  bool page = context.page.is(JsonKind::object) && context.page.raw().size() > 2 &&
              (!find_member(context.page, "url").missing() || !find_member(context.page, "path").missing());
  if (page || is_browser_library(context.library)) return "web";
  if (context.device.is(JsonKind::object) || is_phone_system(context.os)) return "mobile";
  return context.library.is(JsonKind::object) ? "server" : "";
}

}  // namespace tributary
