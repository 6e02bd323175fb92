// The text of an import's input: as a whole in memory, or passing by.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "connectors/bulk/byte_stream.h"
#include "engine/base/result.h"

namespace tributary {

/// How far an input is read, in units of its own.
struct InputProgress {
  uint64_t done = 0;
  uint64_t total = 0;  // 0: nobody knows
};

/// A text of which one sees a part: all of it when it is in memory, else a window that moves forward. Owner: one thread
/// at a time; interrupt() from any.
///
/// Memory of a window: what stands between the place last asked for and what was read on from there. Whoever reads on
/// without moving bounds it himself.
class ImportText {
 public:
  /// Outlives the text.
  explicit ImportText(std::string_view whole);
  /// `stored_bytes` of the file, for the progress; 0 when nobody knows.
  ImportText(std::unique_ptr<ByteStream> stream, uint64_t stored_bytes);

  /// What is there from `offset` on; what lies before is let go, unless the text is whole. Empty is not yet the end.
  /// Lifetime: until the next call of this or more(); of a whole text as long as its memory.
  std::string_view from(uint64_t offset);
  /// Reads on behind what is there. False at the end.
  bool more();
  /// Any place may be asked for in any order, and views last.
  bool is_whole() const { return stream_ == nullptr; }
  /// Why the text ends before its end, if it does.
  const std::optional<Error>& fault() const { return fault_; }
  /// In bytes of the stored file.
  InputProgress progress() const;
  void interrupt();
  /// Memory of the window; it never shrinks.
  size_t held_bytes_max() const { return window_.size(); }

 private:
  void make_room();

  std::unique_ptr<ByteStream> stream_;
  std::string_view whole_;
  uint64_t stored_bytes_ = 0;
  uint64_t whole_read_ = 0;
  std::vector<char> window_;
  size_t begin_ = 0, end_ = 0;  // of what is held in the window
  uint64_t window_at_ = 0;      // place of the window's first byte in the text
  bool ended_ = false;
  std::optional<Error> fault_;
};

}  // namespace tributary
