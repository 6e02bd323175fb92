// Which file a connector's name means.
#include "connectors/webhook/connector_library.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/model/temp_directory.h"

namespace tributary {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMinimal = "version: 1\ntitle: Ours\nverify: none\nevent: [{emit: {name: E}}]\n";

class ConnectorLibrary : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) { std::ofstream(directory_ + "/" + name) << text; }

  static std::string title_of(const LoadedConnector& loaded) {
    auto connector = std::get_if<std::shared_ptr<const Connector>>(&loaded);
    return connector != nullptr ? (*connector)->title : std::string("mistakes");
  }

  /// `origin:line:column: message` of each, the directory left out.
  std::vector<std::string> mistakes_of(const LoadedConnector& loaded) const {
    std::vector<std::string> lines;
    auto mistakes = std::get_if<std::vector<ConnectorMistake>>(&loaded);
    if (mistakes == nullptr) return lines;
    for (const ConnectorMistake& mistake : *mistakes) {
      std::string origin = mistake.origin;
      if (origin.starts_with(directory_)) origin = origin.substr(directory_.size() + 1);
      lines.push_back(origin + ":" + std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " +
                      mistake.message);
    }
    return lines;
  }

  model::TempDirectory temp_;
  const std::string& directory_ = temp_.path();
};

using Lines = std::vector<std::string>;

TEST_F(ConnectorLibrary, EveryOneThatIsBuiltInLoads) {
  auto names = connector_names("");
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_NE(std::find(names.begin(), names.end(), "shopify"), names.end());
  EXPECT_EQ(std::find(names.begin(), names.end(), "signatures"), names.end()) << "rules are no connector";
  for (const std::string& name : names) EXPECT_EQ(mistakes_of(load_connector(name, "")), Lines{}) << name;
}

TEST_F(ConnectorLibrary, AFileOfOnesOwnWins) {
  std::string built_in = title_of(load_connector("shopify", directory_));
  EXPECT_NE(built_in, "mistakes");
  write("shopify.yaml", std::string("name: shopify\n") + kMinimal);
  EXPECT_EQ(title_of(load_connector("shopify", directory_)), "Ours");
  EXPECT_EQ(title_of(load_connector("shopify", "")), built_in);
  EXPECT_EQ(own_connector_file("shopify", directory_), directory_ + "/shopify.yaml");
  EXPECT_EQ(own_connector_file("stripe", directory_), "");
  auto names = connector_names(directory_);
  EXPECT_EQ(std::count(names.begin(), names.end(), "shopify"), 1);
}

TEST_F(ConnectorLibrary, AnUnknownNameSuggestsANearOne) {
  EXPECT_EQ(mistakes_of(load_connector("shopfy", directory_)),
            Lines{"shopfy:0:0: there is no connector \"shopfy\", did you mean \"shopify\"?"});
  write("kiosk.yaml", std::string("name: kiosk\n") + kMinimal);
  EXPECT_EQ(mistakes_of(load_connector("kiosc", directory_)),
            Lines{"kiosc:0:0: there is no connector \"kiosc\", did you mean \"kiosk\"?"});
  EXPECT_EQ(mistakes_of(load_connector("elephant-farm", "")),
            Lines{"elephant-farm:0:0: there is no connector \"elephant-farm\""});
  EXPECT_EQ(title_of(load_connector("", "")), "mistakes");
  EXPECT_EQ(title_of(load_connector("signatures", "")), "mistakes");
}

TEST_F(ConnectorLibrary, ANameIsNoPath) {
  fs::create_directory(directory_ + "/inner");
  write("kiosk.yaml", std::string("name: kiosk\n") + kMinimal);
  for (const char* name : {"../kiosk", "inner/../kiosk", "./kiosk", "kiosk.yaml", "/etc/passwd"}) {
    EXPECT_EQ(title_of(load_connector(name, directory_ + "/inner")), "mistakes") << name;
    EXPECT_EQ(title_of(load_connector(name, directory_)), "mistakes") << name;
  }
}

TEST_F(ConnectorLibrary, AFileWhoseNameCantBeSaidIsNotListed) {
  write("My_Kiosk.yaml", std::string("name: kiosk\n") + kMinimal);
  write("signatures.yaml", "x: 1\n");
  write("notes.txt", "");
  EXPECT_EQ(connector_names(directory_), connector_names(""));
  EXPECT_EQ(connector_names(directory_ + "/missing"), connector_names(""));
}

TEST_F(ConnectorLibrary, ABrokenFileNamesItsLines) {
  write("kiosk.yaml", "name: kiosk\nversion: 1\ntitle: T\nverify: non\nevnt: []\nevent: [{emit: {name: E}}]\n");
  EXPECT_EQ(mistakes_of(load_connector("kiosk", directory_)).size(), 2u);
  for (const std::string& line : mistakes_of(load_connector("kiosk", directory_))) {
    EXPECT_TRUE(line.starts_with("kiosk.yaml:4:9: ") || line.starts_with("kiosk.yaml:5:1: ")) << line;
  }
  write("shopify.yaml", "][");
  EXPECT_EQ(title_of(load_connector("shopify", directory_)), "mistakes") << "never silently the one that is built in";
}

TEST_F(ConnectorLibrary, WhatIsNoFile) {
  EXPECT_EQ(mistakes_of(load_connector_file(directory_ + "/none.yaml")),
            Lines{"none.yaml:0:0: can't be read: No such file or directory"});
  fs::create_directory(directory_ + "/folder.yaml");
  EXPECT_EQ(mistakes_of(load_connector_file(directory_ + "/folder.yaml")),
            Lines{"folder.yaml:0:0: can't be read: Is a directory"});
  write("large.yaml", std::string(17 << 20, '#'));
  EXPECT_EQ(mistakes_of(load_connector_file(directory_ + "/large.yaml")),
            Lines{"large.yaml:0:0: larger than a connector file may be"});
}

}  // namespace
}  // namespace tributary
