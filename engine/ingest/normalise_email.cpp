#include "engine/ingest/normalise_email.h"

#include <array>
#include <optional>

#include "engine/ingest/punycode.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr std::string_view kInvalid = "email_invalid";
constexpr size_t kLabelBytesMax = 63;
constexpr size_t kDomainBytesMax = 253;

bool has_controls(std::string_view text) {
  bool found = false;
  for_each_code_point(text, [&](char32_t c) { found = found || c < 0x20 || (c >= 0x7f && c < 0xa0); });
  return found;
}

bool is_special(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
         std::string_view("()<>[]:;,\\\"").find(c) != std::string_view::npos;
}

/// Position of the only `@` outside quotes; nothing when there is none, a second one, or an open quote.
std::optional<size_t> split_position(std::string_view address) {
  std::optional<size_t> at;
  bool quoted = false;
  for (size_t i = 0; i < address.size(); ++i) {
    char c = address[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      if (at) return std::nullopt;
      quoted = !quoted;
    } else if (c == '@' && !quoted) {
      if (at) return std::nullopt;
      at = i;
    }
  }
  return quoted ? std::nullopt : at;
}

/// True when nothing outside quotes needs them: no white space, no comment, none of the special characters.
bool is_well_formed_local_part(std::string_view local) {
  bool quoted = false;
  for (size_t i = 0; i < local.size(); ++i) {
    char c = local[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && is_special(c)) {
      return false;
    }
  }
  bool space_outside = false;
  if (!is_ascii(local) && local.find('"') == std::string_view::npos) {
    for_each_code_point(local, [&](char32_t c) { space_outside = space_outside || is_white_space(c); });
  }
  return !space_outside;
}

std::optional<std::string> normalised_label(std::string_view label) {
  std::string ascii(label);
  if (!is_ascii(label)) {
    std::u32string code_points;
    for_each_code_point(label, [&](char32_t c) { code_points += c; });
    std::optional<std::string> encoded = punycode(code_points);
    if (!encoded) return std::nullopt;
    for (char c : label) {
      if (static_cast<unsigned char>(c) < 0x80 && !is_ascii_alphanumeric(c) && c != '-') return std::nullopt;
    }
    ascii = "xn--" + *encoded;
  }
  if (ascii.empty() || ascii.size() > kLabelBytesMax) return std::nullopt;
  for (char c : ascii) {
    if (!is_ascii_alphanumeric(c) && c != '-') return std::nullopt;
  }
  return ascii;
}

/// `domain` is in normal form and lower case.
std::optional<std::string> normalised_domain(std::string_view domain) {
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    std::string_view inside = domain.substr(1, domain.size() - 2);
    bool plain = is_ascii(inside) && inside.find_first_of(" \t[]\\@") == std::string_view::npos;
    return plain ? std::optional<std::string>(domain) : std::nullopt;
  }
  if (domain.ends_with('.')) domain.remove_suffix(1);
  std::string result;
  for (;;) {
    size_t dot = domain.find('.');
    std::optional<std::string> label = normalised_label(domain.substr(0, dot));
    if (!label) return std::nullopt;
    result += *label;
    if (dot == std::string_view::npos) break;
    result += '.';
    domain.remove_prefix(dot + 1);
  }
  if (result.size() > kDomainBytesMax) return std::nullopt;
  return result;
}

/// U+3002, the one ideographic full stop that normal form keeps, separates labels as a dot does.
std::string with_ascii_dots(std::string_view domain) {
  constexpr std::string_view kIdeographicFullStop = "\xe3\x80\x82";
  std::string result;
  for (size_t at; (at = domain.find(kIdeographicFullStop)) != std::string_view::npos;) {
    result += domain.substr(0, at);
    result += '.';
    domain.remove_prefix(at + kIdeographicFullStop.size());
  }
  return result += domain;
}

std::string_view without_mailto_wrapping(std::string_view address) {
  constexpr std::string_view kScheme = "mailto:";
  if (address.size() > kScheme.size()) {
    bool scheme = true;
    for (size_t i = 0; i < kScheme.size(); ++i) scheme = scheme && ascii_lower(address[i]) == kScheme[i];
    if (scheme) address = trim_white_space(address.substr(kScheme.size()));
  }
  if (address.size() > 2 && address.front() == '<' && address.back() == '>') {
    address = trim_white_space(address.substr(1, address.size() - 2));
  }
  return address;
}

enum class Place : uint8_t { nowhere, local_part, anywhere };

/// Where a plain character may stand; quotes, brackets and all that needs folding are nowhere.
constexpr std::array<Place, 256> kPlaces = [] {
  std::array<Place, 256> places{};
  for (char c : std::string_view("!#$%&'*+/=?^_`{|}~")) places[static_cast<unsigned char>(c)] = Place::local_part;
  for (unsigned char c = 'a'; c <= 'z'; ++c) places[c] = Place::anywhere;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) places[c] = Place::anywhere;
  for (unsigned char c = '0'; c <= '9'; ++c) places[c] = Place::anywhere;
  places['-'] = places['.'] = Place::anywhere;
  return places;
}();

/// The short way for plain ASCII addresses with an unremarkable domain; nothing when the long way has to judge.
std::optional<std::string> plain_address(std::string_view address) {
  size_t at = address.find('@');
  if (at == 0 || at == std::string_view::npos) return std::nullopt;
  std::string result(address.size(), '@');
  for (size_t i = 0; i < at; ++i) {
    if (kPlaces[static_cast<unsigned char>(address[i])] == Place::nowhere) return std::nullopt;
    result[i] = ascii_lower(address[i]);
  }
  size_t label_begin = at + 1;
  for (size_t i = at + 1; i <= address.size(); ++i) {
    if (i == address.size() || address[i] == '.') {
      size_t length = i - label_begin;
      if (length == 0 || length > kLabelBytesMax) return std::nullopt;
      label_begin = i + 1;
    } else if (kPlaces[static_cast<unsigned char>(address[i])] != Place::anywhere) {
      return std::nullopt;
    }
    if (i < address.size()) result[i] = ascii_lower(address[i]);
  }
  if (address.size() - at - 1 > kDomainBytesMax) return std::nullopt;
  return result;
}

}  // namespace

Normalised normalise_email(std::string_view trimmed) {
  if (std::optional<std::string> plain = plain_address(trimmed)) return Normalised::of(std::move(*plain));
  std::optional<std::string> folded = nfkc(trimmed);
  if (!folded) return Normalised::refused(kInvalid);
  std::string_view address = without_mailto_wrapping(trim_white_space(*folded));
  std::optional<size_t> at = has_controls(address) ? std::nullopt : split_position(address);
  if (!at || *at == 0 || *at + 1 == address.size()) return Normalised::refused(kInvalid);
  std::string_view local = address.substr(0, *at);
  if (!is_well_formed_local_part(local)) return Normalised::refused(kInvalid);
  std::optional<std::string> lowered_domain = nfkc_lower(address.substr(*at + 1));
  if (!lowered_domain) return Normalised::refused(kInvalid);
  std::optional<std::string> domain = normalised_domain(with_ascii_dots(*lowered_domain));
  if (!domain) return Normalised::refused(kInvalid);
  bool quoted = local.find('"') != std::string_view::npos;
  std::optional<std::string> lowered_local = quoted ? std::string(local) : nfkc_lower(local);
  if (!lowered_local) return Normalised::refused(kInvalid);
  return Normalised::of(*lowered_local + '@' + *domain);
}

}  // namespace tributary
