// Keyed 128-bit hashes: how identifiers, message ids and evidence appear in keys, so that no personal data does.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tributary {

/// 16 bytes that name something. Order is byte order, so it equals the order of big-endian keys.
struct Hash128 {
  std::array<uint8_t, 16> bytes{};
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  friend bool operator==(const Hash128& a, const Hash128& b) {
    return a.prefix64() == b.prefix64() && a.suffix64() == b.suffix64();
  }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  /// The first 8 bytes as a number: already uniformly distributed, so a hash table needs no further mixing.
  uint64_t prefix64() const {
    uint64_t value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  /// The last 8 bytes as a number.
  uint64_t suffix64() const {
    uint64_t value;
    std::memcpy(&value, bytes.data() + sizeof value, sizeof value);
    return value;
  }
  static Hash128 from_bytes(std::string_view sixteen_bytes) {
    Hash128 hash;
    std::memcpy(hash.bytes.data(), sixteen_bytes.data(), hash.bytes.size());
    return hash;
  }
};

/// HMAC-SHA-256 with a 32-byte key, cut to 128 bits. The key's two SHA-256 states are computed once.
///
/// Thread: const methods are safe from any thread.
/// Source: RFC 2104, FIPS 180-4.
class KeyedHash {
 public:
  explicit KeyedHash(std::string_view key_32_bytes);
  KeyedHash(const KeyedHash&);
  KeyedHash& operator=(const KeyedHash&) = delete;
  ~KeyedHash();

  Hash128 operator()(std::string_view message) const;

  /// A key for another purpose, derived as HMAC(key, purpose): 32 bytes.
  std::string derive(std::string_view purpose) const;

 private:
  struct States;
  std::unique_ptr<States> states_;
};

/// SHA-256 of the bytes, 32 bytes: how secrets of configuration are kept and compared.
std::string sha256(std::string_view bytes);

/// `bytes` random bytes from the operating system.
std::string random_bytes(size_t bytes);

/// True when both are equal, in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// 26 characters of lower-case base32 without padding, and back. Source: RFC 4648 section 6.
std::string base32(const Hash128& hash);
std::optional<Hash128> parse_base32(std::string_view text);

/// Standard base64 with or without padding, decoded. Source: RFC 4648 section 4.
std::optional<std::string> parse_base64(std::string_view text);
std::string base64(std::string_view bytes);

/// UUID version 7: milliseconds of `unix_millis`, the rest random. Source: RFC 9562 section 5.7.
std::string make_uuid_v7(int64_t unix_millis);

}  // namespace tributary

template <>
struct std::hash<tributary::Hash128> {
  size_t operator()(const tributary::Hash128& value) const { return value.prefix64(); }
};
