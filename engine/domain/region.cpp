#include "engine/domain/region.h"

#include <array>
#include <string>

#include "engine/base/ascii.h"

namespace tributary {
namespace {

struct Province {
  std::string_view name;     // without 省, 市, 自治区
  std::string_view english;  // lower case
  std::string_view region;
};

constexpr std::string_view kNorth = "north_china", kNortheast = "northeast_china", kEast = "east_china",
                           kCentral = "central_china", kSouth = "south_china", kSouthwest = "southwest_china",
                           kNorthwest = "northwest_china", kOthers = "hong_kong_macao_taiwan";

constexpr std::array kProvinces = {
    Province{"北京", "beijing", kNorth},
    Province{"天津", "tianjin", kNorth},
    Province{"河北", "hebei", kNorth},
    Province{"山西", "shanxi", kNorth},
    Province{"内蒙古", "inner mongolia", kNorth},
    Province{"辽宁", "liaoning", kNortheast},
    Province{"吉林", "jilin", kNortheast},
    Province{"黑龙江", "heilongjiang", kNortheast},
    Province{"上海", "shanghai", kEast},
    Province{"江苏", "jiangsu", kEast},
    Province{"浙江", "zhejiang", kEast},
    Province{"安徽", "anhui", kEast},
    Province{"福建", "fujian", kEast},
    Province{"江西", "jiangxi", kEast},
    Province{"山东", "shandong", kEast},
    Province{"河南", "henan", kCentral},
    Province{"湖北", "hubei", kCentral},
    Province{"湖南", "hunan", kCentral},
    Province{"广东", "guangdong", kSouth},
    Province{"广西", "guangxi", kSouth},
    Province{"海南", "hainan", kSouth},
    Province{"重庆", "chongqing", kSouthwest},
    Province{"四川", "sichuan", kSouthwest},
    Province{"贵州", "guizhou", kSouthwest},
    Province{"云南", "yunnan", kSouthwest},
    Province{"西藏", "tibet", kSouthwest},
    Province{"陕西", "shaanxi", kNorthwest},
    Province{"甘肃", "gansu", kNorthwest},
    Province{"青海", "qinghai", kNorthwest},
    Province{"宁夏", "ningxia", kNorthwest},
    Province{"新疆", "xinjiang", kNorthwest},
    Province{"香港", "hong kong", kOthers},
    Province{"澳门", "macao", kOthers},
    Province{"台湾", "taiwan", kOthers},
};

constexpr std::array<std::string_view, 9> kEndings = {
    "", "省", "市", "自治区", "特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "维吾尔族自治区"};

}  // namespace

std::string_view region_of_province(std::string_view province) {
  std::string lower(province);
  for (char& c : lower) c = ascii_lower(c);
  for (const Province& known : kProvinces) {
    if (lower == known.english) return known.region;
    if (!province.starts_with(known.name)) continue;
    std::string_view ending = province.substr(known.name.size());
    for (std::string_view each : kEndings) {
      if (ending == each) return known.region;
    }
  }
  return {};
}

}  // namespace tributary
