// Byte coding of keys and values. Big-endian for keys (byte order = number order), varints inside values.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tributary {

/// Appends encoded fields to a string. Owner: one thread.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u16(uint16_t value) { big_endian(value, 2); }
  void u32(uint32_t value) { big_endian(value, 4); }
  void u64(uint64_t value) { big_endian(value, 8); }
  /// Signed numbers with the sign bit flipped, so that byte order equals number order.
  void i64(int64_t value) { u64(static_cast<uint64_t>(value) ^ (1ull << 63)); }
  /// LEB128, 1..10 bytes.
  void varint(uint64_t value) {
    while (value >= 0x80) {
      u8(static_cast<uint8_t>(value) | 0x80);
      value >>= 7;
    }
    u8(static_cast<uint8_t>(value));
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  /// Varint length, then the bytes.
  void text(std::string_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }

 private:
  void big_endian(uint64_t value, int bytes) {
    char buffer[8];
    for (int i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
    out_.append(buffer, static_cast<size_t>(bytes));
  }

  std::string& out_;
};

/// Reads what ByteWriter wrote. Reading past the end gives zeroes and makes ok() false for good; callers check once.
/// Lifetime: views point into the input.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  std::string_view rest() const { return in_; }
  uint8_t u8() { return static_cast<uint8_t>(big_endian(1)); }
  uint16_t u16() { return static_cast<uint16_t>(big_endian(2)); }
  uint32_t u32() { return static_cast<uint32_t>(big_endian(4)); }
  uint64_t u64() { return big_endian(8); }
  int64_t i64() { return static_cast<int64_t>(u64() ^ (1ull << 63)); }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte = u8();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view raw(size_t bytes) {
    if (in_.size() < bytes) {
      fail();
      return {};
    }
    std::string_view taken = in_.substr(0, bytes);
    in_.remove_prefix(bytes);
    return taken;
  }
  std::string_view text() { return raw(varint()); }

 private:
  void fail() {
    ok_ = false;
    in_ = {};
  }
  uint64_t big_endian(size_t bytes) {
    if (in_.size() < bytes) {
      fail();
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = (value << 8) | static_cast<uint8_t>(in_[i]);
    in_.remove_prefix(bytes);
    return value;
  }

  std::string_view in_;
  bool ok_ = true;
};

}  // namespace tributary
