#include "engine/ingest/blocked_values.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

// Folded, shortest first.
constexpr std::array<std::string_view, 31> kEveryKind = {"0",
                                                         "-",
                                                         "-1",
                                                         "id",
                                                         "na",
                                                         "nan",
                                                         "nil",
                                                         "n/a",
                                                         "无",
                                                         "null",
                                                         "none",
                                                         "true",
                                                         "test",
                                                         "void",
                                                         "false",
                                                         "email",
                                                         "guest",
                                                         "abc123",
                                                         "userid",
                                                         "暂无",
                                                         "匿名",
                                                         "unknown",
                                                         "deleted",
                                                         "user_id",
                                                         "undefined",
                                                         "anonymous",
                                                         "(not set)",
                                                         "distinctid",
                                                         "distinct_id",
                                                         "[object object]",
                                                         "not_authenticated"};

constexpr std::array<std::string_view, 13> kEmails = {
    "123456@qq.com", "123@qq.com",          "a@a.com",         "email@example.com", "na@na.com",
    "no@email.com",  "noemail@noemail.com", "none@none.com",   "null@null.com",     "test@example.com",
    "test@test.com", "unknown@unknown.com", "user@example.com"};

constexpr std::array<std::string_view, 8> kEmailLocalParts = {
    "do-not-reply", "do-notreply", "donot-reply", "donotreply", "mailer-daemon", "no-reply", "noreply", "postmaster"};

constexpr std::array<std::string_view, 9> kPhones = {"+10000000000",   "+11234567890",   "+819000000000",
                                                     "+819012345678",  "+8612345678900", "+8612345678901",
                                                     "+8613800000000", "+8613800138000", "+8613900000000"};

/// The longest listed value, with quotes around it.
constexpr size_t kListedBytesMax = 20;

/// Where the values of each length begin in kEveryKind, so that few are compared.
constexpr std::array<uint8_t, kListedBytesMax + 2> kBegins = [] {
  std::array<uint8_t, kListedBytesMax + 2> begins{};
  for (size_t size = 0; size < begins.size(); ++size) {
    uint8_t shorter = 0;
    for (std::string_view listed : kEveryKind) shorter = static_cast<uint8_t>(shorter + (listed.size() < size));
    begins[size] = shorter;
  }
  return begins;
}();
static_assert(std::is_sorted(kEveryKind.begin(), kEveryKind.end(), [](auto a, auto b) { return a.size() < b.size(); }));

template <size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string_view without_quotes(std::string_view value) {
  if (value.size() < 2 || value.front() != value.back()) return value;
  char quote = value.front();
  if (quote != '\'' && quote != '"' && quote != '`') return value;
  return trim_white_space(value.substr(1, value.size() - 2));
}

/// `folded` has at most kListedBytesMax bytes.
bool is_listed(std::string_view folded) {
  for (size_t i = kBegins[folded.size()]; i < kBegins[folded.size() + 1]; ++i) {
    if (std::memcmp(kEveryKind[i].data(), folded.data(), folded.size()) == 0) return true;
  }
  return false;
}

/// `folded` is in lower case, without surrounding quotes.
bool is_blocked_text(std::string_view folded) {
  if (folded.size() <= kListedBytesMax && is_listed(folded)) return true;
  if (!folded.empty() && is_ascii_letter(folded.front())) return false;
  if (folded.find_first_not_of("0-") == std::string_view::npos) return true;  // the empty text too
  if (folded.starts_with("[object ") && folded.ends_with(']')) return true;
  return !is_ascii_alphanumeric(folded.front()) && is_punctuation_only(folded);
}

/// As is_blocked_text for ASCII in any case, without making a folded copy: nearly every identifier comes this way.
bool is_blocked_ascii(std::string_view value) {
  char folded[kListedBytesMax];
  if (value.size() <= kListedBytesMax) {
    std::transform(value.begin(), value.end(), folded, ascii_lower);
    return is_blocked_text({folded, value.size()});
  }
  if (is_ascii_letter(value.front())) return false;
  std::string lowered(value);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), ascii_lower);
  return is_blocked_text(lowered);
}

bool ends_in_equal_digits(std::string_view phone, size_t count) {
  if (phone.size() < count) return false;
  std::string_view tail = phone.substr(phone.size() - count);
  return tail.find_first_not_of(tail.front()) == std::string_view::npos;
}

bool is_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_ascii_digit); }

/// +1 xxx 555 01xx is set aside for films. Source: NANP numbering plan, 555-0100 to 555-0199.
bool is_fictional_phone(std::string_view phone) {
  return phone.size() == 12 && phone.starts_with("+1") && phone.substr(5, 5) == "55501" && is_digits(phone.substr(1));
}

bool is_hotline(std::string_view phone) {
  return phone.size() == 13 && (phone.starts_with("+86400") || phone.starts_with("+86800"));
}

/// `phone` may have an extension: behind a number that is nobody's, neither is anybody.
bool blocked_phone(std::string_view phone) {
  phone = phone.substr(0, phone.find(';'));
  return contains(kPhones, phone) || ends_in_equal_digits(phone, 8) || is_fictional_phone(phone) || is_hotline(phone);
}

bool blocked_card(std::string_view value) {
  if (value == "123456" || value == "1234567890") return true;
  size_t scope = value.rfind(':');
  std::string_view number = scope == std::string_view::npos ? value : value.substr(scope + 1);
  return number == "123456" || number == "1234567890" || number.empty() ||
         number.find_first_not_of(number.front()) == std::string_view::npos;
}

/// Fewer than six characters, or fewer than three different ones.
template <class Char>
bool is_too_plain(std::basic_string_view<Char> characters) {
  if (characters.size() < 6) return true;
  size_t second = characters.find_first_not_of(characters[0]);
  if (second == std::basic_string_view<Char>::npos) return true;
  Char two[] = {characters[0], characters[second]};
  return characters.find_first_not_of(std::basic_string_view<Char>(two, 2)) == std::basic_string_view<Char>::npos;
}

bool blocked_weak(std::string_view value) {
  if (is_ascii(value)) return is_too_plain(value);
  std::u32string characters;
  for_each_code_point(value, [&](char32_t c) { characters += c; });
  return is_too_plain<char32_t>(characters);
}

}  // namespace

Blocked blocked_for_every_kind(std::string_view value) {
  if (value.find('*') != std::string_view::npos) return Blocked::masked;
  if (value.empty()) return Blocked::listed;
  if (is_ascii(value)) return is_blocked_ascii(without_quotes(trim_white_space(value))) ? Blocked::listed : Blocked::no;
  std::optional<std::string> folded = nfkc_casefold(value);
  if (!folded) return Blocked::no;
  if (folded->find('*') != std::string::npos || folded->find("•") != std::string::npos) return Blocked::masked;
  return is_blocked_text(without_quotes(trim_white_space(*folded))) ? Blocked::listed : Blocked::no;
}

bool blocked_for_kind(const IdentifierKind& kind, std::string_view normalised) {
  switch (kind.family) {
    case IdentifierFamily::email:
      return contains(kEmails, normalised) || contains(kEmailLocalParts, normalised.substr(0, normalised.rfind('@')));
    case IdentifierFamily::phone:
      return blocked_phone(normalised);
    case IdentifierFamily::member_card:
    case IdentifierFamily::customer_no:
      return blocked_card(normalised);
    default:
      return is_weak(kind.family) && blocked_weak(normalised);
  }
}

}  // namespace tributary
