#include "engine/linkage/administrative_regions.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string>
#include <unordered_set>

#include "engine/linkage/similarity.h"

namespace tributary {
namespace {

// Source: GB/T 2260, provinces and prefectures, without the word for the level; autonomous prefectures by their short
// names.
constexpr std::string_view kRegionNames =
    "中国 中華人民共和國 中华人民共和国 大陆 华北 华东 华南 华中 西南 西北 东北 "
    "北京 天津 上海 重庆 河北 山西 内蒙古 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 广西 海南 "
    "四川 贵州 云南 "
    "西藏 陕西 甘肃 青海 宁夏 新疆 香港 澳门 台湾 "
    "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水 雄安 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 "
    "临汾 吕梁 "
    "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布 兴安 锡林郭勒 阿拉善 "
    "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛 长春 四平 辽源 通化 白山 松原 白城 延边 "
    "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化 大兴安岭 "
    "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 "
    "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 "
    "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城 "
    "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶 "
    "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽 "
    "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店 济源 "
    "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 天门 "
    "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西 "
    "广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮 "
    "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左 海口 三亚 三沙 儋州 "
    "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳 阿坝 甘孜 凉山 "
    "贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南 黔东南 黔南 "
    "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 文山 西双版纳 大理 德宏 怒江 迪庆 "
    "拉萨 日喀则 昌都 林芝 山南 那曲 阿里 "
    "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 "
    "临夏 甘南 "
    "西宁 海东 海北 黄南 果洛 玉树 海西 银川 石嘴山 吴忠 固原 中卫 "
    "乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉 博尔塔拉 巴音郭楞 阿克苏 克孜勒苏 喀什 和田 伊犁 塔城 阿勒泰 石河子 "
    "台北 新北 桃园 台中 台南 高雄 "
    "china prc hongkong macau macao taiwan beijing tianjin shanghai chongqing guangzhou shenzhen hangzhou nanjing "
    "suzhou "
    "wuxi ningbo wuhan chengdu xian qingdao dalian xiamen fuzhou jinan zhengzhou changsha shenyang harbin changchun "
    "hefei "
    "kunming dongguan foshan zhuhai hainan guangdong zhejiang jiangsu shandong fujian sichuan hubei hunan henan hebei";

constexpr std::array<std::string_view, 12> kLevelWords = {"特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区",
                                                          "自治区",     "自治州",     "自治县",     "地区",
                                                          "省",         "市",         "区",         "县"};
/// What ends in such a word and is no region.
constexpr std::array<std::string_view, 18> kOtherWords = {"校区", "院区", "园区", "厂区", "小区",   "社区",
                                                          "片区", "景区", "库区", "矿区", "开发区", "商区",
                                                          "超市", "门市", "都市", "城市", "夜市",   "集市"};
/// Levels that are no names' only endings: 锡林郭勒盟, 延边州.
constexpr std::array<std::string_view, 2> kRareLevelWords = {"盟", "州"};

const std::unordered_set<std::string_view>& known_regions() {
  static const std::unordered_set<std::string_view> kRegions = [] {
    std::unordered_set<std::string_view> regions;
    for (std::string_view rest = kRegionNames; !rest.empty();) {
      size_t end = std::min(rest.find(' '), rest.size());
      regions.insert(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return regions;
  }();
  return kRegions;
}

bool ends_in(std::string_view text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return text.ends_with(word) && text != word; });
}

/// What ends in the word for a level is a region when it may be the name of one: up to 12 characters, none of them
/// Latin.
bool is_named_as_region(std::string_view text) {
  constexpr size_t kLengthMax = 12;
  if (!ends_in(text, kLevelWords)) return false;
  for (std::string_view word : kOtherWords) {
    if (text.ends_with(word)) return false;
  }
  std::u32string letters = code_points(text);
  return letters.size() <= kLengthMax &&
         std::all_of(letters.begin(), letters.end(), [](char32_t c) { return c >= 0x80; });
}

bool is_known_region(std::string_view text) {
  if (known_regions().contains(text)) return true;
  for (std::string_view word : kRareLevelWords) {
    if (text.ends_with(word) && known_regions().contains(text.substr(0, text.size() - word.size()))) return true;
  }
  return false;
}

}  // namespace

bool is_administrative_region(std::string_view text) {
  std::string joined;  // "hong kong", "xi'an"
  std::copy_if(text.begin(), text.end(), std::back_inserter(joined), [](char c) { return c != ' ' && c != '\''; });
  if (joined.empty()) return false;
  if (is_known_region(joined) || is_named_as_region(joined)) return true;
  // 浙江杭州: one behind another, of characters of three bytes.
  std::string_view whole = joined;
  for (size_t cut = 3; cut + 3 <= joined.size(); cut += 3) {
    if (is_known_region(whole.substr(0, cut)) && is_known_region(whole.substr(cut))) return true;
  }
  return false;
}

}  // namespace tributary
