// Identifiers: what ties events to customers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/base/time.h"

namespace tributary {

/// Families of identifier kinds. Stored: never renumber. The order here means nothing; ranks and priorities are rules.
enum class IdentifierFamily : uint8_t {
  user_id = 1,
  uscc = 2,
  member_card = 3,
  customer_no = 4,
  wechat_unionid = 5,
  wechat_openid = 6,
  marketplace_buyer = 7,
  social_id = 8,
  external_id = 9,
  phone = 10,
  email = 11,
  device_id = 20,
  push_token = 21,
  ga_client_id = 22,
  anonymous_id = 23,
};

/// A family plus, where the family has platforms, the platform: `email`, `external_id/crm`, `social_id/line`. Two
/// platforms of a family are two kinds for every rule.
struct IdentifierKind {
  IdentifierFamily family = IdentifierFamily::user_id;
  std::string platform;  // lower-case [a-z][a-z0-9_.]{0,39}, or empty
  friend auto operator<=>(const IdentifierKind&, const IdentifierKind&) = default;
};

/// A kind as one number, for counting members of a cluster by kind: the family in the top byte, 56 bits of a hash of
/// the platform below. Equal kinds have equal codes on every host. Never used for order.
using KindCode = uint64_t;
KindCode kind_code(const IdentifierKind& kind);
inline IdentifierFamily family_of(KindCode code) { return static_cast<IdentifierFamily>(code >> 56); }

/// `email`, `external_id/crm`. The same spelling in the API, configuration and documents.
std::string kind_name(const IdentifierKind& kind);

/// Reads a kind as people write it: the name above, or an alias (`shopify_customer_id` -> `marketplace_buyer/shopify`,
/// `youzan_id`, `line_user_id`, `douyin_open_id`, `stripe_customer_id`). After lower-casing and `-`, space -> `_`, any
/// other well-formed type name is `external_id/<name>`. Nothing for a name that is not well formed.
std::optional<IdentifierKind> parse_kind(std::string_view name);

/// Reads a kind where people write rules: as parse_kind, but a family that has platforms may stand without one
/// (`external_id`), and a name that is neither a family nor an alias is nothing: a slip must not make a kind.
std::optional<IdentifierKind> parse_rule_kind(std::string_view name);

/// All families and aliases, for suggestions.
std::vector<std::string> known_kind_names();

/// The kinds of this family are told apart by platform.
bool has_platforms(IdentifierFamily family);

/// Names a device or a browser rather than a person or an account.
bool is_weak(IdentifierFamily family);

/// A (kind, normalised value). Exists => normalised: only the normalisers of ingest/ and the record decoder make one,
/// so two spellings of one address compare equal. Scoped kinds carry their scope inside the value.
class Identifier {
 public:
  static Identifier from_normalised(IdentifierKind kind, std::string value) {
    return Identifier(std::move(kind), std::move(value));
  }
  const IdentifierKind& kind() const { return kind_; }
  const std::string& value() const { return value_; }
  friend auto operator<=>(const Identifier&, const Identifier&) = default;

 private:
  Identifier(IdentifierKind kind, std::string value) : kind_(std::move(kind)), value_(std::move(value)) {}
  IdentifierKind kind_;
  std::string value_;
};

/// H(v): the keyed hash of kind and value (128 bits). `index_key` belongs to the identifier's workspace.
Hash128 identifier_hash(const KeyedHash& index_key, const IdentifierKind& kind, std::string_view value);
inline Hash128 identifier_hash(const KeyedHash& index_key, const Identifier& identifier) {
  return identifier_hash(index_key, identifier.kind(), identifier.value());
}

/// H(v@T): the identifier that v is in events after T, once it changed hands then. An identifier of its own for every
/// rule. As unpredictable as H(v), from which alone it follows.
Hash128 generation_hash(const Hash128& identifier, Timestamp from);

/// The name of a customer: the hash of its anchor identifier, shown as 26 characters of base32.
struct CustomerId {
  Hash128 anchor;
  friend auto operator<=>(const CustomerId&, const CustomerId&) = default;
  std::string text() const { return base32(anchor); }
  static std::optional<CustomerId> parse(std::string_view text) {
    auto hash = parse_base32(text);
    if (!hash) return std::nullopt;
    return CustomerId{*hash};
  }
};

}  // namespace tributary
