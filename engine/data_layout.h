// Where what lies below the data directory.
#pragma once

#include <filesystem>
#include <string>

#include "engine/engine.h"

namespace tributary {

inline std::string state_root(const EngineOptions& options) { return options.data_dir + "/state"; }

/// The state that a rebuild replaces, until the new one is whole.
inline std::string replaced_state_root(const EngineOptions& options) { return options.data_dir + "/state.replaced"; }

inline std::string state_directory(const EngineOptions& options, uint16_t partition) {
  return state_root(options) + "/" + std::to_string(partition);
}

inline SegmentLogOptions log_options(const EngineOptions& options) {
  SegmentLogOptions log = options.log;
  log.directory = options.data_dir + "/log";
  return log;
}

inline bool has_segments(const std::string& data_dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir + "/log", error)) {
    if (entry.path().extension() == ".seg") return true;
  }
  return false;
}

}  // namespace tributary
