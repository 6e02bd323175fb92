#include "config/values.h"

#include <arpa/inet.h>

#include "engine/base/quantity.h"

namespace tributary {

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Error(ErrorCode::invalid, "expected true or false");
}

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

}  // namespace tributary
