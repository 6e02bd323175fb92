// What Lark (Feishu) encrypts inside a signed body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tributary {

class SignedJson;

/// The message of `{"encrypt": BASE64}`; nothing when the body is something else or the key another. 64 readable bytes
/// follow the message.
std::optional<std::string> lark_decrypted(SignedJson& body, std::string_view encrypt_key);

/// The body with this message, encrypted with 16 random bytes for its first block.
std::string lark_encrypted(std::string_view message, std::string_view encrypt_key, std::string_view random);

}  // namespace tributary
