#include "connectors/sdk/line_batch.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"
#include "engine/engine.h"

namespace tributary {

/// Blank lines cost nothing but time.
constexpr size_t kLinesCoveredMax = 100'000;

bool LineCutter::take(std::string_view& bytes) {
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    std::string_view part = bytes.substr(0, end);
    size_t room = limits_.line_bytes_max - line_.size();
    line_.append(part.substr(0, room));
    too_long_ = too_long_ || part.size() > room;
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (end == std::string_view::npos) return false;
    end_line();
    if (batch_.lines_covered >= kLinesCoveredMax) return true;
    if (batch_.lines.size() >= limits_.lines_max || batch_.text.size() >= limits_.bytes_max) return true;
  }
  return false;
}

void LineCutter::end() {
  if (!line_.empty()) end_line();
}

void LineCutter::end_line() {
  std::string_view line = trim(line_, kJsonSpace);
  if (!line.empty()) {
    batch_.lines.push_back({batch_.text.size(), line.size(), number_, too_long_});
    batch_.text += line;
    batch_.text += '\n';
  }
  ++batch_.lines_covered;
  ++number_;
  line_.clear();
  too_long_ = false;
}

LineBatch LineCutter::release() {
  LineBatch batch = std::exchange(batch_, LineBatch{});
  batch.text.reserve(batch.text.size() + kBodyPaddingBytes);
  return batch;
}

}  // namespace tributary
