#include "engine/domain/identifier.h"

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "engine/base/bytes.h"

namespace tributary {
namespace {

struct FamilyName {
  IdentifierFamily family;
  std::string_view name;
};

constexpr std::array kFamilies = {
    FamilyName{IdentifierFamily::user_id, "user_id"},
    FamilyName{IdentifierFamily::uscc, "uscc"},
    FamilyName{IdentifierFamily::member_card, "member_card"},
    FamilyName{IdentifierFamily::customer_no, "customer_no"},
    FamilyName{IdentifierFamily::wechat_unionid, "wechat_unionid"},
    FamilyName{IdentifierFamily::wechat_openid, "wechat_openid"},
    FamilyName{IdentifierFamily::marketplace_buyer, "marketplace_buyer"},
    FamilyName{IdentifierFamily::social_id, "social_id"},
    FamilyName{IdentifierFamily::external_id, "external_id"},
    FamilyName{IdentifierFamily::phone, "phone"},
    FamilyName{IdentifierFamily::email, "email"},
    FamilyName{IdentifierFamily::device_id, "device_id"},
    FamilyName{IdentifierFamily::push_token, "push_token"},
    FamilyName{IdentifierFamily::ga_client_id, "ga_client_id"},
    FamilyName{IdentifierFamily::anonymous_id, "anonymous_id"},
};

struct KindAlias {
  std::string_view alias;
  IdentifierFamily family;
  std::string_view platform;
};

constexpr std::array kAliases = {
    KindAlias{"shopify_customer_id", IdentifierFamily::marketplace_buyer, "shopify"},
    KindAlias{"youzan_id", IdentifierFamily::marketplace_buyer, "youzan"},
    KindAlias{"line_user_id", IdentifierFamily::social_id, "line"},
    KindAlias{"douyin_open_id", IdentifierFamily::social_id, "douyin"},
    KindAlias{"stripe_customer_id", IdentifierFamily::external_id, "stripe"},
};

bool is_type_name(std::string_view name) {
  if (name.empty() || name.size() > 40 || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
}

std::string as_name(std::string_view text) {
  std::string name = ascii_lowered(text);
  for (char& c : name) {
    if (c == '-' || c == ' ') c = '_';
  }
  return name;
}

}  // namespace

KindCode kind_code(const IdentifierKind& kind) {
  uint64_t platform = 0;
  for (char c : kind.platform) platform = (platform ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;  // FNV-1a
  return (static_cast<uint64_t>(kind.family) << 56) | (platform & ((1ull << 56) - 1));
}

std::string kind_name(const IdentifierKind& kind) {
  auto found = std::find_if(kFamilies.begin(), kFamilies.end(), [&](auto& f) { return f.family == kind.family; });
  std::string name(found == kFamilies.end() ? "unknown" : found->name);
  return kind.platform.empty() ? name : name + "/" + kind.platform;
}

std::optional<IdentifierKind> parse_kind(std::string_view text) {
  std::string name = as_name(text);
  for (const KindAlias& alias : kAliases) {
    if (alias.alias == name) return IdentifierKind{alias.family, std::string(alias.platform)};
  }
  std::string_view head = std::string_view(name).substr(0, name.find('/'));
  for (const FamilyName& family : kFamilies) {
    if (family.name != head) continue;
    if (head.size() == name.size()) {
      if (has_platforms(family.family)) return std::nullopt;
      return IdentifierKind{family.family, {}};
    }
    std::string platform = name.substr(head.size() + 1);
    if (!has_platforms(family.family) || !is_type_name(platform)) return std::nullopt;
    return IdentifierKind{family.family, std::move(platform)};
  }
  if (!is_type_name(name)) return std::nullopt;
  return IdentifierKind{IdentifierFamily::external_id, std::move(name)};
}

std::optional<IdentifierKind> parse_rule_kind(std::string_view text) {
  std::string name = as_name(text);
  for (const FamilyName& family : kFamilies) {
    if (family.name == name) return IdentifierKind{family.family, {}};
  }
  std::optional<IdentifierKind> kind = parse_kind(name);
  bool made_up = kind && kind->family == IdentifierFamily::external_id && kind->platform == name;
  return made_up ? std::nullopt : kind;
}

std::vector<std::string> known_kind_names() {
  std::vector<std::string> names;
  names.reserve(kFamilies.size());
  for (const FamilyName& family : kFamilies) names.emplace_back(family.name);
  for (const KindAlias& alias : kAliases) names.emplace_back(alias.alias);
  return names;
}

bool has_platforms(IdentifierFamily family) {
  return family == IdentifierFamily::marketplace_buyer || family == IdentifierFamily::social_id ||
         family == IdentifierFamily::external_id;
}

bool is_weak(IdentifierFamily family) { return family >= IdentifierFamily::device_id; }

Hash128 identifier_hash(const KeyedHash& index_key, const IdentifierKind& kind, std::string_view value) {
  std::string message;
  message.reserve(2 + kind.platform.size() + value.size());
  message += static_cast<char>(kind.family);
  message += kind.platform;
  message += '\0';
  message += value;
  return index_key(message);
}

Hash128 generation_hash(const Hash128& identifier, Timestamp from) {
  std::string subject = "generation";
  ByteWriter out(subject);
  out.raw(identifier.view());
  out.i64(from.micros);
  return Hash128::from_bytes(sha256(subject));
}

}  // namespace tributary
