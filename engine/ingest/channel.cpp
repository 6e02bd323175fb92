#include "engine/ingest/channel.h"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/check.h"
#include "engine/domain/event.h"
#include "engine/ingest/blocked_values.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kChannelWordBytesMax = 64;

struct ChannelNames {
  std::string_view code, names;  // names between blanks, folded
};

// Beside codes and labels.
constexpr ChannelNames kChannelNames[] = {
    {"website", "web browser site 网站"},
    {"app", "mobile mobileapp 应用"},
    {"mini_program", "miniapp wechatminiprogram 微信小程序"},
    {"official_account", "wechat wecom 微信公众号"},
    {"store", "shop retail pos 线下门店"},
    {"call_center", "callcentre phone 客服 客服热线"},
    {"field_sales", "fieldvisit 拜访"},
    {"exhibition", "tradeshow 展览"},
    {"email", "mail 电子邮件 邮箱"},
    {"sms", "textmessage 手机短信"},
    {"push", "pushnotification"},
    {"survey", "questionnaire 调研"},
    {"community", "社群"},
    {"marketplace", "电商"},
    {"social", "socialmedia 微博 小红书 抖音 b站 社交"},
    {"live_stream", "livestreaming 直播"},
    {"ad_network", "ads advertising"},
    {"partner", "referral 合作伙伴"},
};

struct WordHash {
  using is_transparent = void;
  size_t operator()(std::string_view word) const { return std::hash<std::string_view>{}(word); }
};
using ChannelsByWord = boost::unordered_flat_map<std::string, const Channel*, WordHash, std::equal_to<>>;

std::optional<std::string> folded_channel_word(std::string_view word) {
  std::optional<std::string> folded;
  if (is_ascii(word)) {
    folded.emplace(word);
    for (char& c : *folded) c = ascii_lower(c);
  } else {
    folded = nfkc_casefold(word);
  }
  if (folded) std::erase_if(*folded, [](char c) { return c == ' ' || c == '_' || c == '-'; });
  return folded;
}

template <class OnPart>
void for_each_part(std::string_view text, char separator, OnPart on_part) {
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    on_part(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

ChannelsByWord listed_channels() {
  ChannelsByWord words;
  auto add = [&](std::string_view word, const Channel& channel) {
    auto folded = folded_channel_word(word);
    bool added = folded && words.emplace(std::move(*folded), &channel).second;
    TRIBUTARY_CHECK(added);
  };
  for (const Channel& channel : channels()) {
    add(channel.code, channel);
    for_each_part(channel.label, '/', [&](std::string_view label) { add(label, channel); });
    if (channel.label.find('/') != std::string_view::npos) add(channel.label, channel);
  }
  for (const ChannelNames& row : kChannelNames) {
    for_each_part(row.names, ' ', [&](std::string_view name) { add(name, *find_channel(row.code)); });
  }
  return words;
}

/// A word for a channel, trimmed and in lower case as far as it is ASCII; empty where none is said.
std::string said_channel(const JsonValue& value) {
  if (!value.is(JsonKind::string) && !value.is(JsonKind::number)) return {};
  std::string scratch;
  std::string word(trim_white_space(value.text(scratch)));
  for (char& c : word) c = ascii_lower(c);
  return word;
}

bool is_browser_library(const JsonValue& library) {
  std::string scratch;
  std::string_view name = find_member(library, "name").text(scratch);
  return name == "analytics.js" || name == "RudderLabs JavaScript SDK";
}

bool is_phone_library(const JsonValue& library) {
  constexpr std::array<std::string_view, 4> kLibraries = {"analytics-ios", "analytics-android", "rudder-ios-library",
                                                          "com.rudderstack.android.sdk.core"};
  std::string scratch;
  std::string_view name = find_member(library, "name").text(scratch);
  return std::find(kLibraries.begin(), kLibraries.end(), name) != kLibraries.end();
}

bool is_phone_system(const JsonValue& os) {
  constexpr std::array<std::string_view, 7> kSystems = {"ios",     "ipados", "android",  "harmonyos",
                                                        "watchos", "tvos",   "iphone os"};
  std::string scratch;
  std::string name(find_member(os, "name").text(scratch));
  for (char& c : name) c = ascii_lower(c);
  return std::find(kSystems.begin(), kSystems.end(), name) != kSystems.end();
}

std::string_view guessed_channel(const ContextFields& context) {
  bool page = context.page.is(JsonKind::object) && context.page.raw().size() > 2 &&
              (!find_member(context.page, "url").missing() || !find_member(context.page, "path").missing());
  if (page || is_browser_library(context.library)) return "website";
  bool phone = context.device.is(JsonKind::object) || is_phone_system(context.os) || is_phone_library(context.library);
  return phone ? "app" : "";
}

}  // namespace

const Channel* channel_named(std::string_view word) {
  static const ChannelsByWord kWords = listed_channels();
  if (word.size() > kChannelWordBytesMax) return nullptr;
  if (auto found = kWords.find(word); found != kWords.end()) return found->second;
  std::optional<std::string> folded = folded_channel_word(word);
  auto found = folded ? kWords.find(*folded) : kWords.end();
  return found == kWords.end() ? nullptr : found->second;
}

ChannelReading read_channel(const ItemFields& fields, const ContextFields& context, std::string_view source_channel) {
  std::string said = said_channel(fields[Field::channel]);
  bool by_the_sdk = said == "web" || said == "browser" || said == "mobile" || said == "server";
  if (said.empty() || by_the_sdk) {
    std::string in_context = said_channel(context.channel);
    if (!in_context.empty() && in_context != "server") said = std::move(in_context);
  }
  if (!said.empty() && said != "server") {
    const Channel* known = channel_named(said);
    if (known != nullptr) return {known->code, false};
    if (blocked_for_every_kind(said) == Blocked::no) return {kOtherChannel, true};
  }
  if (!source_channel.empty()) return {source_channel, false};
  return {guessed_channel(context), false};
}

std::string read_touchpoint(const ItemFields& fields, const ContextFields& context, uint8_t& flags) {
  const JsonValue& said = fields[Field::touchpoint].missing() ? context.touchpoint : fields[Field::touchpoint];
  if (said.missing()) return {};
  std::string scratch;
  std::string_view text;
  if (said.is(JsonKind::string) || said.is(JsonKind::number)) text = trim_white_space(said.text(scratch));
  bool good = (said.is(JsonKind::string) || !text.empty()) && text.size() <= kTouchpointBytesMax;
  if (!good) flags |= EventFlags::kPropertyWrong;
  return good && !text.empty() && blocked_for_every_kind(text) == Blocked::no ? std::string(text) : std::string();
}

}  // namespace tributary
