// Lines of a body of any length, some at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

/// Whole lines that are sent on together. Empty lines count, and are left out.
struct LineBatch {
  struct Line {
    size_t begin = 0;  // in `text`
    size_t bytes = 0;  // without the white space around it
    uint64_t number = 0;
    bool too_long = false;  // only its beginning is here
  };
  std::string text;  // readable 64 bytes beyond its end
  std::vector<Line> lines;
  uint64_t lines_covered = 0;  // with the empty ones

  std::string_view of(const Line& line) const { return std::string_view(text).substr(line.begin, line.bytes); }
};

/// Purpose: cuts what arrives into batches. Memory: one batch, which ends at the line that makes it `bytes_max`; of a
/// line
///          longer than `line_bytes_max` the rest is passed over. Owner: one thread.
class LineCutter {
 public:
  struct Limits {
    size_t lines_max = 500;
    size_t bytes_max = 1 << 20;
    size_t line_bytes_max = 512 << 10;
  };
  LineCutter(const Limits& limits, uint64_t first_line) : limits_(limits), number_(first_line) {}

  /// Takes from `bytes` until a batch is full, which is told, or nothing is left.
  bool take(std::string_view& bytes);
  /// At the end of the body: what stands behind the last line end is a line as well.
  void end();
  /// The lines taken so far; the next batch begins with the line under way.
  LineBatch release();
  bool empty() const { return batch_.lines_covered == 0; }

 private:
  void end_line();

  const Limits limits_;
  uint64_t number_;  // of the line under way
  LineBatch batch_;
  std::string line_;
  bool too_long_ = false;
};

}  // namespace tributary
