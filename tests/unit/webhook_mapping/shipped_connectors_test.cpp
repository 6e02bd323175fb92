// The files of config/connectors: without mistakes, and every event they can make stands in one of their own tests.
#include <gtest/gtest.h>

#include "connectors/webhook/connector_file.h"
#include "connectors/webhook/file_tests.h"
#include "connectors/webhook/shipped_files.h"
#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

constexpr std::string_view kSignatures = "signatures";  // not a connector

TEST(ShippedConnectors, PassTheirOwnTests) {
  for (const ShippedFile& file : shipped_files()) {
    if (file.name == kSignatures) continue;
    std::string name = std::string(file.name) + ".yaml";
    EXPECT_EQ(mistakes_of(file.text), "") << name;
    auto parsed = parse_connector(file.text);
    auto connector = std::get_if<Connector>(&parsed);
    if (connector == nullptr) continue;
    EXPECT_EQ(connector->name, file.name);
    FileTestReport report = run_file_tests(*connector);
    EXPECT_GT(report.tests, 0u) << name;
    for (const std::string& failure : report.failures) ADD_FAILURE() << name << ": " << failure;
    for (const std::string& rule : report.not_reached) ADD_FAILURE() << name << ": no test reaches " << rule;
  }
}

}  // namespace
}  // namespace tributary
