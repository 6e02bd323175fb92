#include "engine/ingest/normalise.h"

#include <algorithm>

#include "engine/ingest/blocked_values.h"
#include "engine/ingest/event_parser.h"
#include "engine/ingest/json_text.h"
#include "engine/ingest/normalise_email.h"
#include "engine/ingest/normalise_phone.h"
#include "engine/ingest/normalised.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

bool is_edge_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view trim_space_and_controls(std::string_view text) {
  for (;;) {
    size_t before = text.size();
    text = trim_white_space(text);
    while (!text.empty() && is_edge_control(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_edge_control(text.back())) text.remove_suffix(1);
    if (text.size() == before) return text;
  }
}

IdFault fault_of(std::string_view raw, std::string_view cleaned, size_t bytes_max) {
  if (raw.find('\0') != std::string_view::npos) return IdFault::has_nul;
  return cleaned.size() > bytes_max ? IdFault::too_long : IdFault::none;
}

/// Numbers on cards are printed in groups and typed in either width; leading zeroes count, O and 0 differ.
std::optional<std::string> card_number(std::string_view value) {
  std::string current(value);
  // What a separator held apart can compose once it is gone: repeated until nothing changes, three rounds at most.
  for (int round = 0; round < 4; ++round) {
    std::optional<std::string> folded = nfkc(current);
    if (!folded) return std::nullopt;
    std::string result;
    for_each_code_point(*folded, [&](char32_t c) {
      if (is_white_space(c) || c == '-' || c == 0x2013 || c == '.' || c == '/' || c == '_') return;
      append_utf8(result, c >= 'a' && c <= 'z' ? c - 32 : c);
    });
    if (result == current) break;
    current = std::move(result);
  }
  return current;
}

/// 18 characters of the unified social credit code; the last is a check character. Source: GB 32100-2015 section 4.
bool is_credit_code(std::string_view code) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  constexpr int kWeights[] = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
  if (code.size() != 18) return false;
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) {
    size_t digit = kAlphabet.find(code[i]);
    if (digit == std::string_view::npos) return false;
    sum += static_cast<int>(digit) * kWeights[i];
  }
  return code[17] == kAlphabet[static_cast<size_t>((31 - sum % 31) % 31)];
}

Normalised normalise_card(std::string_view value) {
  std::optional<std::string> number = card_number(value);
  if (!number) return Normalised::refused("identifier_invalid");
  return Normalised::of(std::move(*number));
}

Normalised normalise_credit_code(std::string_view value) {
  std::optional<std::string> number = card_number(value);
  if (!number || !is_credit_code(*number)) return Normalised::refused("uscc_invalid");
  return Normalised::of(std::move(*number));
}

bool means_nothing(std::string_view value) { return blocked_for_every_kind(value) != Blocked::no; }

struct Scoped {
  std::string scope;
  std::string_view id;
};

constexpr std::string_view kShopify = "shopify";

/// Splits `<scope>:<id>`; nothing without a scope that names an account, as in `shopify:undefined:123`.
std::optional<Scoped> split_scope(const IdentifierKind& kind, std::string_view value) {
  constexpr std::string_view kGlobalId = ":gid://";  // gid://shopify/Customer/123
  size_t global_id = kind.platform == kShopify ? value.find(kGlobalId) : std::string_view::npos;
  size_t colon = global_id != std::string_view::npos ? global_id : value.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view account = value.substr(0, colon);
  if (!kind.platform.empty()) {
    if (!account.starts_with(kind.platform + ":")) return std::nullopt;
    account.remove_prefix(kind.platform.size() + 1);
  }
  if (means_nothing(account)) return std::nullopt;
  return Scoped{std::string(value.substr(0, colon)), value.substr(colon + 1)};
}

/// The number of a customer, plain or as a global id. Other things of a shop are numbered too: nothing for those.
std::optional<std::string_view> shopify_customer(std::string_view id) {
  constexpr std::string_view kCustomer = "gid://shopify/Customer/";
  if (id.starts_with(kCustomer)) id.remove_prefix(kCustomer.size());
  if (id.find_first_of("/:") != std::string_view::npos) return std::nullopt;
  return id;
}

/// Kinds whose values mean something only inside a shop, app or programme carry that scope in front: `<scope>:<value>`,
/// where a kind with platforms begins its scope with the platform: `shopify:<shop domain>:<id>`.
Normalised normalise_scoped(const IdentifierKind& kind, std::string_view value) {
  std::optional<Scoped> scoped = split_scope(kind, value);
  if (!scoped) return Normalised::refused("scope_missing");
  if (means_nothing(scoped->id)) return Normalised::blocked_value("identifier_blocked");
  std::string id(scoped->id);
  if (kind.family == IdentifierFamily::member_card) {
    std::optional<std::string> number = card_number(id);
    // A colon that folding made would be read as the end of another scope.
    if (!number || number->find(':') != std::string::npos) return Normalised::refused("identifier_invalid");
    id = std::move(*number);
  }
  if (kind.platform == kShopify) {
    for (char& c : scoped->scope) c = ascii_lower(c);
    std::optional<std::string_view> customer = shopify_customer(scoped->id);
    if (!customer) return Normalised::refused("identifier_invalid");
    id = *customer;
  }
  if (means_nothing(id)) return Normalised::blocked_value("identifier_blocked");
  return Normalised::of(scoped->scope + ':' + id);
}

Normalised normalise_device(std::string_view value) {
  std::string result(value);
  if (is_uuid_shaped(value)) {
    for (char& c : result) c = ascii_lower(c);
  }
  return Normalised::of(std::move(result));
}

Normalised normalise_by_kind(const IdentifierKind& kind, std::string_view value, std::string_view default_country) {
  switch (kind.family) {
    case IdentifierFamily::email:
      return normalise_email(value);
    case IdentifierFamily::phone:
      return normalise_phone(value, default_country);
    case IdentifierFamily::device_id:
      return normalise_device(value);
    case IdentifierFamily::customer_no:
      return normalise_card(value);
    case IdentifierFamily::uscc:
      return normalise_credit_code(value);
    case IdentifierFamily::member_card:
    case IdentifierFamily::wechat_openid:
    case IdentifierFamily::marketplace_buyer:
    case IdentifierFamily::social_id:
      return normalise_scoped(kind, value);
    case IdentifierFamily::user_id:
    case IdentifierFamily::wechat_unionid:
    case IdentifierFamily::external_id:
    case IdentifierFamily::push_token:
    case IdentifierFamily::ga_client_id:
    case IdentifierFamily::anonymous_id:
      break;
  }
  return Normalised::of(std::string(value));
}

}  // namespace

bool is_uuid_shaped(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool hex = is_ascii_digit(text[i]) || (ascii_lower(text[i]) >= 'a' && ascii_lower(text[i]) <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

CleanId clean_id(std::string_view raw, size_t bytes_max, std::string& scratch) {
  if (is_visible_ascii(raw)) return {raw, raw.size() > bytes_max ? IdFault::too_long : IdFault::none};
  scratch = without_controls(raw);
  std::string_view cleaned = trim_white_space(scratch);
  return {cleaned, fault_of(raw, cleaned, bytes_max)};
}

CleanId clean_message_id(std::string_view raw, size_t bytes_max) {
  std::string_view cleaned = is_visible_ascii(raw) ? raw : trim_space_and_controls(raw);
  return {cleaned, fault_of(raw, cleaned, bytes_max)};
}

Normalised normalise_value(const IdentifierKind& kind, std::string_view raw, std::string_view default_country,
                           size_t bytes_max) {
  std::string scratch;
  // In an address a control character inside is damage: leaving it out would be a guess at another address.
  bool verbatim_inside = kind.family == IdentifierFamily::email;
  CleanId clean = verbatim_inside ? clean_message_id(raw, bytes_max) : clean_id(raw, bytes_max, scratch);
  if (clean.fault != IdFault::none) return Normalised::refused("identifier_invalid");
  Blocked blocked = blocked_for_every_kind(clean.text);
  if (blocked == Blocked::masked) return Normalised::blocked_value("value_masked");
  if (blocked == Blocked::listed) return Normalised::blocked_value("identifier_blocked");
  Normalised normalised = normalise_by_kind(kind, clean.text, default_country);
  if (!normalised.value) return normalised;
  // Folding can make a value longer, and what it leaves can be a blocked value that was spelled differently.
  const std::string& value = *normalised.value;
  if (value.size() > bytes_max) return Normalised::refused("identifier_invalid");
  bool blocked_now = value != clean.text && blocked_for_every_kind(value) != Blocked::no;
  if (blocked_now || blocked_for_kind(kind, value)) return Normalised::blocked_value("identifier_blocked");
  return normalised;
}

NormalisedValue normalise_identifier(const IdentifierKind& kind, std::string_view raw, std::string_view default_country,
                                     size_t identifier_bytes_max) {
  Normalised normalised = normalise_value(kind, raw, default_country, identifier_bytes_max);
  NormalisedValue result;
  result.blocked = normalised.blocked;
  result.claimed_only = normalised.claimed_only;
  result.reason = normalised.reason;
  if (normalised.value) result.identifier = Identifier::from_normalised(kind, std::move(*normalised.value));
  return result;
}

}  // namespace tributary
