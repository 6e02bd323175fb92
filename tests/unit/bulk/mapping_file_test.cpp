#include "connectors/bulk/mapping_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kGood = R"(name: shop
format: csv
time: {column: at, format: iso8601}
user_id: "{id}"
events:
  - name: Order Completed
)";

std::vector<std::string> mistakes_of(const std::string& yaml) {
  auto parsed = parse_mapping(yaml, "m.yaml");
  auto* mistakes = std::get_if<std::vector<std::string>>(&parsed);
  return mistakes ? *mistakes : std::vector<std::string>();
}

std::string replaced(std::string from, std::string to) {
  std::string text = kGood;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(MappingFile, MinimalMappingIsComplete) { EXPECT_THAT(mistakes_of(kGood), ElementsAre()); }

TEST(MappingFile, IsOneDocument) {
  for (const char* text : {"", ",,,", "---\n,", "name: a\n---\nname: b\n"}) {
    EXPECT_THAT(mistakes_of(text), ElementsAre("m.yaml: expected one YAML document")) << text;
  }
}

TEST(MappingFile, ShippedMappingsAreGood) {
  for (const char* name : {"cdnow", "online_retail"}) {
    std::string path = std::string(TRIBUTARY_TEST_DATA) + "/../config/import/" + name + ".yaml";
    EXPECT_TRUE(std::holds_alternative<Mapping>(load_mapping(path))) << path;
  }
}

TEST(MappingFile, UnknownKeysAreNamedWithTheirPlace) {
  EXPECT_THAT(mistakes_of(replaced("format: csv", "fromat: csv")),
              testing::Contains(HasSubstr("m.yaml:2:1: unknown key \"fromat\"")));
  EXPECT_THAT(mistakes_of(replaced("- name: Order Completed", "- nome: x\n    name: y")),
              ElementsAre(HasSubstr("m.yaml:6:5: unknown key \"nome\"")));
  EXPECT_THAT(mistakes_of(replaced("format: iso8601", "format: iso8601, zoen: UTC")),
              ElementsAre(HasSubstr("m.yaml:3:")));
}

TEST(MappingFile, DoubledKeysAreMistakes) {
  EXPECT_THAT(mistakes_of(std::string(kGood) + "name: again\n"),
              ElementsAre(HasSubstr("m.yaml:7:1: key \"name\" stands twice")));
}

TEST(MappingFile, AllMistakesComeAtOnce) {
  auto mistakes = mistakes_of("name: Shop\nformat: xls\ntime: {column: at, format: '%Q'}\nevents: []\n");
  EXPECT_THAT(mistakes, testing::Contains(HasSubstr("m.yaml:1:7:")));
  EXPECT_THAT(mistakes, testing::Contains(HasSubstr("m.yaml:2:9: unknown format")));
  EXPECT_THAT(mistakes, testing::Contains(HasSubstr("date format")));
  EXPECT_THAT(mistakes, testing::Contains(HasSubstr("expected a list of events")));
  EXPECT_THAT(mistakes, testing::Contains(HasSubstr("user_id, anonymous_id, guest_id or one of external_ids")));
}

TEST(MappingFile, EachSingleMistakeIsFound) {
  const std::pair<const char*, const char*> cases[] = {
      {"user_id: \"{id}\"", "user_id: \"{id\""},
      {"user_id: \"{id}\"", "user_id: \"id}\""},
      {"user_id: \"{id}\"", "user_id: {sum: [a]}"},
      {"user_id: \"{id}\"", "user_id: {column: a, template: b}"},
      {"user_id: \"{id}\"", "user_id: {column: a, negate: true}"},
      {"user_id: \"{id}\"", "user_id: {column: a, required: yes}"},
      {"user_id: \"{id}\"", "user_id: {column: a, zone: UTC}"},
      {"user_id: \"{id}\"", "user_id: [a]"},
      {"format: csv", "format: csv\nheader: false"},
      {"format: csv", "format: csv\nskip_rows: 010"},
      {"format: csv", "format: csv\nskip_rows: -1"},
      {"format: csv", "format: csv\ndelimiter: ', '"},
      {"format: csv", "format: csv\ndelimiter: '\"'"},
      {"format: csv", "format: csv\nencoding: utf-16"},
      {"format: csv", "format: csv\ncolumns: [a, a]"},
      {"format: csv", "format: fixed\ncolumns: [{name: a, from: 5, to: 2}]"},
      {"format: csv", "format: csv\ngroup_by: {}"},
      {"- name: Order Completed", "- type: merge\n    name: x"},
      {"- name: Order Completed", "- type: track"},
      {"- name: Order Completed", "- name: a\n  - name: never reached"},
      {"- name: Order Completed", "- name: a\n    when: {column: a}"},
      {"- name: Order Completed", "- name: a\n    when: {column: a, equals: x, empty: true}"},
      {"- name: Order Completed", "- name: a\n    when: {column: a, matches: '('}"},
      {"- name: Order Completed", "- name: a\n    properties: {p: {count: columns}}"},
      {"name: shop", "? [a, b]\n: x\nname: shop"},
  };
  for (const auto& [from, to] : cases) EXPECT_EQ(mistakes_of(replaced(from, to)).size(), 1u) << to;
}

TEST(MappingFile, TextThatIsNoYamlIsAMistakeWithItsPlace) {
  EXPECT_THAT(mistakes_of("name: [a\nformat: csv\n"), ElementsAre(HasSubstr("m.yaml:")));
  EXPECT_THAT(mistakes_of("a: 1\n---\nb: 2\n"), ElementsAre(HasSubstr("one YAML document")));
  EXPECT_FALSE(mistakes_of("").empty());
  EXPECT_FALSE(mistakes_of("- just\n- a list\n").empty());
}

TEST(MappingFile, DeepNestingIsRefused) {
  std::string value = "x";
  for (int i = 0; i < 40; ++i) value = "{object: {a: " + value + "}}";
  EXPECT_FALSE(
      mistakes_of(replaced("- name: Order Completed", "- name: n\n    properties: {p: " + value + "}")).empty());
}

TEST(MappingFile, MissingColumnsAreNamedWithTheirLine) {
  auto mapping = std::get<Mapping>(parse_mapping(kGood, "m.yaml"));
  EXPECT_THAT(bind_columns(mapping, {"at"}), ElementsAre(HasSubstr("line 4: the file has no column \"id\"")));
  EXPECT_THAT(bind_columns(mapping, {"at", "id"}), ElementsAre());
}

}  // namespace
}  // namespace tributary
