#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/result.h"

namespace tributary {

/// A regular file as read-only memory: rows are found twice (grouping, resuming) without holding the file.
///
/// The file must not shrink while it is mapped; the kernel would end the process. Imports read files that are finished.
class MappedFile {
 public:
  /// Errors: not_found, invalid (no regular file), io.
  static Result<MappedFile> open(const std::string& path);
  /// An open descriptor's file, which may be closed behind it. `context` begins the messages.
  static Result<MappedFile> of_descriptor(int descriptor, const std::string& context);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace tributary
