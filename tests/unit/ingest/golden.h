// Answers kept in files: compared, or rewritten when TRIBUTARY_UPDATE_GOLDEN is set.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tributary::testing {

inline std::filesystem::path test_path(const std::string& below_tests) {
  return std::filesystem::path(TRIBUTARY_TEST_DATA) / below_tests;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << "opening " << path;
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

inline void expect_golden(const std::string& below_tests, const std::string& actual) {
  std::filesystem::path path = test_path(below_tests);
  if (std::getenv("TRIBUTARY_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  EXPECT_EQ(actual, read_file(path)) << "differs from " << path;
}

}  // namespace tributary::testing
