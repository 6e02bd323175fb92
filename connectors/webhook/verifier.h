// Whether a call is genuine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/webhook/delivery.h"
#include "connectors/webhook/signature_rule.h"
#include "engine/base/time.h"

namespace tributary {

enum class SignatureFault : uint8_t {
  missing,    // no signature where the rule looks for it, or a part that it covers is not there
  mismatch,   // a signature, of something else or by somebody else
  too_old,    // genuine, and outside the tolerance
  too_new,    // genuine, and outside the tolerance
  malformed,  // a signature that is none, or genuine and with a body that can't be trusted or decrypted
};
std::string_view signature_fault_name(SignatureFault fault);

/// What is known about one call. Of a call with a fault only the fault counts.
struct Verification {
  static Verification refused(SignatureFault fault);
  /// The signature matched: what is left is whether the call came in time.
  void judge_time(Timestamp signed_at, Timestamp now, int64_t tolerance_seconds);

  std::optional<SignatureFault> fault;
  size_t secret = 0;                              // index of the secret that matched
  std::optional<int64_t> skew_micros;             // received - signed; of genuine calls, late ones too
  SignatureTrust trust = SignatureTrust::strong;  // of this call: never more than its rule says
  std::optional<std::string> body;                // the decrypted message; 64 readable bytes follow
  std::optional<WebhookAnswer> answer;            // a handshake of the scheme itself: answer this, map nothing
  std::optional<std::string> once_key;            // see once_seconds; unique within a source
  int64_t once_seconds = 0;                       // so long the same key with another body must be refused
};

/// Thread: any; no state. The request's body is followed by 64 readable bytes.
///
/// Trusts nothing: no secret, an empty one, or one that can't be decoded, verifies no call.
Verification verify(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                    Timestamp now);

/// Faults of a source's settings against its rule: no or an empty secret, one that can't be decoded, no public_url, a
/// missing value. Says nothing of what a secret is.
std::vector<std::string> check_settings(const SignatureRule& rule, const WebhookSettings& settings);

/// The bytes that a secret of the settings stands for in one scheme of a rule; nothing when it is not for this one.
std::optional<std::string> secret_bytes(const SignatureRule& rule, const SignatureScheme& scheme,
                                        std::string_view secret);

/// HMAC or plain hash, as the scheme says. Empty when the library has the algorithm switched off.
std::string shared_key_signature(const SignatureScheme& scheme, std::string_view key, std::string_view text);

/// Seconds or milliseconds since 1970, or ISO 8601.
std::optional<Timestamp> parse_signed_time(std::string_view text, TimestampUnit unit);

}  // namespace tributary
