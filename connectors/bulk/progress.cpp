#include "connectors/bulk/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tributary {
namespace {

constexpr size_t kBarMost = 30;
constexpr size_t kTextColumns = 62;  // what stands beside the bar
constexpr size_t kBarLeast = 10;

double fraction_of(const InputProgress& progress) {
  if (progress.total == 0) return 1;
  return static_cast<double>(progress.done) / static_cast<double>(progress.total);
}

std::string remaining(const ProgressState& state) {
  double now = fraction_of(state.read);
  double made = now - fraction_of(state.read_at_start);
  if (made <= 0 || state.elapsed.count() < 0.5) return "-:--";
  auto seconds = static_cast<uint64_t>(std::lround(state.elapsed.count() * (1 - now) / made));
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string bar(double fraction, size_t columns) {
  auto filled = static_cast<size_t>(fraction * static_cast<double>(columns));
  std::string drawn(std::min(filled, columns), '=');
  if (filled < columns) drawn += '>';
  drawn.resize(columns, ' ');
  return "[" + drawn + "] ";
}

}  // namespace

std::string progress_line(const ProgressState& state, size_t width) {
  double fraction = fraction_of(state.read);
  double seconds = state.elapsed.count();
  auto rate = static_cast<uint64_t>(seconds > 0 ? static_cast<double>(state.answered_in_this_run) / seconds : 0);
  std::string line;
  if (width >= kTextColumns + kBarLeast && state.read.total > 0)
    line = bar(fraction, std::min(kBarMost, width - kTextColumns));
  if (state.read.total > 0) line += fmt::format("{:5.1f} %  ", fraction * 100);
  line += fmt::format("{} events  {}/s  ETA {}  rejected {}", grouped_number(state.counts.total()),
                      grouped_number(rate), remaining(state), grouped_number(state.counts.rejected));
  if (!state.note.empty()) line += "  " + state.note;
  if (width > 1 && line.size() >= width) line.resize(width - 1);
  return line;
}

std::string grouped_number(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace tributary
