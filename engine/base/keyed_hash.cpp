#include "engine/base/keyed_hash.h"

// The low-level SHA-256 interface is deprecated in OpenSSL 3, but it alone lets a prepared state be copied by value;
// EVP_MAC would cost an allocation and a dispatch per identifier.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr std::string_view kBase32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

struct KeyedHash::States {
  SHA256_CTX inner;
  SHA256_CTX outer;

  std::array<uint8_t, 32> mac(std::string_view message) const {
    std::array<uint8_t, 32> digest;
    SHA256_CTX context = inner;
    SHA256_Update(&context, message.data(), message.size());
    SHA256_Final(digest.data(), &context);
    context = outer;
    SHA256_Update(&context, digest.data(), digest.size());
    SHA256_Final(digest.data(), &context);
    return digest;
  }
};

KeyedHash::KeyedHash(std::string_view key_32_bytes) : states_(std::make_unique<States>()) {
  TRIBUTARY_CHECK(key_32_bytes.size() == 32);
  std::array<uint8_t, 64> pad;
  auto fill = [&](uint8_t byte) {
    pad.fill(byte);
    for (size_t i = 0; i < key_32_bytes.size(); ++i) pad[i] ^= static_cast<uint8_t>(key_32_bytes[i]);
  };
  fill(0x36);
  SHA256_Init(&states_->inner);
  SHA256_Update(&states_->inner, pad.data(), pad.size());
  fill(0x5c);
  SHA256_Init(&states_->outer);
  SHA256_Update(&states_->outer, pad.data(), pad.size());
}

KeyedHash::KeyedHash(const KeyedHash& other) : states_(std::make_unique<States>(*other.states_)) {}
KeyedHash::~KeyedHash() = default;

Hash128 KeyedHash::operator()(std::string_view message) const {
  auto digest = states_->mac(message);
  return Hash128::from_bytes({reinterpret_cast<const char*>(digest.data()), 16});
}

std::string KeyedHash::derive(std::string_view purpose) const {
  auto digest = states_->mac(purpose);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  SHA256_CTX context;  // SHA256() would look its algorithm up by name, which costs five times as much as a short key
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(reinterpret_cast<uint8_t*>(digest.data()), &context);
  return digest;
}

std::string random_bytes(size_t bytes) {
  std::string random(bytes, '\0');
  TRIBUTARY_CHECK(RAND_bytes(reinterpret_cast<uint8_t*>(random.data()), static_cast<int>(bytes)) == 1);
  return random;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base32(const Hash128& hash) {
  std::string text;
  uint32_t buffer = 0;
  int bits = 0;
  for (uint8_t byte : hash.bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kBase32Alphabet[(buffer >> bits) & 31];
    }
  }
  text += kBase32Alphabet[(buffer << (5 - bits)) & 31];
  return text;
}

std::optional<Hash128> parse_base32(std::string_view text) {
  if (text.size() != 26) return std::nullopt;
  Hash128 hash;
  uint32_t buffer = 0;
  int bits = 0;
  size_t written = 0;
  for (char character : text) {
    size_t digit = kBase32Alphabet.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    buffer = (buffer << 5) | static_cast<uint32_t>(digit);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      hash.bytes[written++] = static_cast<uint8_t>(buffer >> bits);
    }
  }
  if ((buffer & ((1u << bits) - 1)) != 0) return std::nullopt;
  return hash;
}

std::optional<std::string> parse_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t buffer = 0;
  int bits = 0;
  for (char character : text) {
    if (character == '-') character = '+';
    if (character == '_') character = '/';
    size_t digit = kBase64Alphabet.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    buffer = (buffer << 6) | static_cast<uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((buffer >> bits) & 0xff);
    }
  }
  return bytes;
}

std::string base64(std::string_view bytes) {
  std::string text;
  uint32_t buffer = 0;
  int bits = 0;
  for (char byte : bytes) {
    buffer = (buffer << 8) | static_cast<uint8_t>(byte);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += kBase64Alphabet[(buffer >> bits) & 63];
    }
  }
  if (bits > 0) text += kBase64Alphabet[(buffer << (6 - bits)) & 63];
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string make_uuid_v7(int64_t unix_millis) {
  std::string random = random_bytes(16);
  auto* bytes = reinterpret_cast<uint8_t*>(random.data());
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(unix_millis >> (40 - 8 * i));
  bytes[6] = static_cast<uint8_t>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f));
  std::string text;
  text.reserve(36);
  constexpr char kHex[] = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

}  // namespace tributary
