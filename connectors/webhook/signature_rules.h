// The signature rules of config/connectors/signatures.yaml by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/webhook/signature_rule.h"

namespace tributary {

/// Null when there is no rule of this name. Lifetime: of the process. Thread: any.
const SignatureRule* find_signature_rule(std::string_view name);

std::vector<std::string> signature_rule_names();

}  // namespace tributary
