#include "connectors/webhook/digests.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include <memory>

#include "engine/base/ascii.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct DigestContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct CipherContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, DigestContextFree>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree>;

/// What goes wrong with foreign keys and signatures must not stand in the thread's list when TLS looks there.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

constexpr size_t kAesBlockBytes = 16, kAesKeyBytes = 32;

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
uint8_t* bytes_of(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

const EVP_MD* evp_digest(HashKind kind) {
  switch (kind) {
    case HashKind::md5:
      return EVP_md5();
    case HashKind::sha1:
      return EVP_sha1();
    case HashKind::sha256:
      return EVP_sha256();
    case HashKind::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

Key ed25519_public_key(std::string_view key) {
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(key), key.size()));
}

bool is_on_p256(const EVP_PKEY* key) {
  char group[32];
  size_t length = 0;
  return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
         std::string_view(group, length) == SN_X9_62_prime256v1;
}

Key p256_public_key(std::string_view spki) {
  const uint8_t* at = bytes_of(spki);
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (at != bytes_of(spki) + spki.size() || !is_on_p256(key.get())) return nullptr;
  return key;
}

bool verifies(EVP_PKEY* key, const EVP_MD* digest, std::string_view message, std::string_view signature) {
  DigestContext context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

Result<std::string> signature_of(EVP_PKEY* key, const EVP_MD* digest, std::string_view message) {
  DigestContext context(EVP_MD_CTX_new());
  size_t length = 0;
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, bytes_of(message), message.size()) != 1) {
    return Error(ErrorCode::invalid, "the private key can't sign");
  }
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(signature), &length, bytes_of(message), message.size()) != 1) {
    return Error(ErrorCode::invalid, "the private key can't sign");
  }
  signature.resize(length);
  return signature;
}

std::optional<std::string> aes_cbc(bool encrypt, std::string_view key, std::string_view iv, std::string_view in) {
  if (key.size() != kAesKeyBytes || iv.size() != kAesBlockBytes || in.size() % kAesBlockBytes != 0) return std::nullopt;
  CipherContext context(EVP_CIPHER_CTX_new());
  std::string out(in.size() + kAesBlockBytes, '\0');
  int written = 0, rest = 0;
  if (context == nullptr ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, bytes_of(key), bytes_of(iv), encrypt ? 1 : 0) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), bytes_of(out), &written, bytes_of(in), static_cast<int>(in.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), bytes_of(out) + written, &rest) != 1) {
    return std::nullopt;
  }
  out.resize(static_cast<size_t>(written) + static_cast<size_t>(rest));
  return out;
}

}  // namespace

std::string plain_digest(HashKind kind, std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), bytes_of(digest), &length, evp_digest(kind), nullptr) != 1) length = 0;
  digest.resize(length);
  return digest;
}

std::string hmac_digest(HashKind kind, std::string_view key, std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  if (HMAC(evp_digest(kind), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), bytes_of(digest),
           &length) == nullptr) {
    length = 0;
  }
  digest.resize(length);
  return digest;
}

bool is_ed25519_key(std::string_view public_key) {
  QuietErrors quiet;
  return public_key.size() == kEd25519KeyBytes && ed25519_public_key(public_key) != nullptr;
}

bool ed25519_verifies(std::string_view public_key, std::string_view message, std::string_view signature) {
  QuietErrors quiet;
  if (public_key.size() != kEd25519KeyBytes) return false;
  return verifies(ed25519_public_key(public_key).get(), nullptr, message, signature);
}

Result<std::string> ed25519_signature(std::string_view seed, std::string_view message) {
  if (seed.size() < kEd25519KeyBytes) return Error(ErrorCode::invalid, "an Ed25519 private key has 32 bytes");
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), kEd25519KeyBytes));
  return signature_of(key.get(), nullptr, message);
}

bool is_p256_key(std::string_view spki) {
  QuietErrors quiet;
  return p256_public_key(spki) != nullptr;
}

bool p256_verifies(std::string_view spki, std::string_view message, std::string_view signature) {
  QuietErrors quiet;
  return verifies(p256_public_key(spki).get(), EVP_sha256(), message, signature);
}

Result<std::string> p256_signature(std::string_view pkcs8, std::string_view message) {
  QuietErrors quiet;
  const uint8_t* at = bytes_of(pkcs8);
  Key key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pkcs8.size())));
  if (!is_on_p256(key.get())) return Error(ErrorCode::invalid, "not a P-256 private key (PKCS#8)");
  return signature_of(key.get(), EVP_sha256(), message);
}

std::optional<std::string> aes_cbc_encrypted(std::string_view key, std::string_view iv, std::string_view plain) {
  return aes_cbc(true, key, iv, plain);
}

std::optional<std::string> aes_cbc_decrypted(std::string_view key, std::string_view iv, std::string_view cipher) {
  return aes_cbc(false, key, iv, cipher);
}

std::string hex_text(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (char c : bytes) {
    auto byte = static_cast<uint8_t>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<std::string> hex_bytes(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 0; i < hex.size(); i += 2) {
    int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::optional<std::string> canonical_base64_bytes(std::string_view text) {
  auto bytes = parse_base64(text);
  if (!bytes || base64(*bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace tributary
