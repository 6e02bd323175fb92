#include "engine/ingest/tag_name.h"

#include "engine/domain/tag.h"
#include "engine/ingest/text_fold.h"
#include "engine/ingest/vocabulary.h"

namespace tributary {
namespace {

bool is_type_code(std::string_view text) {
  bool begins = !text.empty() && text.front() >= 'a' && text.front() <= 'z';
  return begins && text.size() <= kTagTypeBytesMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == text.npos;
}

std::string with_white_space_collapsed(std::string_view text) {
  std::string out;
  bool gap = false;
  while (!text.empty()) {
    FrontCodePoint front = front_code_point(text);
    size_t bytes = front.bytes == 0 ? 1 : front.bytes;
    bool white = front.bytes != 0 && is_white_space(front.code_point);
    if (!white && gap && !out.empty()) out += ' ';
    if (!white) out += text.substr(0, bytes);
    gap = white;
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace

std::string tag_type_code(std::string_view text) {
  std::string_view trimmed = trim_white_space(text);
  if (auto known = find_code(tag_types(), trimmed)) return std::string(*known);
  return is_type_code(trimmed) ? std::string(trimmed) : std::string();
}

std::string tag_subject(std::string_view type, std::string_view name) {
  std::string_view trimmed = trim_white_space(name);
  if (!is_type_code(type) || trimmed.empty() || trimmed.size() > kTagNameBytesMax) return {};
  auto folded = nfkc_casefold(trimmed);
  if (!folded) return {};
  return std::string(type) + '/' + with_white_space_collapsed(*folded);
}

std::string_view name_in_subject(std::string_view subject) {
  size_t slash = subject.find('/');
  return slash == subject.npos ? std::string_view() : subject.substr(slash + 1);
}

}  // namespace tributary
