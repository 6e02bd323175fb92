#include "connectors/webhook/signature_rule.h"

#include <algorithm>
#include <set>

namespace tributary {
namespace {

void collect_config_names(const SignatureTemplate& pattern, std::set<std::string>& names) {
  for (const TemplatePart& part : pattern.parts) {
    if (part.variable == TemplateVariable::config) names.insert(part.text);
  }
}

}  // namespace

bool SignatureScheme::is_hmac() const {
  return algorithm == SignatureAlgorithm::hmac_sha1 || algorithm == SignatureAlgorithm::hmac_sha256 ||
         algorithm == SignatureAlgorithm::hmac_sha512;
}

bool SignatureScheme::is_plain_hash() const {
  return algorithm == SignatureAlgorithm::sha1 || algorithm == SignatureAlgorithm::sha256 ||
         algorithm == SignatureAlgorithm::md5;
}

bool SignatureScheme::needs_json_body() const {
  return is_plain_hash() && !pattern.parts.empty() && pattern.parts.back().variable != TemplateVariable::secret;
}

bool SignatureRule::covers_url() const {
  if (special == SpecialScheme::twilio) return true;
  return std::any_of(any_of.begin(), any_of.end(), [](const SignatureScheme& scheme) {
    return scheme.pattern.uses(TemplateVariable::url) || scheme.pattern.uses(TemplateVariable::url_decoded);
  });
}

std::vector<std::string> SignatureRule::config_names() const {
  std::set<std::string> names;
  for (const SignatureScheme& scheme : any_of) collect_config_names(scheme.pattern, names);
  if (once) collect_config_names(*once, names);
  if (special == SpecialScheme::wecom) {
    names.insert(std::string(kWechatAesKey));
    if (!receive_id.empty()) names.insert(receive_id);
  }
  return {names.begin(), names.end()};
}

}  // namespace tributary
