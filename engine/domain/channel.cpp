#include "engine/domain/channel.h"

#include <algorithm>

namespace tributary {
namespace {

constexpr Channel kChannels[] = {
    {"website", "官网", "own", "inform, convert"},
    {"app", "移动应用", "own", "use, convert, retain"},
    {"mini_program", "小程序", "own", "convert, ask preferences"},
    {"official_account", "公众号/企业微信", "own", "talk, inform"},
    {"store", "门店", "own", "try, buy, pick up"},
    {"call_center", "客服中心/电话", "own", "solve, care"},
    {"field_sales", "销售拜访/会议", "own", "deepen, close"},
    {"exhibition", "展会", "own", "acquire"},
    {"offline_event", "线下活动", "own", "acquire, bind"},
    {"email", "邮件", "own", "remind, win back"},
    {"sms", "短信", "own", "remind, win back"},
    {"push", "推送", "own", "remind, win back"},
    {"survey", "问卷", "own", "listen"},
    {"community", "会员社群", "own", "bind"},
    {"marketplace", "电商平台", "partner", "trade"},
    {"social", "社交平台", "partner", "brand, word of mouth"},
    {"live_stream", "线上直播", "partner", "acquire, sell"},
    {"ad_network", "线上推广/广告", "partner", "acquire"},
    {"partner", "第三方合作伙伴/转介绍", "partner", "acquire"},
    {"third_party_data", "第三方数据", "partner", "enrich"},
    {"in_store_sensor", "门店感知", "emerging", "observe"},
    {"smart_device", "智能设备", "emerging", "use, talk"},
    {"ai_assistant", "智能助手", "emerging", "use, talk"},
    {"erp", "进销存", "back_office", "master data"},
    {"oa", "办公", "back_office", "master data"},
    {kOtherChannel, "其他", "other", ""},
};

}  // namespace

std::span<const Channel> channels() { return kChannels; }

bool is_channel_group(std::string_view group) {
  return std::any_of(std::begin(kChannels), std::end(kChannels),
                     [&](const Channel& channel) { return channel.group == group; });
}

const Channel* find_channel(std::string_view code) {
  const auto* found = std::find_if(std::begin(kChannels), std::end(kChannels),
                                   [&](const Channel& channel) { return channel.code == code; });
  return found == std::end(kChannels) ? nullptr : found;
}

}  // namespace tributary
