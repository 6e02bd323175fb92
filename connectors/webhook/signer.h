// What a platform would do to a request before it sends it: for tests, and to try a connector without an account.
#pragma once

#include "connectors/webhook/verifier.h"
#include "engine/base/result.h"

namespace tributary {

/// Adds the headers, query parameters and members of the body that the rule looks for, so that verify() with the same
/// settings takes the request; WeChat's and WeCom's bodies are encrypted, Lark's too. An id or a nonce that the request
/// has already is kept. Signs with the first secret.
///
/// For public keys the first secret is the private one: of Ed25519 the seed in the encoding of the rule (`whsk_` may
/// stand before it), of ECDSA PKCS#8 in base64.
/// Errors: invalid for a secret, a body or a rule that can't be signed with, and where check_settings() would object.
Result<void> sign(const SignatureRule& rule, HttpRequest& request, const WebhookSettings& settings, Timestamp now);

}  // namespace tributary
