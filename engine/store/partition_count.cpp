#include "engine/store/partition_count.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/store/durable_file.h"

namespace tributary {
namespace {

constexpr const char* kFileName = "partitions";

bool holds_states(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.is_directory()) return true;
  }
  return false;
}

}  // namespace

Result<void> check_partition_count(const std::string& state_directory, uint16_t partitions, bool note_new) {
  std::string path = state_directory + "/" + kFileName;
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.empty() && !holds_states(state_directory)) {
    if (!note_new) return {};
    std::error_code error;
    std::filesystem::create_directories(state_directory, error);
    if (error) return Error{ErrorCode::io, "making " + state_directory + ": " + error.message()};
    return write_durable_file(state_directory, kFileName, std::to_string(partitions) + "\n");
  }
  uint16_t stored = 0;
  const char* begin = text.data();
  auto [end, error] = std::from_chars(begin, begin + text.size(), stored);
  if (error != std::errc() || std::string_view(end) != "\n") {
    return Error{ErrorCode::corrupt, path + " does not hold a number; `tributary rebuild` makes the state anew"};
  }
  if (stored == partitions) return {};
  return Error{ErrorCode::config,
               "the state at " + state_directory + " was made with partitions: " + text.substr(0, text.size() - 1) +
                   ", the configuration says " + std::to_string(partitions) + "; `tributary rebuild` spreads it anew"};
}

}  // namespace tributary
