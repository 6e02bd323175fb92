#include "connectors/webhook/lark.h"

#include "connectors/webhook/block_padding.h"
#include "connectors/webhook/digests.h"
#include "connectors/webhook/signed_json.h"
#include "engine/base/keyed_hash.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr size_t kLarkBlockBytes = 16;

}  // namespace

std::optional<std::string> lark_decrypted(SignedJson& body, std::string_view encrypt_key) {
  auto encoded = body.text_at("/encrypt");
  auto sealed = encoded ? parse_base64(*encoded) : std::nullopt;
  if (!sealed || sealed->size() < 2 * kLarkBlockBytes) return std::nullopt;
  std::string_view iv = std::string_view(*sealed).substr(0, kLarkBlockBytes);
  std::string_view cipher = std::string_view(*sealed).substr(kLarkBlockBytes);
  auto plain = aes_cbc_decrypted(plain_digest(HashKind::sha256, encrypt_key), iv, cipher);
  if (!plain || !remove_block_padding(*plain, kLarkBlockBytes)) return std::nullopt;
  plain->reserve(plain->size() + kBodyPaddingBytes);
  return plain;
}

std::string lark_encrypted(std::string_view message, std::string_view encrypt_key, std::string_view random) {
  std::string plain(message);
  add_block_padding(plain, kLarkBlockBytes);
  auto cipher = aes_cbc_encrypted(plain_digest(HashKind::sha256, encrypt_key), random, plain);
  return R"({"encrypt":")" + base64(std::string(random) + cipher.value_or("")) + "\"}";
}

}  // namespace tributary
