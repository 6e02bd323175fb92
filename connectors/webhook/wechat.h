// WeChat official accounts and mini programs, and WeCom: signatures of sorted texts, and messages inside AES.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/webhook/verifier.h"
#include "engine/base/result.h"

namespace tributary {

/// A source with `aes_key` takes encrypted messages only; without one WeChat's plain mode, in which nothing of the body
/// is signed: such a call is weak and has a once_key.
Verification verify_wechat(const SignatureRule& rule, const HttpRequest& request, const WebhookSettings& settings,
                           Timestamp now);

/// Appends what is wrong with keys and ids; the token was checked.
void check_wechat_settings(const SignatureRule& rule, const WebhookSettings& settings,
                           std::vector<std::string>& faults);

/// The 32 bytes of an EncodingAESKey of 43 characters, whose last two bits may be anything.
std::optional<std::string> wechat_aes_key(std::string_view encoding_aes_key);

/// Raw SHA-1 of the texts, sorted by bytes, one behind the other.
std::string wechat_digest(std::vector<std::string_view> texts);

/// A message as it is sent: base64 of 16 random bytes, length, message and receive id under the key.
std::string wechat_sealed(std::string_view message, std::string_view aes_key, std::string_view receive_id,
                          std::string_view random);

/// The message inside; nothing for another key, another receive id, or anything that is not exactly so.
std::optional<std::string> wechat_opened(std::string_view sealed, std::string_view aes_key,
                                         std::string_view receive_id);

enum class WechatForm : uint8_t { xml, json };

/// An answer that says something. Texts as configured and as the request has them.
struct WechatReply {
  std::string_view message;
  std::string_view token;
  std::string_view encoding_aes_key;
  std::string_view receive_id;
  std::string_view nonce;
  Timestamp now;
  WechatForm form = WechatForm::xml;
};

/// The body of the answer. `random`: 16 bytes that were never used before. Errors: invalid for a bad key or nonce.
Result<std::string> wechat_encrypt_reply(const WechatReply& reply, std::string_view random);

constexpr size_t kWechatRandomBytes = 16;

}  // namespace tributary
