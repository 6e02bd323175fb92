#include "engine/ingest/json_repair.h"

#include <algorithm>

#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kDepthMax = 1024;
constexpr size_t kPaddingBytes = 64;
/// Shorter numbers without an exponent fit 64 bits.
constexpr size_t kSafeNumberBytesMax = 18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// One pass over the grammar, noting what to replace. Each step returns false at a fault, which `at_` then points to.
class Scanner {
 public:
  Scanner(std::string_view text, JsonRepair& repair) : text_(text), repair_(repair) {}

  struct Span {
    size_t begin, end;
  };

  void run() {
    if (!document()) repair_.fault_at = at_;
  }

  /// Numbers that a 64-bit parser may refuse.
  const std::vector<Span>& large_numbers() const { return numbers_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool document() {
    skip_space();
    if (!value()) return false;
    while (!open_.empty()) {
      if (!after_value()) return false;
    }
    skip_space();
    return at_ == text_.size();
  }

  /// A scalar, an empty container, or the opening of a container down to its first scalar.
  bool value() {
    for (;;) {
      char c = peek();
      if (c != '{' && c != '[') return scalar();
      if (open_.size() == kDepthMax) return false;
      ++at_;
      open_.push_back(c == '{' ? '}' : ']');
      skip_space();
      if (peek() == open_.back()) return true;
      if (c == '{' && !key()) return false;
    }
  }

  bool after_value() {
    skip_space();
    char closing = open_.back();
    if (take(closing)) {
      open_.pop_back();
      return true;
    }
    if (!take(',')) return false;
    skip_space();
    return (closing == ']' || key()) && value();
  }

  bool key() {
    if (!string()) return false;
    skip_space();
    if (!take(':')) return false;
    skip_space();
    return true;
  }

  bool scalar() {
    char c = peek();
    if (c == '"') return string();
    if (c == 't') return literal("true");
    if (c == 'f') return literal("false");
    if (c == 'n') return literal("null");
    return number();
  }

  bool literal(std::string_view word) {
    for (char c : word) {
      if (!take(c)) return false;
    }
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    size_t begin = at_;
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    bool exponent = take('e') || take('E');
    if (exponent) {
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    if (exponent || at_ - begin > kSafeNumberBytesMax) numbers_.push_back({begin, at_});
    return true;
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      unsigned char c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return false;
      if (c == '\\') {
        if (!escape()) return false;
      } else if (c < 0x80) {
        ++at_;
      } else {
        size_t length = utf8_sequence(text_.substr(at_));
        if (length == 0) repair_.not_utf8.push_back(at_);
        at_ += std::max<size_t>(length, 1);
      }
    }
    return false;
  }

  bool escape() {
    ++at_;
    if (peek() != 'u') {
      if (at_ >= text_.size() || std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos)
        return false;
      ++at_;
      return true;
    }
    --at_;
    auto unit = unicode_escape(at_);
    if (!unit) return false;
    if (*unit < 0xd800 || *unit > 0xdfff) {
      at_ += 6;
      return true;
    }
    size_t second_at = at_ + 6;
    bool second_is_escape = second_at + 1 < text_.size() && text_[second_at] == '\\' && text_[second_at + 1] == 'u';
    auto second = second_is_escape ? unicode_escape(second_at) : std::nullopt;
    if (*unit < 0xdc00 && second && *second >= 0xdc00 && *second <= 0xdfff) {
      at_ += 12;
      return true;
    }
    repair_.lone_surrogates.push_back(at_);
    at_ += 6;
    return true;
  }

  std::optional<unsigned> unicode_escape(size_t at) const {
    unsigned unit = 0;
    for (size_t i = at + 2; i < at + 6; ++i) {
      if (i >= text_.size() || !is_hex(text_[i])) return std::nullopt;
      unit = unit * 16 + static_cast<unsigned>(is_digit(text_[i]) ? text_[i] - '0' : (text_[i] | 0x20) - 'a' + 10);
    }
    return unit;
  }

  std::string_view text_;
  JsonRepair& repair_;
  size_t at_ = 0;
  std::string open_;  // the closing brackets that are due
  std::vector<Span> numbers_;
};

}  // namespace

JsonRepair repair_json(std::string_view text) {
  JsonRepair repair;
  Scanner scanner(text, repair);
  scanner.run();
  if (repair.fault_at) return repair;
  repair.readable = text;
  for (size_t at : repair.not_utf8) repair.readable[at] = '?';
  for (size_t at : repair.lone_surrogates) repair.readable.replace(at, 6, "\\ufffd");
  repair.provable.reserve(text.size() + kPaddingBytes);
  repair.provable = repair.readable;
  for (const Scanner::Span& number : scanner.large_numbers()) {
    std::fill(repair.provable.begin() + static_cast<std::ptrdiff_t>(number.begin),
              repair.provable.begin() + static_cast<std::ptrdiff_t>(number.end), ' ');
    repair.provable[number.begin] = '0';
  }
  return repair;
}

}  // namespace tributary
