#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "tests/model/temp_directory.h"

namespace tributary {

/// The mistakes of a text that is called t.yaml, as the operator reads them; empty when it is valid.
inline std::vector<std::string> mistakes_of(const std::string& text, const ConfigInput& overrides = {}) {
  auto loaded = parse_config(text, "t.yaml", overrides);
  std::vector<std::string> lines;
  if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
    for (const ConfigMistake& mistake : *mistakes) lines.push_back(format_mistake(mistake));
  }
  return lines;
}

/// The configuration of a text without mistakes; with mistakes the test dies naming them.
inline Config config_of(const std::string& text, const ConfigInput& overrides = {}) {
  auto loaded = parse_config(text, "t.yaml", overrides);
  if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
    std::string all;
    for (const ConfigMistake& mistake : *mistakes) all += format_mistake(mistake) + "\n";
    throw std::runtime_error(all);
  }
  return std::get<Config>(loaded);
}

/// A file that goes with its object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) { std::ofstream(path_, std::ios::binary) << content; }
  const std::string& path() const { return path_; }

 private:
  model::TempDirectory directory_;
  std::string path_ = directory_.path() + "/file";
};

inline std::string read_whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace tributary
