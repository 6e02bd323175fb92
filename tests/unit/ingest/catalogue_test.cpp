// The event catalogue: its rows, their spellings, and the types of properties.
#include "engine/ingest/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"

namespace tributary::testing {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (size_t end = text.find(separator); end != text.npos; end = text.find(separator)) {
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.emplace_back(text);
  return parts;
}

/// The canonical name that a spelling finds, or "-".
std::string found(std::string_view spelling) {
  const CatalogueEvent* event = find_catalogue_event(spelling);
  return event == nullptr ? "-" : std::string(event->name);
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = ascii_upper(c);
  return text;
}

std::string camel_case(std::string_view name) {
  std::string joined;
  for (std::string word : split(name, ' ')) {
    word[0] = ascii_upper(word[0]);
    joined += word;
  }
  return joined;
}

/// U+FF01..FF5E for visible ASCII, U+3000 for the blank.
std::string full_width(std::string_view text) {
  std::string wide;
  for (char c : text) {
    if (c == ' ') {
      wide += "\u3000";
      continue;
    }
    int code_point = 0xff01 + (c - '!');
    wide += {static_cast<char>(0xe0 | code_point >> 12), static_cast<char>(0x80 | (code_point >> 6 & 0x3f)),
             static_cast<char>(0x80 | (code_point & 0x3f))};
  }
  return wide;
}

TEST(Catalogue, ThreeSpellingsAreOneEvent) {
  for (std::string_view spelling : {"order_completed", "Order Completed", "下单完成"}) {
    EXPECT_EQ(found(spelling), "Order Completed") << spelling;
  }
}

TEST(Catalogue, CaseWidthBlanksAndLinesDoNotCount) {
  for (std::string_view spelling :
       {"OrderCompleted", "orderCompleted", "ORDER-COMPLETED", "ＯＲＤＥＲ completed", " order  completed ",
        "o_r-d e_r_completed", "ｏｒｄｅｒ＿ｃｏｍｐｌｅｔｅｄ", "Order　Completed", "Order\u00a0Completed",
        "下单 完成", "下单_完成", "下单　完成"}) {
    EXPECT_EQ(found(spelling), "Order Completed") << spelling;
  }
}

TEST(Catalogue, EachRowFindsItselfInEverySpelling) {
  for (const CatalogueEvent& event : catalogue()) {
    std::string name(event.name);
    std::string snake = ascii_lowered(replaced(name, ' ', '_'));
    for (const std::string& spelling :
         {name, upper(name), ascii_lowered(name), snake, upper(snake), replaced(name, ' ', '-'), camel_case(name),
          ascii_lowered(camel_case(name)),
          full_width(name.substr(0, 15)) + name.substr(std::min(name.size(), size_t{15}))}) {
      EXPECT_EQ(find_catalogue_event(spelling), &event) << spelling;
    }
  }
}

TEST(Catalogue, NoTwoRowsShareAName) {
  std::set<std::string> folded;
  for (const CatalogueEvent& event : catalogue()) {
    EXPECT_TRUE(folded.insert(ascii_lowered(camel_case(event.name))).second) << event.name;
  }
}

TEST(Catalogue, HoldsEachListedEventAndNoOther) {
  const std::pair<std::string, std::string_view> kListed[] = {
      {"Products", "Searched"},
      {"Product List", "Viewed"},
      {"Product", "Viewed/Added to Wishlist/Added/Removed/Tried On/Reviewed/Shared"},
      {"Cart", "Viewed"},
      {"Checkout", "Started/Step Viewed/Step Completed"},
      {"Coupon", "Issued/Applied"},
      {"Order", "Completed/Updated/Cancelled/Refunded/Shipped/Delivered/Picked Up"},
      {"Recommendation", "Shown/Clicked/Dismissed"},
      {"Page", "Viewed/Left"},
      {"Screen", "Viewed"},
      {"App", "Installed/Opened/Backgrounded"},
      {"Feature", "Used"},
      {"Signed", "Up/In"},
      {"Form", "Submitted"},
      {"Lesson", "Started/Completed"},
      {"Workout", "Recorded"},
      {"Store", "Visited/Zone Dwelled"},
      {"Exhibition", "Visited"},
      {"Event", "Registered/Attended"},
      {"Call", "Completed"},
      {"Ticket", "Created/Assigned/First Responded/Solved/Reopened/Closed"},
      {"Self Service", "Used"},
      {"Compensation", "Granted"},
      {"Account", "Followed/Unfollowed"},
      {"Social Message", "Received/Sent"},
      {"Post", "Liked/Commented/Shared"},
      {"Mention", "Found"},
      {"Live Stream", "Watched"},
      {"Community", "Joined"},
      {"Campaign", "Exposed/Cost Recorded"},
      {"Ad", "Clicked"},
      {"Email", "Sent/Delivered/Opened/Link Clicked/Bounced/Marked as Spam"},
      {"SMS", "Sent/Delivered/Link Clicked/Replied"},
      {"Push", "Sent/Opened"},
      {"Unsubscribed", ""},
      {"Channel", "Cost Recorded"},
      {"Benefit", "Granted"},
      {"Survey", "Sent/Answered"},
      {"Membership", "Joined/Tier Changed"},
      {"Points", "Earned/Redeemed"},
      {"Referral", "Sent/Completed"},
      {"Customer Record", "Saved"},
      {"Interaction", "Logged"},
      {"Tag", "Added/Removed/Proposed/Approved/Rejected/Retired"},
      {"Status Change", "Requested/Approved/Rejected/Reverted"},
      {"Owner", "Changed"},
      {"Handover", "Requested/Confirmed"},
      {"Consent", "Changed"},
      {"Preference", "Set"},
      {"Exclusion", "Added/Removed"},
      {"Lead", "Created"},
      {"Trial", "Requested"},
      {"Quote", "Sent"},
      {"Opportunity", "Opened/Stage Changed/Won/Lost"},
      {"Contract", "Signed"},
      {"Data Issue", "Reported"},
  };
  std::set<std::string> listed, held;
  for (const auto& [object, actions] : kListed) {
    if (actions.empty()) listed.insert(object);
    for (const std::string& action : split(actions, '/')) listed.insert(object + " " + action);
  }
  for (const CatalogueEvent& event : catalogue()) held.emplace(event.name);
  EXPECT_EQ(held, listed);
}

TEST(Catalogue, ChineseNamesAreFound) {
  const std::pair<std::string_view, std::string_view> kAliases[] = {
      {"搜索", "Products Searched"},
      {"浏览列表", "Product List Viewed"},
      {"浏览商品", "Product Viewed"},
      {"收藏", "Product Added to Wishlist"},
      {"加入购物车", "Product Added"},
      {"移出购物车", "Product Removed"},
      {"查看购物车", "Cart Viewed"},
      {"进入结算", "Checkout Started"},
      {"发券", "Coupon Issued"},
      {"用券", "Coupon Applied"},
      {"下单完成", "Order Completed"},
      {"订单变更", "Order Updated"},
      {"订单取消", "Order Cancelled"},
      {"退款", "Order Refunded"},
      {"发货", "Order Shipped"},
      {"签收", "Order Delivered"},
      {"自提", "Order Picked Up"},
      {"评价", "Product Reviewed"},
      {"分享", "Product Shared"},
      {"推荐曝光", "Recommendation Shown"},
      {"推荐点击", "Recommendation Clicked"},
      {"推荐关闭", "Recommendation Dismissed"},
      {"页面浏览", "Page Viewed"},
      {"界面浏览", "Screen Viewed"},
      {"离开页面", "Page Left"},
      {"安装", "App Installed"},
      {"打开", "App Opened"},
      {"退后台", "App Backgrounded"},
      {"使用功能", "Feature Used"},
      {"注册", "Signed Up"},
      {"登录", "Signed In"},
      {"提交表单", "Form Submitted"},
      {"学习", "Lesson Started"},
      {"完课", "Lesson Completed"},
      {"运动记录", "Workout Recorded"},
      {"到店", "Store Visited"},
      {"区域驻足", "Store Zone Dwelled"},
      {"试穿", "Product Tried On"},
      {"试用", "Product Tried On"},
      {"观展", "Exhibition Visited"},
      {"报名", "Event Registered"},
      {"参会", "Event Attended"},
      {"通话", "Call Completed"},
      {"建单", "Ticket Created"},
      {"分派", "Ticket Assigned"},
      {"首次响应", "Ticket First Responded"},
      {"解决", "Ticket Solved"},
      {"重开", "Ticket Reopened"},
      {"关闭", "Ticket Closed"},
      {"自助服务", "Self Service Used"},
      {"补偿", "Compensation Granted"},
      {"关注", "Account Followed"},
      {"取关", "Account Unfollowed"},
      {"点赞", "Post Liked"},
      {"评论", "Post Commented"},
      {"转发", "Post Shared"},
      {"舆情提及", "Mention Found"},
      {"观看直播", "Live Stream Watched"},
      {"加入社群", "Community Joined"},
      {"曝光", "Campaign Exposed"},
      {"点击", "Ad Clicked"},
      {"退订", "Unsubscribed"},
      {"权益发放", "Benefit Granted"},
      {"入会", "Membership Joined"},
      {"等级变更", "Membership Tier Changed"},
      {"线索", "Lead Created"},
      {"试用申请", "Trial Requested"},
      {"报价", "Quote Sent"},
      {"签约", "Contract Signed"},
  };
  for (const auto& [alias, name] : kAliases) {
    EXPECT_EQ(found(alias), name) << alias;
    // Among the separators of a name, and behind a full-width blank, an alias is folded before it is looked up.
    EXPECT_EQ(found("　" + std::string(alias) + "_"), name) << alias;
  }
}

TEST(Catalogue, AChineseNameOfTwoEventsFindsNeither) {
  for (std::string_view alias : {"结算步骤", "私信", "积分", "推荐", "商机"}) EXPECT_EQ(found(alias), "-") << alias;
}

TEST(Catalogue, OtherNamesAreNotInIt) {
  for (std::string_view name :
       {"Catalogue Opened", "Order", "Order Complete", "Order Completed 2", "Order.Completed", "Order/Completed",
        "Ordér Completed", "会员签到", "下单", "revenue", "Segment Entered", "Status Changed", "试穿 试用"}) {
    EXPECT_EQ(found(name), "-") << name;
  }
}

TEST(Catalogue, EmptyNamesAreNotInIt) {
  for (std::string_view name : {"", " ", "_", "-", " _- ", "　", "＿－"}) EXPECT_EQ(found(name), "-") << name;
}

TEST(Catalogue, NamesOver64BytesAreNotInIt) {
  std::string name = "Order Completed";
  EXPECT_EQ(found(name + std::string(64 - name.size(), '_')), name);
  EXPECT_EQ(found(name + std::string(65 - name.size(), '_')), "-");
  std::string chinese = "下单完成";
  EXPECT_EQ(found(chinese + std::string(64 - chinese.size(), ' ')), name);
  EXPECT_EQ(found(chinese + std::string(65 - chinese.size(), ' ')), "-");
  EXPECT_EQ(found(std::string(1 << 20, 'x')), "-");
}

TEST(Catalogue, BytesThatAreNotUtf8AreNotInIt) {
  for (std::string_view bytes : {"\xff", "Order Completed\xff", "\x80Order Completed", "下单完成\xe5\xae",
                                 "Order\xc0\xa0"
                                 "Completed",
                                 "\xed\xa0\x80"}) {
    EXPECT_EQ(find_catalogue_event(bytes), nullptr);
  }
  EXPECT_EQ(found(std::string_view("Order\0Completed", 15)), "-");
  EXPECT_EQ(found(std::string_view("下单\0完成", 13)), "-");
}

TEST(Catalogue, TellsWhatIsRequired) {
  auto required = [](std::string_view name) { return find_catalogue_event(name)->required; };
  EXPECT_EQ(required("Order Completed"), "order_id currency revenue|total|products");
  EXPECT_EQ(required("Product List Viewed"), "list_id|category");
  EXPECT_EQ(required("Page Left"), "name|url dwell_ms");
  EXPECT_EQ(required("Cart Viewed"), "");
  EXPECT_EQ(required("Ticket Created"), "ticket_id ticket_type");
  EXPECT_EQ(required("Email Marked as Spam"), "campaign_id|message_id");
  EXPECT_EQ(required("Channel Cost Recorded"), "channel amount currency from to");
  EXPECT_EQ(required("Survey Answered"), "survey_id kind score|answers");
}

TEST(Catalogue, RequiredPropertiesHaveATypeOrMayBeAnything) {
  const std::set<std::string> kAnything = {"step", "item", "sentiment", "answers", "referred"};
  std::set<std::string> unused = kAnything;
  for (const CatalogueEvent& event : catalogue()) {
    for (const std::string& alternatives : split(event.required, ' ')) {
      EXPECT_FALSE(alternatives.empty()) << event.name;
      for (const std::string& property : split(alternatives, '|')) {
        EXPECT_FALSE(property.empty()) << event.name;
        unused.erase(property);
        EXPECT_EQ(catalogue_property(property) == PropertyType::any, kAnything.contains(property)) << property;
      }
    }
  }
  EXPECT_EQ(unused, std::set<std::string>{});
}

TEST(Catalogue, PropertiesHaveTheTypeOfTheirName) {
  const std::pair<PropertyType, std::string_view> kNames[] = {
      {PropertyType::number,
       "quantity price revenue total shipping tax discount amount rating dwell_ms duration_ms active_ms "
       "scroll_pct score points watch_ms probability depth"},
      {PropertyType::boolean, "is_gift test proxy helpful"},
      {PropertyType::list, "products"},
      {PropertyType::text,
       "order_id product_id sku category brand currency coupon_id store_id refund_id campaign_id ticket_id"},
      {PropertyType::any, "sentiment step answers colour account_id Quantity quantity_ order_id_2"},
  };
  for (const auto& [type, names] : kNames) {
    for (const std::string& name : split(names, ' ')) EXPECT_EQ(catalogue_property(name), type) << name;
  }
  EXPECT_EQ(catalogue_property(""), PropertyType::any);
}

}  // namespace
}  // namespace tributary::testing
