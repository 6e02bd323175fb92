#include "config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tributary {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// Ascending: the last one that divides a value gives its shortest spelling.
constexpr std::array<Unit, 9> kSizeUnits = {{{"B", 1},
                                             {"kB", 1000},
                                             {"KiB", 1ll << 10},
                                             {"MB", 1'000'000},
                                             {"MiB", 1ll << 20},
                                             {"GB", 1'000'000'000},
                                             {"GiB", 1ll << 30},
                                             {"TB", 1'000'000'000'000},
                                             {"TiB", 1ll << 40}}};
constexpr std::array<Unit, 6> kDurationUnits = {
    {{"us", 1}, {"ms", 1000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}}};

Error invalid(std::string text) { return Error(ErrorCode::invalid, std::move(text)); }

template <size_t N>
Result<int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units, bool unit_required,
                                std::string_view expected) {
  size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view unit_name = text.substr(digits);
  if (digits == 0) return invalid(std::string(expected));
  auto number = parse_integer(text.substr(0, digits));
  if (!number) return number.error();
  if (unit_name.empty()) {
    if (unit_required && *number != 0) return invalid("a unit is missing, " + std::string(expected));
    return *number;
  }
  auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit_name; });
  if (unit == units.end()) return invalid(std::string(expected));
  int64_t value = 0;
  if (__builtin_mul_overflow(*number, unit->factor, &value)) return invalid("the number is too large");
  return value;
}

template <size_t N>
std::string format_with_unit(int64_t value, const std::array<Unit, N>& units) {
  if (value == 0) return "0";
  const Unit* greatest = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) greatest = &unit;
  }
  return std::to_string(value / greatest->factor) + std::string(greatest->name);
}

}  // namespace

Result<int64_t> parse_integer(std::string_view text) {
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return invalid("expected a whole number");
  }
  if (digits.size() > 1 && digits.front() == '0') return invalid("a number must not begin with 0");
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return invalid("the number is too large");
  return value;
}

Result<int64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits, false, "expected a size such as 65536, 64KiB or 4MB");
}

Result<int64_t> parse_duration(std::string_view text) {
  return parse_with_unit(text, kDurationUnits, true, "expected a duration such as 250ms, 10s or 7d");
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return invalid("expected true or false");
}

std::string format_size(int64_t bytes) { return format_with_unit(bytes, kSizeUnits); }

std::string format_duration(int64_t micros) { return format_with_unit(micros, kDurationUnits); }

std::optional<std::string> listen_address_mistake(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return "expected host:port, such as 127.0.0.1:8080";
  auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return "the port must be a number from 0 to 65535";
  std::string host(text.substr(0, colon));
  in_addr v4;
  in6_addr v6;
  if (host == "localhost" || inet_pton(AF_INET, host.c_str(), &v4) == 1) return std::nullopt;
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed && inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1) return std::nullopt;
  return "the host must be an IPv4 address, an IPv6 address in [ ], or localhost";
}

bool is_country_code(std::string_view text) {
  // Source: ISO 3166-1, 249 codes officially assigned; XK is in use for Kosovo.
  static constexpr std::string_view kCodes =
      "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
      "CA CC "
      "CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
      "GB GD "
      "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE "
      "KG KH "
      "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU "
      "MV MW "
      "MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA "
      "SB SC "
      "SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM "
      "US UY "
      "UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW ";
  return text.size() == 2 && kCodes.find(std::string(text) + " ") != std::string_view::npos;
}

namespace {

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal string
/// alignment).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({replaced, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kWordBytesMax = 100;  // nobody means a setting by more
  if (word.size() > kWordBytesMax) return std::nullopt;
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

}  // namespace tributary
