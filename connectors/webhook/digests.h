// The hashes, signatures and ciphers that platforms prove their calls with, and the texts they write them in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

enum class HashKind : uint8_t { md5, sha1, sha256, sha512 };

/// Raw bytes. Empty when the cryptographic library has this algorithm switched off: no signature equals that.
std::string plain_digest(HashKind kind, std::string_view text);
std::string hmac_digest(HashKind kind, std::string_view key, std::string_view text);

constexpr size_t kEd25519KeyBytes = 32;

/// Keys of 32 raw bytes; another length or a point that is none verifies nothing. Source: RFC 8032.
bool is_ed25519_key(std::string_view public_key);
bool ed25519_verifies(std::string_view public_key, std::string_view message, std::string_view signature);
/// `seed`: the private key of 32 bytes; of longer ones the first 32 are it.
Result<std::string> ed25519_signature(std::string_view seed, std::string_view message);

/// ECDSA over P-256 with SHA-256. Public keys as SubjectPublicKeyInfo, private ones as PKCS#8, signatures as an ASN.1
/// sequence, all DER. A key on another curve verifies nothing. Source: RFC 5480, RFC 5958, RFC 3279 section 2.2.3.
bool is_p256_key(std::string_view spki);
bool p256_verifies(std::string_view spki, std::string_view message, std::string_view signature);
Result<std::string> p256_signature(std::string_view pkcs8, std::string_view message);

/// AES-256-CBC over whole blocks, without padding; nothing for another length of key (32), iv (16) or text.
std::optional<std::string> aes_cbc_encrypted(std::string_view key, std::string_view iv, std::string_view plain);
std::optional<std::string> aes_cbc_decrypted(std::string_view key, std::string_view iv, std::string_view cipher);

/// Lower-case, and back from both cases.
std::string hex_text(std::string_view bytes);
std::optional<std::string> hex_bytes(std::string_view hex);

/// The one base64 text of some bytes: padded, no spare bits, `+` and `/`. A signature has no other form.
std::optional<std::string> canonical_base64_bytes(std::string_view base64);

}  // namespace tributary
