#include "connectors/webhook/signature_rule.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "connectors/webhook/json_pointer.h"
#include "connectors/webhook/node_reader.h"
#include "connectors/webhook/signature_rules.h"
#include "connectors/webhook/signed_json.h"
#include "engine/base/ascii.h"
#include "engine/base/nearest_word.h"

namespace tributary {
namespace {

constexpr std::string_view kConfigReference = "$config/";
constexpr int64_t kToleranceSecondsMax = 86'400;

template <class Value>
struct RuleWord {
  std::string_view word;
  Value value;
};

constexpr std::array kAlgorithms = {
    RuleWord<SignatureAlgorithm>{"hmac-sha1", SignatureAlgorithm::hmac_sha1},
    RuleWord<SignatureAlgorithm>{"hmac-sha256", SignatureAlgorithm::hmac_sha256},
    RuleWord<SignatureAlgorithm>{"hmac-sha512", SignatureAlgorithm::hmac_sha512},
    RuleWord<SignatureAlgorithm>{"sha1", SignatureAlgorithm::sha1},
    RuleWord<SignatureAlgorithm>{"sha256", SignatureAlgorithm::sha256},
    RuleWord<SignatureAlgorithm>{"md5", SignatureAlgorithm::md5},
    RuleWord<SignatureAlgorithm>{"ed25519", SignatureAlgorithm::ed25519},
    RuleWord<SignatureAlgorithm>{"ecdsa-p256-sha256", SignatureAlgorithm::ecdsa_p256_sha256},
    RuleWord<SignatureAlgorithm>{"token-equal", SignatureAlgorithm::token_equal},
};
constexpr std::array kSecretEncodings = {
    RuleWord<SecretEncoding>{"raw", SecretEncoding::raw},
    RuleWord<SecretEncoding>{"base64", SecretEncoding::base64},
    RuleWord<SecretEncoding>{"hex", SecretEncoding::hex},
    RuleWord<SecretEncoding>{"spki-base64", SecretEncoding::spki_base64},
};
constexpr std::array kSignatureEncodings = {
    RuleWord<SignatureEncoding>{"hex", SignatureEncoding::hex},
    RuleWord<SignatureEncoding>{"base64", SignatureEncoding::base64},
};
constexpr std::array kTimestampUnits = {
    RuleWord<TimestampUnit>{"s", TimestampUnit::seconds},
    RuleWord<TimestampUnit>{"ms", TimestampUnit::milliseconds},
    RuleWord<TimestampUnit>{"iso8601", TimestampUnit::iso8601},
};
constexpr std::array kSpecialSchemes = {
    RuleWord<SpecialScheme>{"wechat", SpecialScheme::wechat},
    RuleWord<SpecialScheme>{"wecom", SpecialScheme::wecom},
    RuleWord<SpecialScheme>{"twilio", SpecialScheme::twilio},
};
constexpr std::array kTrusts = {
    RuleWord<SignatureTrust>{"strong", SignatureTrust::strong},
    RuleWord<SignatureTrust>{"weak", SignatureTrust::weak},
};
constexpr std::array kBodyCiphers = {RuleWord<BodyCipher>{"lark", BodyCipher::lark}};

/// Reads one rule and collects what is wrong with it.
class SignatureRuleReader {
 public:
  explicit SignatureRuleReader(std::vector<DocumentMistake>& mistakes) : nodes_(mistakes) {}

  SignatureRule read(const DocumentNode& node) {
    SignatureRule rule;
    if (node.kind != DocumentNode::Kind::map) {
      add(node, "expected a map");
      return rule;
    }
    if (find_entry(node, "special") != nullptr) {
      read_special(node, rule);
      return rule;
    }
    read_common(node, rule);
    const DocumentNode* alternatives = find_entry(node, "any_of");
    if (alternatives == nullptr) {
      check_names(node, {"algorithm", "when", "secret", "signature", "timestamp", "id", "query_exclude", "template",
                         "signed_part", "decrypt", "once", "trust", "any_of"});
      rule.any_of.push_back(read_scheme(node, rule));
    } else {
      check_names(node, {"any_of", "signed_part", "decrypt", "once", "trust"});
      read_alternatives(*alternatives, rule);
    }
    if (rule.extent != SignedExtent::whole) rule.trust = SignatureTrust::weak;
    return rule;
  }

  void add(const DocumentNode& node, std::string message) { nodes_.add(node, std::move(message)); }

 private:
  /// Names what the map must not hold. False for what is no map.
  bool check_names(const DocumentNode& map, const std::vector<std::string>& known) {
    nodes_.each_entry(map, "", [&](const DocumentNode& key, const DocumentNode&) {
      if (std::count(known.begin(), known.end(), key.text) == 0) nodes_.unknown_key(key, "", known);
    });
    return map.kind == DocumentNode::Kind::map;
  }

  std::string read_text(const DocumentNode& node) {
    std::string text = nodes_.text(node, "").value_or("");
    if (node.kind == DocumentNode::Kind::scalar && text.empty()) add(node, "expected a text");
    return text;
  }

  std::string read_optional_text(const DocumentNode& map, std::string_view name) {
    const DocumentNode* node = find_entry(map, name);
    return node == nullptr ? std::string{} : read_text(*node);
  }

  std::string read_header_name(const DocumentNode& node) { return ascii_lowered(read_text(node)); }

  std::string read_pointer(const DocumentNode& node) {
    std::string pointer = read_text(node);
    if (!pointer.empty() && !pointer_names(pointer)) add(node, "not a JSON Pointer; one begins with /");
    return pointer;
  }

  template <class Value, size_t N>
  Value read_word(const DocumentNode& node, const std::array<RuleWord<Value>, N>& words) {
    std::vector<std::string> known;
    known.reserve(N);
    for (const auto& row : words) known.emplace_back(row.word);
    return words[nodes_.word(node, "", known).value_or(0)].value;
  }

  int64_t read_seconds(const DocumentNode& node) {
    return nodes_.number(node, "seconds: ", 1, kToleranceSecondsMax).value_or(kToleranceSecondsDefault);
  }

  SignatureTemplate read_template(const DocumentNode& node) {
    auto parsed = parse_signature_template(read_text(node));
    if (auto* mistake = std::get_if<std::string>(&parsed)) {
      add(node, *mistake);
      return {};
    }
    return std::get<SignatureTemplate>(std::move(parsed));
  }

  // -- a rule ---------------------------------------------------------------------------------------------------------

  void read_common(const DocumentNode& map, SignatureRule& rule) {
    if (const auto* node = find_entry(map, "trust")) rule.trust = read_word(*node, kTrusts);
    if (const auto* node = find_entry(map, "decrypt")) rule.decrypt = read_word(*node, kBodyCiphers);
    if (const auto* node = find_entry(map, "once")) rule.once = read_template(*node);
    if (const auto* node = find_entry(map, "signed_part")) {
      bool nothing = node->text == "none";
      rule.extent = nothing ? SignedExtent::nothing : SignedExtent::member;
      if (!nothing) rule.signed_part = read_pointer(*node);
    }
  }

  void read_alternatives(const DocumentNode& list, SignatureRule& rule) {
    if (list.kind != DocumentNode::Kind::list || list.children.empty()) {
      add(list, "expected a list of rules");
      return;
    }
    for (const DocumentNode& item : list.children) {
      if (!check_names(item,
                       {"algorithm", "when", "secret", "signature", "timestamp", "id", "query_exclude", "template"}))
        continue;
      rule.any_of.push_back(read_scheme(item, rule));
    }
  }

  void read_special(const DocumentNode& map, SignatureRule& rule) {
    rule.special = read_word(*find_entry(map, "special"), kSpecialSchemes);
    if (rule.special == SpecialScheme::twilio) {
      check_names(map, {"special"});
      return;
    }
    check_names(map, {"special", "receive_id", "tolerance"});
    if (const auto* node = find_entry(map, "tolerance")) rule.tolerance_seconds = read_seconds(*node);
    rule.receive_id = rule.special == SpecialScheme::wechat ? "app_id" : "corp_id";
    if (const auto* node = find_entry(map, "receive_id")) {
      bool reference = node->text.starts_with(kConfigReference) && node->text.size() > kConfigReference.size();
      bool empty = node->kind == DocumentNode::Kind::scalar && node->text.empty();
      if (!reference && !empty) add(*node, "expected $config/NAME, or \"\" where the platform gives no id");
      rule.receive_id = reference ? node->text.substr(kConfigReference.size()) : "";
    }
  }

  // -- a scheme -------------------------------------------------------------------------------------------------------

  SignatureScheme read_scheme(const DocumentNode& map, const SignatureRule& rule) {
    SignatureScheme scheme;
    const DocumentNode* algorithm = find_entry(map, "algorithm");
    if (algorithm == nullptr) add(map, "missing key \"algorithm\"");
    if (algorithm != nullptr) scheme.algorithm = read_word(*algorithm, kAlgorithms);
    if (const auto* node = find_entry(map, "when")) read_when(*node, scheme.when);
    if (const auto* node = find_entry(map, "secret")) read_secret(*node, scheme);
    read_signature(map, scheme);
    if (const auto* node = find_entry(map, "timestamp")) read_timestamp(*node, scheme);
    if (const auto* node = find_entry(map, "id")) {
      check_names(*node, {"header", "json"});
      scheme.id = read_part(*node);
    }
    if (const auto* node = find_entry(map, "query_exclude")) scheme.query_exclude = read_texts(*node);
    const DocumentNode* pattern = find_entry(map, "template");
    if (pattern != nullptr) scheme.pattern = read_template(*pattern);
    check_key(map, scheme);
    check_pattern(pattern == nullptr ? map : *pattern, pattern != nullptr, scheme, rule);
    return scheme;
  }

  void read_when(const DocumentNode& node, SchemeCondition& when) {
    if (!check_names(node, {"header", "equals"})) return;
    const DocumentNode *header = find_entry(node, "header"), *equals = find_entry(node, "equals");
    if (header == nullptr || equals == nullptr) {
      add(node, "when needs header and equals");
      return;
    }
    when = {read_header_name(*header), read_text(*equals)};
  }

  void read_secret(const DocumentNode& node, SignatureScheme& scheme) {
    if (!check_names(node, {"strip", "encoding"})) return;
    scheme.secret_strip = read_optional_text(node, "strip");
    if (const auto* encoding = find_entry(node, "encoding"))
      scheme.secret_encoding = read_word(*encoding, kSecretEncodings);
  }

  void read_signature(const DocumentNode& map, SignatureScheme& scheme) {
    const DocumentNode* node = find_entry(map, "signature");
    if (node == nullptr) {
      add(map, "missing key \"signature\"");
      return;
    }
    if (!check_names(*node, {"header", "query", "json", "split", "prefix", "encoding"})) return;
    scheme.signature = read_part(*node);
    scheme.signature_split = read_optional_text(*node, "split");
    scheme.signature_prefix = read_optional_text(*node, "prefix");
    const DocumentNode* encoding = find_entry(*node, "encoding");
    bool token = scheme.algorithm == SignatureAlgorithm::token_equal;
    if (encoding != nullptr && token) add(*encoding, "a token is compared as it stands");
    if (encoding == nullptr && !token) add(*node, "missing key \"encoding\"");
    if (encoding != nullptr) scheme.signature_encoding = read_word(*encoding, kSignatureEncodings);
  }

  void read_timestamp(const DocumentNode& node, SignatureScheme& scheme) {
    if (!check_names(node, {"header", "query", "json", "regex", "unit", "tolerance"})) return;
    scheme.timestamp = read_part(node);
    const DocumentNode* unit = find_entry(node, "unit");
    if (unit == nullptr) add(node, "missing key \"unit\"");
    if (unit != nullptr) scheme.timestamp_unit = read_word(*unit, kTimestampUnits);
    if (const auto* tolerance = find_entry(node, "tolerance")) scheme.tolerance_seconds = read_seconds(*tolerance);
    if (const auto* regex = find_entry(node, "regex")) read_regex(*regex, scheme);
  }

  void read_regex(const DocumentNode& node, SignatureScheme& scheme) {
    scheme.timestamp_pattern = read_text(node);
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto expression = std::make_shared<re2::RE2>(scheme.timestamp_pattern, options);
    if (!expression->ok()) {
      add(node, "not a regular expression of RE2: " + expression->error());
    } else if (expression->NumberOfCapturingGroups() < 1) {
      add(node, "group 1 is the timestamp, and there is no group");
    }
    scheme.timestamp_expression = std::move(expression);
  }

  RequestPart read_part(const DocumentNode& map) {
    RequestPart part;
    const DocumentNode *header = find_entry(map, "header"), *query = find_entry(map, "query"),
                       *json = find_entry(map, "json");
    int given = (header != nullptr) + (query != nullptr) + (json != nullptr);
    if (given != 1) add(map, "needs exactly one of header, query and json");
    if (header != nullptr) part.headers = read_texts(*header);
    for (std::string& name : part.headers) name = ascii_lowered(name);
    if (query != nullptr) part.query = read_text(*query);
    if (json != nullptr) part.json = read_pointer(*json);
    return part;
  }

  std::vector<std::string> read_texts(const DocumentNode& node) {
    if (node.kind != DocumentNode::Kind::list) return {read_text(node)};
    std::vector<std::string> texts;
    texts.reserve(node.children.size());
    for (const DocumentNode& item : node.children) texts.push_back(read_text(item));
    if (texts.empty()) add(node, "expected a text or a list of texts");
    return texts;
  }

  // -- what would be no signature -------------------------------------------------------------------------------------

  void check_key(const DocumentNode& map, const SignatureScheme& scheme) {
    if (scheme.algorithm == SignatureAlgorithm::ed25519 && scheme.secret_encoding != SecretEncoding::hex &&
        scheme.secret_encoding != SecretEncoding::base64) {
      add(map, "ed25519 needs a secret whose encoding is hex or base64");
    }
    bool curve = scheme.algorithm == SignatureAlgorithm::ecdsa_p256_sha256;
    if (curve != (scheme.secret_encoding == SecretEncoding::spki_base64)) {
      add(map, "ecdsa-p256-sha256 and the secret's encoding spki-base64 go together");
    }
  }

  void check_pattern(const DocumentNode& place, bool given, const SignatureScheme& scheme, const SignatureRule& rule) {
    if (scheme.algorithm == SignatureAlgorithm::token_equal) {
      if (given) add(place, "token-equal compares the token and signs nothing: no template");
      if (scheme.timestamp.given()) add(place, "token-equal covers no timestamp");
      return;
    }
    if (!given) {
      add(place, "missing key \"template\"");
      return;
    }
    if (scheme.pattern.parts.empty()) return;  // said already
    auto uses = [&](TemplateVariable variable) { return scheme.pattern.uses(variable); };
    if (scheme.is_plain_hash() && !uses(TemplateVariable::secret)) {
      add(place, "without {secret} everybody can compute this hash");
    }
    if (!scheme.is_plain_hash() && uses(TemplateVariable::secret)) add(place, "{secret} is for plain hashes");
    if (uses(TemplateVariable::timestamp) && !scheme.timestamp.given()) add(place, "{timestamp} without a timestamp");
    if (uses(TemplateVariable::id) && !scheme.id.given()) add(place, "{id} without an id");
    if (scheme.timestamp.given() && !covers_timestamp(scheme)) {
      add(place, "the template covers no {timestamp}: an old call could be sent again under a new one");
    }
    bool whole = uses(TemplateVariable::body) || uses(TemplateVariable::form_sorted);
    if (!whole && rule.extent == SignedExtent::whole) {
      add(place, "the template covers no {body}; signed_part must say what of it is authentic");
    }
  }

  static bool covers_timestamp(const SignatureScheme& scheme) {
    if (scheme.pattern.uses(TemplateVariable::timestamp)) return true;
    const std::string& query = scheme.timestamp.query;
    bool excluded = std::count(scheme.query_exclude.begin(), scheme.query_exclude.end(), query) > 0;
    return !query.empty() && !excluded && scheme.pattern.uses(TemplateVariable::query_sorted);
  }

  NodeReader nodes_;
};

}  // namespace

std::optional<SignatureRule> parse_signature_map(const DocumentNode& map, std::vector<DocumentMistake>& mistakes) {
  size_t before = mistakes.size();
  SignatureRule rule = SignatureRuleReader(mistakes).read(map);
  if (mistakes.size() > before) return std::nullopt;
  return rule;
}

std::optional<SignatureRule> parse_signature_rule(const DocumentNode& node, std::vector<DocumentMistake>& mistakes) {
  if (node.kind == DocumentNode::Kind::map) return parse_signature_map(node, mistakes);
  if (node.kind != DocumentNode::Kind::scalar) {
    mistakes.push_back({node.line, node.column, "expected the name of a signature rule, a map, or none"});
    return std::nullopt;
  }
  if (node.text == "none") {
    SignatureRule rule;
    rule.none = true;
    rule.trust = SignatureTrust::weak;
    rule.extent = SignedExtent::nothing;
    return rule;
  }
  if (const SignatureRule* known = find_signature_rule(node.text)) return *known;
  auto nearest = nearest_word(node.text, signature_rule_names());
  mistakes.push_back({node.line, node.column,
                      "no signature rule is called \"" + node.text + "\"" +
                          (nearest ? "; did you mean " + *nearest + "?" : "; `none` is one too")});
  return std::nullopt;
}

}  // namespace tributary
