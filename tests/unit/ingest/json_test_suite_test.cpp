// The parsing files of the JSON test suite, as whole bodies and as one property of a good event.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/ingest/golden.h"
#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

struct SuiteFile {
  std::string name, bytes;
};

std::vector<SuiteFile> suite(std::string_view prefix) {
  std::vector<SuiteFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(test_path("data/json_test_suite/test_parsing"))) {
    std::string name = entry.path().filename();
    if (name.starts_with(prefix)) files.push_back({name, read_file(entry.path())});
  }
  std::sort(files.begin(), files.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return files;
}

std::string embedded(const std::string& json) {
  return R"({"userId":"u","event":"e","messageId":"m","properties":{"v":)" + json + "}}";
}

std::unique_ptr<Outcome> any_single(std::string_view body) {
  Request request;
  request.shape = BodyShape::single;
  request.route_type = EventType::track;
  return parse_request(body, request);
}

TEST(JsonTestSuite, IsComplete) {
  EXPECT_EQ(suite("n_").size(), 188u);
  EXPECT_EQ(suite("y_").size(), 95u);
  EXPECT_EQ(suite("i_").size(), 35u);
}

TEST(JsonTestSuite, InvalidFilesAreRefusedInEveryPlace) {
  for (const SuiteFile& file : suite("n_")) {
    EXPECT_EQ(any_single(file.bytes)->refused_code(), "invalid_json") << file.name;
    EXPECT_EQ(parse_request(file.bytes)->refused_code(), "invalid_json") << file.name;
    EXPECT_EQ(any_single(embedded(file.bytes))->refused_code(), "invalid_json") << file.name;
    std::string batch = R"({"batch":[)" + embedded(file.bytes) + "]}";
    EXPECT_EQ(parse_request(batch)->refused_code(), "invalid_json") << file.name;
  }
}

TEST(JsonTestSuite, ValidFilesAreKeptByteForByte) {
  for (const SuiteFile& file : suite("y_")) {
    std::string body = embedded(file.bytes);
    auto outcome = any_single(body);
    ASSERT_TRUE(outcome->is_event()) << file.name << " " << outcome->item_code();
    EXPECT_EQ(outcome->event().json, body) << file.name;
  }
}

TEST(JsonTestSuite, ValidContainersAreReadAsBodies) {
  for (const SuiteFile& file : suite("y_")) {
    size_t first = file.bytes.find_first_not_of(" \t\r\n");
    bool container = file.bytes[first] == '{' || file.bytes[first] == '[';
    std::string refused = any_single(file.bytes)->refused_code();
    EXPECT_EQ(refused, container ? "" : "invalid_json") << file.name;
  }
}

TEST(JsonTestSuite, UndecidedFilesHaveRecordedAnswers) {
  std::string answers;
  for (const SuiteFile& file : suite("i_")) {
    auto outcome = any_single(embedded(file.bytes));
    std::string answer = outcome->refused      ? outcome->refused_code()
                         : outcome->is_event() ? "event"
                                               : outcome->item_code();
    if (outcome->is_event() && (outcome->event().flags & EventFlags::kReplacedSurrogate) != 0) answer += " with U+FFFD";
    answers += file.name + ": " + answer + "\n";
  }
  expect_golden("golden/json_test_suite_undecided.txt", answers);
}

}  // namespace
}  // namespace tributary::testing
