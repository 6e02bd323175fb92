// The text under a signature, as a rule describes it: "v0:{timestamp}:{body}".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/webhook/delivery.h"

namespace tributary {

class SignedJson;

enum class TemplateVariable : uint8_t {
  literal,      // `text` as it stands
  secret,       // {secret}
  config,       // {config:NAME}
  body,         // {body}, and {body:TEXT}: TEXT and the body, or nothing when the body is empty
  method,       // {method}
  url,          // {url}: public_url and the target as received
  url_decoded,  // {url_decoded}: the same with HubSpot's list of escapes decoded
  path,         // {path}: of the target, raw
  query,        // {query:NAME}: raw
  header,       // {header:NAME}
  json,         // {json:POINTER}
  query_sorted,
  form_sorted,
  timestamp,
  id,
};

struct TemplatePart {
  TemplateVariable variable = TemplateVariable::literal;
  std::string text;  // what stands behind the colon; of a header lower-case
  friend bool operator==(const TemplatePart&, const TemplatePart&) = default;
};

struct SignatureTemplate {
  std::vector<TemplatePart> parts;

  bool uses(TemplateVariable variable) const;
};

/// Or what is wrong with it.
std::variant<SignatureTemplate, std::string> parse_signature_template(std::string_view text);

/// What the variables stand for. Lifetime: of the request.
struct TemplateInputs {
  const HttpRequest& request;
  const WebhookSettings& settings;
  SignedJson& json;
  const std::vector<std::string>& query_exclude;
  std::string_view timestamp;
  std::string_view id;
};

/// Nothing when a part is not there: a header, a parameter, a member, a value of the settings.
std::optional<std::string> render_template(const SignatureTemplate& pattern, const TemplateInputs& inputs,
                                           std::string_view secret);

/// The address as the platform called it, never rebuilt from parts.
std::string called_url(const HttpRequest& request, const WebhookSettings& settings);

/// The fields of a urlencoded form, decoded, in order.
std::vector<std::pair<std::string, std::string>> decoded_form(std::string_view form);

/// Names and values of a urlencoded form, decoded, sorted and one behind the other; a field that stands twice counts
/// once.
std::string sorted_form(std::string_view form);

}  // namespace tributary
