#include <fcntl.h>

#include <charconv>

#include "engine/base/log_line.h"
#include "engine/base/time.h"
#include "engine/log/recovery.h"

namespace tributary {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

std::string gaps_path(const std::string& directory) { return directory + "/accepted-loss"; }

/// One line "first last time"; the time is for people.
std::optional<AcceptedGap> parse_gap(std::string_view line) {
  uint64_t first = 0;
  uint64_t last = 0;
  const char* begin = line.data();
  const char* end = begin + line.size();
  auto [behind_first, first_error] = std::from_chars(begin, end, first);
  if (first_error != std::errc{} || behind_first == end || *behind_first != ' ') return std::nullopt;
  auto [behind_last, last_error] = std::from_chars(behind_first + 1, end, last);
  if (last_error != std::errc{} || behind_last == end || *behind_last != ' ') return std::nullopt;
  return AcceptedGap{Lsn{first}, Lsn{last}};
}

}  // namespace

Result<std::vector<AcceptedGap>> read_accepted_gaps(const std::string& directory) {
  std::string path = gaps_path(directory);
  std::vector<AcceptedGap> gaps;
  auto file = open_file(path, O_RDONLY);
  if (!file && file.error().code == ErrorCode::not_found) return gaps;
  if (!file) return file.error();
  auto text = read_at(file->get(), 0, kFileBytesMax, path);
  if (!text) return text.error();
  std::string_view rest = *text;
  for (size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    auto gap = parse_gap(rest.substr(0, end));
    if (gap) gaps.push_back(*gap);
    // A damaged line accepts nothing: its gap is refused again, and can be accepted again.
    if (!gap && end > 0) log_line(LogLevel::warn, "a line of accepted losses is unreadable", {{"file", path}});
    rest.remove_prefix(end + 1);
  }
  return gaps;
}

Result<void> write_accepted_gaps(const std::string& directory, const std::vector<AcceptedGap>& gaps, FileOps& files) {
  std::string path = gaps_path(directory);
  std::string lines = "\n";  // ends a line that an earlier crash may have torn
  for (const AcceptedGap& gap : gaps) {
    lines += std::to_string(gap.first.value()) + " " + std::to_string(gap.last.value()) + " " +
             format_iso8601(system_clock().now()) + "\n";
  }
  auto file = open_file(path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  auto size = file_size(file->get(), path);
  if (!size) return size.error();
  auto written = write_at(files, file->get(), *size, lines, path);
  if (!written) return written.error();
  TRIBUTARY_TRY(sync_data(files, file->get(), path));
  return sync_directory(files, directory);
}

}  // namespace tributary
