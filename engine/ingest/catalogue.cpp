#include "engine/ingest/catalogue.h"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/check.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kEventNameBytesMax = 64;

struct ListedEvent {
  CatalogueEvent event;
  std::string_view aliases;  // between blanks, folded
};

// An alias that would stand for two events (结算步骤, 私信, 积分, 推荐, 商机) is left out.
constexpr ListedEvent kListedEvents[] = {
    // E-commerce
    {{"Products Searched", "query"}, "搜索"},
    {{"Product List Viewed", "list_id|category"}, "浏览列表"},
    {{"Product Viewed", "product_id"}, "浏览商品"},
    {{"Product Added to Wishlist", "product_id"}, "收藏"},
    {{"Product Added", "product_id"}, "加入购物车"},
    {{"Product Removed", "product_id"}, "移出购物车"},
    {{"Cart Viewed", ""}, "查看购物车"},
    {{"Checkout Started", ""}, "进入结算"},
    {{"Checkout Step Viewed", "step"}, ""},
    {{"Checkout Step Completed", "step"}, ""},
    {{"Coupon Issued", "coupon_id"}, "发券"},
    {{"Coupon Applied", "coupon_id"}, "用券"},
    {{"Order Completed", "order_id currency revenue|total|products"}, "下单完成"},
    {{"Order Updated", "order_id"}, "订单变更"},
    {{"Order Cancelled", "order_id"}, "订单取消"},
    {{"Order Refunded", "order_id"}, "退款"},
    {{"Order Shipped", "order_id"}, "发货"},
    {{"Order Delivered", "order_id"}, "签收"},
    {{"Order Picked Up", "order_id"}, "自提"},
    {{"Product Reviewed", "product_id"}, "评价"},
    {{"Product Shared", "product_id"}, "分享"},
    {{"Recommendation Shown", "item_kind item"}, "推荐曝光"},
    {{"Recommendation Clicked", "item_kind item"}, "推荐点击"},
    {{"Recommendation Dismissed", "item_kind item"}, "推荐关闭"},

    // App and web behaviour
    {{"Page Viewed", "name|url"}, "页面浏览"},
    {{"Screen Viewed", "name|url"}, "界面浏览"},
    {{"Page Left", "name|url dwell_ms"}, "离开页面"},
    {{"App Installed", ""}, "安装"},
    {{"App Opened", ""}, "打开"},
    {{"App Backgrounded", ""}, "退后台"},
    {{"Feature Used", "feature"}, "使用功能"},
    {{"Signed Up", ""}, "注册"},
    {{"Signed In", ""}, "登录"},
    {{"Form Submitted", "form_id"}, "提交表单"},
    {{"Lesson Started", "lesson_id"}, "学习"},
    {{"Lesson Completed", "lesson_id"}, "完课"},
    {{"Workout Recorded", "kind"}, "运动记录"},

    // Offline
    {{"Store Visited", "store_id"}, "到店"},
    {{"Store Zone Dwelled", "store_id zone dwell_ms"}, "区域驻足"},
    {{"Product Tried On", "product_id"}, "试穿 试用"},
    {{"Exhibition Visited", "event_code"}, "观展"},
    {{"Event Registered", "event_code"}, "报名"},
    {{"Event Attended", "event_code"}, "参会"},

    // Service
    {{"Call Completed", "direction"}, "通话"},
    {{"Ticket Created", "ticket_id ticket_type"}, "建单"},
    {{"Ticket Assigned", "ticket_id"}, "分派"},
    {{"Ticket First Responded", "ticket_id"}, "首次响应"},
    {{"Ticket Solved", "ticket_id"}, "解决"},
    {{"Ticket Reopened", "ticket_id"}, "重开"},
    {{"Ticket Closed", "ticket_id"}, "关闭"},
    {{"Self Service Used", "article_id"}, "自助服务"},
    {{"Compensation Granted", "kind"}, "补偿"},

    // Social
    {{"Account Followed", "account"}, "关注"},
    {{"Account Unfollowed", "account"}, "取关"},
    {{"Social Message Received", "account text|text_ref"}, ""},
    {{"Social Message Sent", "account text|text_ref"}, ""},
    {{"Post Liked", "post_id"}, "点赞"},
    {{"Post Commented", "post_id"}, "评论"},
    {{"Post Shared", "post_id"}, "转发"},
    {{"Mention Found", "text_ref sentiment"}, "舆情提及"},
    {{"Live Stream Watched", "room_id watch_ms"}, "观看直播"},
    {{"Community Joined", "community_id"}, "加入社群"},

    // Campaign
    {{"Campaign Exposed", "campaign_id"}, "曝光"},
    {{"Ad Clicked", "campaign_id"}, "点击"},
    {{"Email Sent", "campaign_id|message_id"}, ""},
    {{"Email Delivered", "campaign_id|message_id"}, ""},
    {{"Email Opened", "campaign_id|message_id"}, ""},
    {{"Email Link Clicked", "campaign_id|message_id"}, ""},
    {{"Email Bounced", "campaign_id|message_id"}, ""},
    {{"Email Marked as Spam", "campaign_id|message_id"}, ""},
    {{"SMS Sent", "campaign_id|message_id"}, ""},
    {{"SMS Delivered", "campaign_id|message_id"}, ""},
    {{"SMS Link Clicked", "campaign_id|message_id"}, ""},
    {{"SMS Replied", "campaign_id|message_id"}, ""},
    {{"Push Sent", "campaign_id|message_id"}, ""},
    {{"Push Opened", "campaign_id|message_id"}, ""},
    {{"Unsubscribed", "channel"}, "退订"},
    {{"Campaign Cost Recorded", "campaign_id amount currency from to"}, ""},
    {{"Channel Cost Recorded", "channel amount currency from to"}, ""},
    {{"Benefit Granted", "benefit"}, "权益发放"},

    // Surveys
    {{"Survey Sent", "survey_id"}, ""},
    {{"Survey Answered", "survey_id kind score|answers"}, ""},

    // Membership
    {{"Membership Joined", "program card_no"}, "入会"},
    {{"Membership Tier Changed", "from to"}, "等级变更"},
    {{"Points Earned", "points"}, ""},
    {{"Points Redeemed", "points"}, ""},
    {{"Referral Sent", "referred"}, ""},
    {{"Referral Completed", "referred"}, ""},

    // CRM acts. Those with nothing required here have rules of their own, for more than whether a property is there.
    {{"Customer Record Saved", ""}, ""},
    {{"Interaction Logged", ""}, ""},
    {{"Tag Added", ""}, ""},
    {{"Tag Removed", ""}, ""},
    {{"Tag Proposed", ""}, ""},
    {{"Tag Approved", ""}, ""},
    {{"Tag Rejected", ""}, ""},
    {{"Tag Retired", ""}, ""},
    {{"Status Change Requested", ""}, ""},
    {{"Status Change Approved", ""}, ""},
    {{"Status Change Rejected", ""}, ""},
    {{"Status Change Reverted", ""}, ""},
    {{"Owner Changed", ""}, ""},
    {{"Handover Requested", ""}, ""},
    {{"Handover Confirmed", ""}, ""},
    {{"Consent Changed", ""}, ""},
    {{"Preference Set", ""}, ""},
    {{"Exclusion Added", ""}, ""},
    {{"Exclusion Removed", ""}, ""},
    {{"Lead Created", "lead_source score"}, "线索"},
    {{"Trial Requested", ""}, "试用申请"},
    {{"Quote Sent", ""}, "报价"},
    {{"Opportunity Opened", "opportunity_id stage amount probability"}, ""},
    {{"Opportunity Stage Changed", "opportunity_id stage amount probability"}, ""},
    {{"Opportunity Won", "opportunity_id stage amount probability"}, ""},
    {{"Opportunity Lost", "opportunity_id stage amount probability"}, ""},
    {{"Contract Signed", "contract_no amount"}, "签约"},
    {{"Data Issue Reported", ""}, ""},
};

constexpr auto kCatalogueEvents = [] {
  std::array<CatalogueEvent, std::size(kListedEvents)> events;
  for (size_t i = 0; i < events.size(); ++i) events[i] = kListedEvents[i].event;
  return events;
}();

struct TypedProperties {
  PropertyType type;
  std::string_view names;  // between blanks
};

// Not listed, so that they may hold anything: step (number or name), item, recipient, referred, results, answers,
// severity and sentiment (number or word).
constexpr TypedProperties kTypedProperties[] = {
    {PropertyType::number,
     "quantity price revenue total shipping tax discount amount rating dwell_ms duration_ms active_ms scroll_pct "
     "score points watch_ms probability depth"},
    {PropertyType::boolean, "is_gift test proxy helpful"},
    {PropertyType::list, "products"},
    {PropertyType::text,
     "query list_id category product_id sku brand currency cart_id checkout_id coupon_id campaign_id order_id "
     "order_namespace store_id refund_id reason carrier text via item_kind rule"},
    {PropertyType::text,
     "name url referrer title version feature user_id method form_id lesson_id course_id kind zone visit_token "
     "event_code booth direction topic ticket_id ticket_type assignee resolution article_id"},
    {PropertyType::text,
     "account text_ref post_id room_id community_id message_id channel from to benefit survey_id program card_no "
     "lead_source opportunity_id stage contract_no"},
};

template <class OnWord>
void for_each_listed_word(std::string_view words, OnWord on_word) {
  while (!words.empty()) {
    size_t end = std::min(words.find(' '), words.size());
    on_word(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

bool is_word_gap(char c) { return c == ' ' || c == '_' || c == '-'; }

using EventNameBuffer = std::array<char, kEventNameBytesMax>;

std::string_view folded_ascii_name(std::string_view name, EventNameBuffer& buffer) {
  size_t bytes = 0;
  for (char c : name) {
    if (!is_word_gap(c)) buffer[bytes++] = ascii_lower(c);
  }
  return {buffer.data(), bytes};
}

struct SpellingHash {
  using is_transparent = void;
  size_t operator()(std::string_view spelling) const { return std::hash<std::string_view>{}(spelling); }
};
using EventsBySpelling = boost::unordered_flat_map<std::string, const CatalogueEvent*, SpellingHash, std::equal_to<>>;

/// Each event by its canonical name, by that name folded and by its aliases. The first has capitals and the others have
/// none, so they never meet.
EventsBySpelling listed_spellings() {
  EventsBySpelling events;
  for (size_t i = 0; i < kCatalogueEvents.size(); ++i) {
    auto add = [&](std::string_view spelling) {
      bool added = events.emplace(std::string(spelling), &kCatalogueEvents[i]).second;
      TRIBUTARY_CHECK(added);
    };
    EventNameBuffer buffer;
    add(kCatalogueEvents[i].name);
    add(folded_ascii_name(kCatalogueEvents[i].name, buffer));
    for_each_listed_word(kListedEvents[i].aliases, add);
  }
  return events;
}

using TypesByProperty = boost::unordered_flat_map<std::string_view, PropertyType, std::hash<std::string_view>>;

TypesByProperty listed_property_types() {
  TypesByProperty types;
  for (const TypedProperties& row : kTypedProperties) {
    for_each_listed_word(row.names, [&](std::string_view name) {
      bool added = types.emplace(name, row.type).second;
      TRIBUTARY_CHECK(added);
    });
  }
  return types;
}

}  // namespace

const CatalogueEvent* find_catalogue_event(std::string_view name) {
  static const EventsBySpelling kEvents = listed_spellings();
  if (name.size() > kEventNameBytesMax) return nullptr;
  auto found = kEvents.find(name);
  if (found != kEvents.end()) return found->second;
  if (is_ascii(name)) {
    EventNameBuffer buffer;
    found = kEvents.find(folded_ascii_name(name, buffer));
  } else if (std::optional<std::string> folded = nfkc_casefold(name)) {
    std::erase_if(*folded, is_word_gap);
    found = kEvents.find(*folded);
  }
  return found == kEvents.end() ? nullptr : found->second;
}

std::span<const CatalogueEvent> catalogue() { return kCatalogueEvents; }

PropertyType catalogue_property(std::string_view name) {
  static const TypesByProperty kTypes = listed_property_types();
  auto found = kTypes.find(name);
  return found == kTypes.end() ? PropertyType::any : found->second;
}

}  // namespace tributary
