#include "engine/log/record_format.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/base/crc32c.h"

namespace tributary {
namespace {

constexpr uint64_t kEpoch = 7;

std::string encoded(Lsn lsn, const std::string& payload, uint64_t epoch = kEpoch) {
  std::string bytes(record_bytes(payload.size()), 'x');
  RecordView view{
      lsn, RecordKind::rejected_event, WorkspaceId{0xaabbccdd}, PartitionId{0x1122}, Timestamp{123456789}, payload};
  encode_record(bytes.data(), view, kFlagLastOfGroup, epoch_seed(epoch));
  return bytes;
}

SegmentHeader example_header() {
  return {1 << 20, "0123456789abcdef", 3, Lsn{42}, Timestamp{1'700'000'000'000'000}, 0xdeadbeef};
}

TEST(RecordFormat, ARecordLiesOnDiskAsDrawn) {
  std::string bytes = encoded(Lsn{0x0102030405060708}, "abc");
  ASSERT_EQ(bytes.size(), 40u);
  EXPECT_EQ(bytes.substr(4, 4), std::string("\x03\0\0\0", 4));
  EXPECT_EQ(bytes.substr(8, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(bytes.substr(24, 8), "\xdd\xcc\xbb\xaa\x22\x11\x02\x04");
  EXPECT_EQ(bytes.substr(32), std::string("abc\0\0\0\0\0", 8));
  std::string covered = std::string("\x07\0\0\0\0\0\0\0", 8) + bytes.substr(4, 31);
  uint32_t stored;
  std::memcpy(&stored, bytes.data(), 4);
  EXPECT_EQ(stored, masked_crc(crc32c(covered)));
}

TEST(RecordFormat, WhatWasWrittenIsReadBack) {
  std::string bytes = encoded(Lsn{5}, "first") + encoded(Lsn{6}, std::string(1000, 'p'));
  RecordScanner scanner(bytes, kEpoch, Lsn{5});
  auto first = scanner.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->view.payload, "first");
  EXPECT_EQ(first->view.kind, RecordKind::rejected_event);
  EXPECT_EQ(first->view.workspace.value(), 0xaabbccddu);
  EXPECT_EQ(first->view.partition.value(), 0x1122);
  EXPECT_EQ(first->view.received_at.micros, 123456789);
  auto second = scanner.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->view.lsn, Lsn{6});
  EXPECT_EQ(second->offset, record_bytes(5));
  EXPECT_FALSE(scanner.next());
  EXPECT_EQ(scanner.stop(), RecordScanner::Stop::incomplete);
}

TEST(RecordFormat, ARecordOfAnotherEpochIsNotRead) {
  std::string bytes = encoded(Lsn{5}, "stale", kEpoch - 1);
  RecordScanner scanner(bytes, kEpoch, Lsn{5});
  EXPECT_FALSE(scanner.next());
  EXPECT_EQ(scanner.stop(), RecordScanner::Stop::damaged);
}

TEST(RecordFormat, ARecordWithAnotherLsnIsNotRead) {
  std::string bytes = encoded(Lsn{5}, "early");
  RecordScanner scanner(bytes, kEpoch, Lsn{6});
  EXPECT_FALSE(scanner.next());
}

TEST(RecordFormat, AnyFlippedBitOfARecordIsNoticed) {
  std::string payload = "some payload here";
  std::string good = encoded(Lsn{5}, payload);
  for (size_t bit = 0; bit < (kRecordHeaderBytes + payload.size()) * 8; ++bit) {
    std::string bad = good + std::string(1 << 12, '\0');
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    RecordScanner scanner(bad, kEpoch, Lsn{5});
    EXPECT_FALSE(scanner.next()) << "bit " << bit;
  }
}

TEST(RecordFormat, EveryCutOfARecordIsIncomplete) {
  std::string payload(13, 'p');  // three bytes of padding follow, which may be missing
  std::string good = encoded(Lsn{5}, payload);
  for (size_t size = 0; size < kRecordHeaderBytes + payload.size(); ++size) {
    std::string cut = good.substr(0, size);
    RecordScanner scanner(cut, kEpoch, Lsn{5});
    EXPECT_FALSE(scanner.next()) << size;
    EXPECT_EQ(scanner.stop(), RecordScanner::Stop::incomplete) << size;
    EXPECT_GT(scanner.wanted_bytes(), size);
  }
  std::string unpadded = good.substr(0, kRecordHeaderBytes + payload.size());
  EXPECT_TRUE(RecordScanner(unpadded, kEpoch, Lsn{5}).next());
}

TEST(RecordFormat, ZeroesAndNoiseAreNoRecords) {
  EXPECT_FALSE(RecordScanner(std::string(4096, '\0'), kEpoch, Lsn{0}).next());
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 1000; ++round) {
    std::string noise(200, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    EXPECT_FALSE(RecordScanner(noise, kEpoch, Lsn{1}).next());
  }
}

TEST(SegmentHeader, IsReadBack) {
  auto header = decode_segment_header(encode_segment_header(example_header(), kRawMagic), kRawMagic);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->segment_bytes, 1u << 20);
  EXPECT_EQ(header->store_id, "0123456789abcdef");
  EXPECT_EQ(header->epoch, 3u);
  EXPECT_EQ(header->base, Lsn{42});
  EXPECT_EQ(header->created_at.micros, 1'700'000'000'000'000);
  EXPECT_EQ(header->previous_crc, 0xdeadbeefu);
}

TEST(SegmentHeader, AnyFlippedBitIsRefused) {
  std::string good = encode_segment_header(example_header(), kRawMagic);
  for (size_t byte = 0; byte < good.size(); ++byte) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 0x20);
    auto header = decode_segment_header(bad, kRawMagic);
    ASSERT_FALSE(header) << byte;
    EXPECT_EQ(header.error().code, ErrorCode::corrupt);
  }
}

TEST(SegmentHeader, AnotherVersionIsRefusedNamingBoth) {
  std::string bytes = encode_segment_header(example_header(), kRawMagic);
  bytes[8] = 2;
  finish_segment_header(bytes);
  auto header = decode_segment_header(bytes, kRawMagic);
  ASSERT_FALSE(header);
  EXPECT_NE(header.error().message.find("format version 2, this program reads 1"), std::string::npos);
}

TEST(SegmentHeader, ASealedOneIsNoRawOne) {
  EXPECT_FALSE(decode_segment_header(encode_segment_header(example_header(), kSealedMagic), kRawMagic));
  EXPECT_FALSE(decode_segment_header("", kRawMagic));
}

}  // namespace
}  // namespace tributary
