// What opening does with every kind of end a log can have: the lines of the recovery table.
#include <filesystem>
#include <random>

#include "engine/log/record_format.h"
#include "tests/unit/log/support.h"

namespace tributary {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class LogTail : public ::testing::Test {
 protected:
  /// A closed log with `count` acknowledged records, all in its last segment.
  void fill(uint64_t count) {
    {
      OpenLog log(small_options(directory()));
      append_numbered(*log.log, 1, count);
    }
    segment_ = last_segment(directory());
    offsets_ = record_offsets(segment_);
    ASSERT_EQ(offsets_.size(), count + 1);
  }
  std::string directory() const { return scratch_.log(); }
  uint64_t end() const { return offsets_.back(); }

  /// The record that the next group would have begun with.
  std::string further_record(uint64_t lsn) const {
    auto header = decode_segment_header(read_file(segment_), kRawMagic);
    std::string payload = payload_of(lsn);
    std::string bytes(record_bytes(payload.size()), '\0');
    RecordView view{Lsn{lsn}, RecordKind::event, {}, {}, {}, payload};
    encode_record(bytes.data(), view, kFlagLastOfGroup, epoch_seed(header->epoch));
    return bytes;
  }

  /// Opens with `count` records and `dropped` bytes of remains, goes on, restarts, and everything is there.
  void expect_opens(uint64_t count, uint64_t dropped) {
    {
      OpenLog log(small_options(directory()));
      EXPECT_EQ(log->recovery().last_lsn, Lsn{count});
      EXPECT_EQ(log->recovery().tail_dropped_bytes, dropped);
      expect_numbered(*log.log, count);
      append_numbered(*log.log, count + 1, 3, 3);
    }
    OpenLog again(small_options(directory()));
    EXPECT_EQ(again->recovery().tail_dropped_bytes, 0u);
    expect_numbered(*again.log, count + 3);
  }

  void expect_refused(const std::vector<std::string>& texts) {
    Error error = open_error(small_options(directory()));
    EXPECT_EQ(error.code, ErrorCode::corrupt) << error.message;
    for (const std::string& text : texts) {
      EXPECT_NE(error.message.find(text), std::string::npos) << text << " is not in: " << error.message;
    }
    auto verified = verify_log(directory());
    ASSERT_FALSE(verified) << "verify must say the same";
    EXPECT_EQ(verified.error().message, error.message);
  }

  ScratchDirectory scratch_;
  std::string segment_;
  std::vector<uint64_t> offsets_;
};

TEST_F(LogTail, ACleanEndOpens) {
  fill(10);
  expect_opens(10, 0);
}

class TornRecord : public LogTail, public ::testing::WithParamInterface<size_t> {};
TEST_P(TornRecord, IsDropped) {
  fill(10);
  std::string torn = further_record(11).substr(0, GetParam());
  overwrite(segment_, end(), torn);
  // Zeroes at its end look like the zeroes that were there before.
  expect_opens(10, torn.find_last_not_of('\0') + 1);
}
INSTANTIATE_TEST_SUITE_P(Bytes, TornRecord, ::testing::Values(3, 7, 100));

TEST_F(LogTail, FiftyRandomBytesAreDropped) {
  fill(10);
  std::mt19937 random(7);
  std::string noise(50, '\x01');
  for (size_t i = 0; i + 1 < noise.size(); ++i) noise[i] = static_cast<char>(random());
  overwrite(segment_, end(), noise);
  expect_opens(10, 50);
}

TEST_F(LogTail, ZeroesAreAnEnd) {
  fill(10);
  overwrite(segment_, end(), std::string(4096, '\0'));
  expect_opens(10, 0);
}

TEST_F(LogTail, AFileThatEndsBehindTheLastRecordOpens) {
  fill(10);
  fs::resize_file(segment_, end());
  expect_opens(10, 0);
}

TEST_F(LogTail, AWholeFurtherRecordThatWasNeverAcknowledgedIsKept) {
  fill(10);
  overwrite(segment_, end(), further_record(11));
  expect_opens(11, 0);
}

TEST_F(LogTail, ValidRecordsBehindATearAreDroppedWhenNoneWasAcknowledged) {
  fill(10);
  // A group of two that reached the disk out of order: its second record is there, its first is not.
  std::string second = further_record(12);
  overwrite(segment_, end() + record_bytes(payload_of(11).size()), second);
  expect_opens(10, record_bytes(payload_of(11).size()) + 32 + payload_of(12).size());
}

TEST_F(LogTail, TheLastAcknowledgedRecordLosingBytesIsRefused) {
  fill(10);
  overwrite(segment_, end() - 8, std::string(8, '\0'));
  fs::resize_file(segment_, end() - 8);
  expect_refused({segment_, "LSN 9 ", "LSN 10 was acknowledged", "offset " + std::to_string(offsets_[9])});
}

TEST_F(LogTail, ACutAtARecordBorderBelowTheMarkIsRefused) {
  fill(10);
  fs::resize_file(segment_, offsets_[7]);
  expect_refused({segment_, "LSN 7 ", "LSN 10 was acknowledged"});
}

TEST_F(LogTail, ZeroesOverTheLastAcknowledgedRecordAreRefused) {
  fill(10);
  overwrite(segment_, offsets_[9], std::string(end() - offsets_[9], '\0'));
  expect_refused({segment_, "LSN 9 "});
}

TEST_F(LogTail, AFlippedBitInTheLastAcknowledgedRecordIsRefused) {
  fill(10);
  flip_bit(segment_, offsets_[9] + 40);
  expect_refused({segment_, "offset " + std::to_string(offsets_[9])});
}

TEST_F(LogTail, AFlippedBitInTheMiddleIsRefusedNamingTheOffset) {
  fill(10);
  flip_bit(segment_, offsets_[4] + 33);
  expect_refused({segment_, "LSN 4 ", "offset " + std::to_string(offsets_[4])});
}

TEST_F(LogTail, AnOlderValidRecordRepeatedAtTheEndIsIgnored) {
  fill(10);
  std::string content = read_file(segment_);
  overwrite(segment_, end(), content.substr(offsets_[9], end() - offsets_[9]));
  expect_opens(10, 32 + payload_of(10).size());
}

TEST_F(LogTail, ARecycledFilesStaleRecordOfTheNextLsnIsIgnored) {
  fill(10);
  // The record that would fit exactly, but written when the file was a segment of an older epoch.
  std::string payload = payload_of(11);
  std::string stale(record_bytes(payload.size()), '\0');
  RecordView view{Lsn{11}, RecordKind::event, {}, {}, {}, payload};
  encode_record(stale.data(), view, 0, epoch_seed(0));
  overwrite(segment_, end(), stale);
  expect_opens(10, 32 + payload.size());
}

TEST_F(LogTail, ATornTailIsNeverContinued) {
  fill(10);
  std::string torn = further_record(11) + further_record(12);
  torn[40] = static_cast<char>(torn[40] ^ 1);
  overwrite(segment_, end(), torn);
  {
    // The retried batch has the same sizes: its second record must not be followed by the stale one, nor replaced by
    // it.
    OpenLog log(small_options(directory()));
    append_numbered(*log.log, 11, 1);
    EXPECT_EQ(files_with_suffix(directory(), ".seg").size(), 2u);
  }
  OpenLog again(small_options(directory()));
  expect_numbered(*again.log, 11);
}

TEST_F(LogTail, AStateAheadOfTheLogIsRefused) {
  fill(10);
  Error error = open_error(small_options(directory()), Lsn{11});
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.message.find("LSN 11 applied"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("LSN 10 was acknowledged"), std::string::npos) << error.message;
}

TEST_F(LogTail, AWipedLogBehindAStateIsRefused) {
  Error error = open_error(small_options(directory()), Lsn{1});
  EXPECT_EQ(error.code, ErrorCode::corrupt);
}

/// Three segments, closed.
class LogChain : public LogTail {
 protected:
  void SetUp() override {
    for (uint64_t first : {1, 11, 21}) {
      OpenLog log(small_options(directory()));
      append_numbered(*log.log, first, 10);
    }
    segments_ = files_with_suffix(directory(), ".seg");
    ASSERT_EQ(segments_.size(), 3u);
  }
  SegmentLogOptions accepting() const {
    SegmentLogOptions options = small_options(directory());
    options.accept_loss = true;
    return options;
  }
  std::vector<std::string> segments_;
};

TEST_F(LogChain, IsReadAcrossSegments) {
  OpenLog log(small_options(directory()));
  expect_numbered(*log.log, 30);
}

TEST_F(LogChain, DamageBeforeALaterSegmentIsRefused) {
  flip_bit(segments_[1], record_offsets(segments_[1])[5] + 36);
  expect_refused({segments_[1], segments_[2], "LSN 15 "});
}

TEST_F(LogChain, AMissingFirstSegmentIsRefused) {
  fs::remove(segments_[0]);
  expect_refused({"LSN 1 is missing", segments_[1]});
}

TEST_F(LogChain, AMissingMiddleSegmentIsRefused) {
  fs::remove(segments_[1]);
  expect_refused({segments_[0], segments_[2], "LSN 10 "});
}

TEST_F(LogChain, AMissingLastSegmentIsRefused) {
  fs::remove(segments_[2]);
  expect_refused({segments_[1], "LSN 20 ", "LSN 30 was acknowledged"});
}

TEST_F(LogChain, AnEmptiedSegmentIsRefused) {
  for (const std::string& segment : segments_) {
    std::string content = read_file(segment);
    write_file(segment, "");
    expect_refused({segment, "offset 0"});
    write_file(segment, content);
  }
}

TEST_F(LogChain, ASegmentWithZeroedRecordsIsRefused) {
  for (const std::string& segment : segments_) {
    std::string content = read_file(segment);
    write_file(segment, content.substr(0, kSegmentHeaderBytes) + std::string(4096, '\0'));
    expect_refused({segment});
    write_file(segment, content);
  }
}

TEST_F(LogChain, AFlippedBitInAnyHeaderIsRefused) {
  for (const std::string& segment : segments_) {
    flip_bit(segment, 41);
    expect_refused({segment, "offset 0"});
    flip_bit(segment, 41);
  }
}

TEST_F(LogChain, ASegmentOfAnotherStoreIsRefused) {
  ScratchDirectory other;
  for (uint64_t first : {1, 11, 21}) {
    OpenLog log(small_options(other.log()));
    append_numbered(*log.log, first, 10);
  }
  fs::copy_file(last_segment(other.log()), segments_[2], fs::copy_options::overwrite_existing);
  expect_refused({segments_[2], "another store"});
}

TEST_F(LogChain, ARenamedSegmentIsRefused) {
  fs::rename(segments_[1], directory() + "/00000000000000000012.seg");
  expect_refused({"00000000000000000012.seg", "base LSN 11"});
}

TEST_F(LogChain, AMissingMarkIsRefused) {
  fs::remove(directory() + "/mark");
  expect_refused({"mark", "missing"});
}

TEST_F(LogChain, ADamagedMarkIsRefused) {
  write_file(directory() + "/mark", std::string(4096, '\0'));
  expect_refused({directory() + "/mark"});
}

TEST_F(LogChain, AcceptLossOpensWithoutTheLastSegmentAndNeverReusesAnLsn) {
  fs::remove(segments_[2]);
  {
    OpenLog log(accepting());
    EXPECT_EQ(log->recovery().accepted_loss_records, 10u);
    EXPECT_EQ(log->recovery().last_lsn, Lsn{30});
    auto last = append(*log.log, {"after the loss"});
    ASSERT_TRUE(last);
    EXPECT_EQ(*last, Lsn{31});
    EXPECT_FALSE(log->read_one(Lsn{25}));
  }
  // Accepted once, written down: the next start is an ordinary one.
  OpenLog again(small_options(directory()));
  EXPECT_EQ(again->recovery().accepted_loss_records, 0u);
  auto records = read_all(*again.log);
  ASSERT_EQ(records.size(), 21u);
  EXPECT_EQ(records[19].first, 20u);
  EXPECT_EQ(records[20], (std::pair<uint64_t, std::string>{31, "after the loss"}));
  EXPECT_EQ(read_file(directory() + "/accepted-loss").substr(0, 7), "\n21 30 ");
}

TEST_F(LogChain, AcceptLossIsKeptWhenNothingWasWrittenBeforeTheNextStart) {
  fs::remove(segments_[2]);
  {
    OpenLog log(accepting());
  }
  {
    OpenLog log(small_options(directory()));
  }
  OpenLog log(small_options(directory()));
  EXPECT_EQ(append(*log.log, {"x"})->value(), 31u);
}

TEST_F(LogChain, ADamagedLineOfAcceptedLossesIsRefusedAndCanBeAcceptedAgain) {
  fs::remove(segments_[2]);
  {
    OpenLog log(accepting());
  }
  std::string accepted = read_file(directory() + "/accepted-loss");
  for (const std::string& damaged : {std::string("\n2x 30 \n"), accepted.substr(0, 5), std::string("\n22 30 x\n")}) {
    write_file(directory() + "/accepted-loss", damaged);
    EXPECT_EQ(open_error(small_options(directory())).code, ErrorCode::corrupt);
    {
      OpenLog log(accepting());
    }
    OpenLog log(small_options(directory()));
    EXPECT_EQ(log->recovery().last_lsn, Lsn{30});
  }
}

TEST_F(LogChain, AcceptLossKeepsWhatIsReadableAroundDamage) {
  flip_bit(segments_[1], record_offsets(segments_[1])[5] + 36);
  {
    OpenLog log(accepting());
    EXPECT_EQ(log->recovery().accepted_loss_records, 5u);
  }
  OpenLog again(small_options(directory()));
  auto records = read_all(*again.log);
  ASSERT_EQ(records.size(), 25u);
  EXPECT_EQ(records[14].first, 15u);
  EXPECT_EQ(records[15].first, 21u);
}

TEST_F(LogChain, AcceptLossSetsAFileWithoutReadableHeaderAside) {
  flip_bit(segments_[1], 41);
  {
    OpenLog log(accepting());
  }
  EXPECT_TRUE(fs::exists(segments_[1] + ".damaged"));
  OpenLog again(small_options(directory()));
  EXPECT_EQ(read_all(*again.log).size(), 20u);
}

TEST_F(LogChain, AcceptLossOpensWithoutFirstSegmentMarkOrAnything) {
  fs::remove(segments_[0]);
  fs::remove(directory() + "/mark");
  {
    OpenLog log(accepting());
    EXPECT_EQ(log->recovery().accepted_loss_records, 10u);
  }
  {
    OpenLog log(small_options(directory()));
    EXPECT_EQ(read_all(*log.log).size(), 20u);
  }
  for (const std::string& segment : files_with_suffix(directory(), ".seg")) fs::remove(segment);
  {
    OpenLog log(accepting());
    EXPECT_EQ(append(*log.log, {"x"})->value(), 31u);
  }
  OpenLog log(small_options(directory()));
  EXPECT_EQ(read_all(*log.log).size(), 1u);
}

TEST(LogTailProperty, AnyTornTailOpensAndAnyLossIsRefused) {
  uint64_t seed = std::random_device()();
  if (const char* given = std::getenv("TRIBUTARY_SEED")) seed = std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  ScratchDirectory scratch;
  std::string source = scratch.path() + "/source";
  uint64_t count = 20 + random() % 30;
  {
    OpenLog log(small_options(source));
    append_numbered(*log.log, 1, count, 1 + random() % 5);
  }
  for (int round = 0; round < 60; ++round) {
    std::string copy = scratch.path() + "/copy";
    fs::remove_all(copy);
    fs::copy(source, copy);
    std::string segment = last_segment(copy);
    std::vector<uint64_t> offsets = record_offsets(segment);
    bool loss = round % 2 == 1;
    // Behind the end anything may lie; before it nothing may change.
    uint64_t at = loss ? kSegmentHeaderBytes + random() % (offsets.back() - kSegmentHeaderBytes) : offsets.back();
    std::string junk(1 + random() % 3000, '\0');
    bool zeroes = random() % 4 == 0;
    for (char& byte : junk) byte = zeroes ? '\0' : static_cast<char>(random());
    std::string before = read_file(segment);
    before.resize(std::max<size_t>(before.size(), at + junk.size()), '\0');
    std::string after = before;
    after.replace(at, junk.size(), junk);
    write_file(segment, after);
    if (!loss) {
      OpenLog log(small_options(copy));
      expect_numbered(*log.log, count);
      continue;
    }
    // Padding between records is not covered by a checksum, and not data.
    uint64_t last_payload_end = offsets[count - 1] + kRecordHeaderBytes + payload_of(count).size();
    bool changes_data = false;
    for (uint64_t n = 1; n <= count; ++n) {
      uint64_t begin = offsets[n - 1];
      uint64_t size = kRecordHeaderBytes + payload_of(n).size();
      changes_data |= before.compare(begin, size, after, begin, size) != 0;
    }
    ASSERT_LE(last_payload_end, offsets.back());
    Error error = open_error(small_options(copy));
    EXPECT_EQ(error.code, changes_data ? ErrorCode::corrupt : ErrorCode::overloaded) << round << ": " << error.message;
  }
}

}  // namespace
}  // namespace tributary
