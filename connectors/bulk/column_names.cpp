#include "connectors/bulk/column_names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/base/date_format.h"
#include "engine/base/json_out.h"
#include "engine/base/utf8.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

/// A member of an event, and the names that columns have for it: folded, without blanks, separated by one blank.
struct ColumnNames {
  std::string_view member;
  std::string_view names;
};

constexpr ColumnNames kRecordColumns[] = {
    {"customer_type", "客户类型 customertype"},
    {"customer_no", "客户编号 客户编码 客户号 编号 customerno customernumber customercode"},
    {"name",
     "客户名称 公司名称 企业名称 单位名称 公司 企业 单位 名称 客户 customername companyname company organisation "
     "organization accountname name 客户姓名 姓名 fullname"},
    {"industry", "所属行业 行业 industry sector"},
    {"industry_detail", "细分行业 行业细分 industrydetail"},
    {"size", "客户规模 企业规模 公司规模 规模 companysize size"},
    {"employee_count", "员工人数 员工数 人数 employeecount employees headcount"},
    {"enterprise_type", "企业类型 企业性质 公司类型 公司性质 enterprisetype companytype"},
    {"contact_name", "联系人 联系人姓名 关键决策人 关键联系人 决策人 对接人 contactname contactperson contact"},
    {"contact_title", "决策人职位 联系人职位 职位 职务 contacttitle jobtitle position title"},
    {"contact_phone",
     "联系方式 联系电话 联系人电话 联系人手机 手机 手机号 手机号码 电话 电话号码 mobile mobilephone "
     "mobilenumber phone phonenumber telephone tel cell contactphone"},
    {"email", "邮箱 电子邮箱 电子邮件 邮件 email emailaddress mail"},
    {"address", "客户地址 公司地址 联系地址 详细地址 地址 address"},
    {"province", "省份 省 province"},
    {"city", "城市 市 city"},
    {"district", "区县 区 district"},
    {"source", "客户来源 来源 来源渠道 leadsource customersource source"},
    {"first_contact_date",
     "首次接触时间 首次接触日期 首次接触 首次联系时间 首次联系日期 firstcontactdate firstcontact"},
    {"status", "客户状态 状态 customerstatus status"},
    {"owner", "负责人 客户经理 销售负责人 销售 accountmanager salesrep owner"},
    {"annual_budget", "年合作预算 年度预算 年预算 预算 annualbudget budget"},
    {"cooperation_since", "合作开始 合作开始时间 合作开始日期 cooperationsince customersince"},
    {"preferred_channel", "渠道偏好 偏好渠道 preferredchannel"},
    {"gender", "性别 gender sex"},
    {"birthday", "生日 出生日期 birthday birthdate dateofbirth"},
    {"occupation", "职业 occupation"},
    {"marital_status", "婚姻状况 婚姻 maritalstatus"},
    {"income_band", "收入 收入水平 incomeband income"},
    {"education", "学历 教育程度 education"},
    {"risk_tolerance", "风险承受能力 risktolerance"},
    {"uscc", "统一社会信用代码 社会信用代码 信用代码 uscc"},
    {"founded_on", "成立时间 成立日期 foundedon founded"},
    {"business_scope", "经营范围 businessscope"},
};

// Whose an event is; the names of `@` members are kinds of identifiers.
constexpr ColumnNames kWhoseColumns[] = {
    {"@customer_no", "客户编号 客户编码 客户号 customerno customernumber customercode"},
    {"@user_id", "账号 用户编号 用户id userid customerid"},
    {"@member_card", "会员卡号 会员卡 membercard"},
    {"@phone", "联系方式 联系电话 手机 手机号 手机号码 电话 mobile phone phonenumber"},
    {"@email", "邮箱 电子邮箱 email emailaddress"},
};

constexpr ColumnNames kInteractionColumns[] = {
    {"#time", "互动时间 沟通时间 拜访时间 时间 日期 occurredat time date"},
    {"interaction_no", "记录编号 互动编号 interactionno"},
    {"mode", "互动方式 沟通方式 方式 mode channel"},
    {"subject", "互动主题 沟通主题 主题 subject topic"},
    {"summary", "沟通内容摘要 沟通内容 内容摘要 摘要 内容 summary notes"},
    {"feedback", "客户反馈 反馈 feedback"},
    {"next_action", "下一步行动 下一步计划 下一步 nextaction nextstep"},
    {"logged_by", "跟进人 记录人 负责人 loggedby owner"},
};
constexpr ColumnNames kTagColumns[] = {
    {"#time", "打标时间 添加时间 时间 日期 addedat time date"},
    {"type", "标签类型 类型 tagtype type"},
    {"name", "标签 标签名称 标签名 tag tagname name"},
    {"note", "备注 说明 note"},
    {"by", "添加人 打标人 addedby by"},
};
constexpr ColumnNames kOrderColumns[] = {
    {"#time", "下单时间 订单时间 付款时间 成交时间 时间 日期 orderdate orderedat time date"},
    {"order_id", "订单号 订单编号 单号 orderid orderno ordernumber"},
    {"amount", "订单金额 实付金额 成交金额 金额 amount total ordertotal"},
    {"currency", "币种 货币 currency"},
    {"discount", "优惠金额 优惠 折扣金额 discount"},
    {"shipping", "运费 shipping"},
    {"store_id", "门店 门店编号 storeid store"},
    {"coupon_id", "优惠券 优惠券号 couponid coupon"},
};

/// Words that people write for a value of a list, beside its code and labels, which the server knows.
struct ListWords {
  std::string_view member;
  std::string_view words;  // word=code, separated by one blank
};
constexpr ListWords kListWords[] = {
    {"customer_type", "公司=organisation 单位=organisation 自然人=person"},
    {"industry",
     "制造=manufacturing 生产制造=manufacturing 服务=services 零售=retail 批发零售=retail 建筑=construction "
     "软件=software_it 软件业=software_it 互联网=software_it 信息技术=software_it IT=software_it"},
    {"size", "小型=small 小=small 中型=medium 中=medium 大型=large 大=large"},
    {"enterprise_type",
     "国营=state_owned 央企=state_owned 民营=private 私营=private 私企=private 外资=foreign "
     "合资=foreign"},
    {"source",
     "官网=website_signup 网站=website_signup 展会=exhibition_visit 电话=phone_enquiry 介绍=referral "
     "推荐=referral 推广=online_promotion 广告=online_promotion 活动=event_signup 试用=trial_request"},
    {"gender", "先生=male 男性=male 女士=female 女性=female"},
    {"mode", "上门=visit 上门拜访=visit 通话=phone 开会=meeting 直播=live_stream"},
};

constexpr std::array<std::string_view, 4> kDateMembers = {"first_contact_date", "cooperation_since", "birthday",
                                                          "founded_on"};
constexpr std::array<const char*, 9> kTimeFormats = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
                                                     "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
                                                     "%Y.%m.%d",          "%Y年%m月%d日",   "iso8601"};
constexpr const char* kTableZone = "+08:00";

/// `联系方式 * (必填)` as `联系方式`.
std::string plain_header(std::string_view header) {
  std::string folded = nfkc_casefold(header).value_or("");
  folded = folded.substr(0, folded.find('('));
  std::erase_if(folded, [](char c) { return std::string_view(" \t\r\n_-*:.").find(c) != std::string_view::npos; });
  return std::string(trim_white_space(folded));
}

/// Calls `on_word` for the words of a text that are separated by one blank, until it returns true.
template <class OnWord>
bool any_word(std::string_view text, OnWord on_word) {
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (on_word(word)) return true;
  }
  return false;
}

std::span<const ColumnNames> names_of(TableKind kind) {
  switch (kind) {
    case TableKind::interactions:
      return kInteractionColumns;
    case TableKind::tags:
      return kTagColumns;
    case TableKind::orders:
      return kOrderColumns;
    case TableKind::records:
      break;
  }
  return kRecordColumns;
}

using Proposal = std::map<std::string, size_t, std::less<>>;  // member -> column

/// Of several columns for one member the one whose name stands first in the list.
Proposal match_columns(TableKind kind, const std::vector<std::string>& columns) {
  std::vector<std::string> plain;
  plain.reserve(columns.size());
  for (const std::string& column : columns) plain.push_back(plain_header(column));
  Proposal found;
  std::set<size_t> taken;
  auto match = [&](const ColumnNames& names) {
    any_word(names.names, [&](std::string_view name) {
      auto column = std::ranges::find(plain, name);
      auto at = static_cast<size_t>(column - plain.begin());
      if (column == plain.end() || taken.contains(at)) return false;
      taken.insert(at);
      found.emplace(names.member, at);
      return true;
    });
  };
  if (kind != TableKind::records) std::ranges::for_each(kWhoseColumns, match);
  std::ranges::for_each(names_of(kind), match);
  return found;
}

/// Whose the telephone is: of a company's contact, or of the person.
void settle_person(Proposal& found, const std::vector<std::string>& columns) {
  auto contact = found.find("contact_name");
  if (contact == found.end()) {
    auto phone = found.extract("contact_phone");
    if (phone.empty()) return;
    // A company with one column for a person's name: that is the contact.
    for (size_t i = 0; i < columns.size(); ++i) {
      std::string plain = plain_header(columns[i]);
      bool persons = plain == "姓名" || plain == "客户姓名" || plain == "fullname";
      if (!persons || found.find("name") == found.end() || found.find("name")->second == i) continue;
      found["contact_name"] = i;
      phone.key() = "contact_phone";
      found.insert(std::move(phone));
      return;
    }
    phone.key() = "phone";
    found.insert(std::move(phone));
  }
}

std::string quoted_yaml(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string words_yaml(std::string_view member) {
  auto list = std::ranges::find(kListWords, member, &ListWords::member);
  if (list == std::end(kListWords)) return {};
  std::string out;
  any_word(list->words, [&](std::string_view word) {
    size_t equals = word.find('=');
    out +=
        (out.empty() ? "" : ", ") + std::string(word.substr(0, equals)) + ": " + std::string(word.substr(equals + 1));
    return false;
  });
  return ", values: {" + out + "}";
}

std::string value_yaml(std::string_view member, const std::string& column) {
  std::string out = "{column: " + quoted_yaml(column);
  if (std::ranges::find(kDateMembers, member) != kDateMembers.end()) out += ", type: date";
  return out + words_yaml(member) + "}";
}

/// The format that fits every value of the sample; of no values the first.
std::optional<std::string> time_format(const TableSample& sample, size_t column) {
  for (const char* format : kTimeFormats) {
    auto date = DateFormat::make(format, kTableZone);
    auto fits = [&](const auto& row) {
      return column >= row.size() || row[column].empty() || (date && date->parse(row[column]));
    };
    if (std::ranges::all_of(sample.rows, fits)) return format;
  }
  return std::nullopt;
}

/// What rows of the kind can't be without, of which one must be there.
std::optional<std::string> missing_column(TableKind kind, const Proposal& found) {
  auto has = [&](std::string_view member) { return found.contains(member); };
  if (kind == TableKind::records) {
    if (has("name") || has("customer_no")) return std::nullopt;
    return "no column is called like the name of a customer (客户名称, name)";
  }
  bool whose = std::ranges::any_of(found, [](const auto& entry) { return entry.first.starts_with('@'); });
  if (!whose) return "no column says whose a row is (客户编号, 手机, 邮箱, customer_no, phone, email)";
  if (!has("#time")) return "no column is called like a time (互动时间, 下单时间, time)";
  std::string_view needed = kind == TableKind::orders ? "order_id" : kind == TableKind::tags ? "name" : "mode";
  if (has(needed)) return std::nullopt;
  return "no column is called like " + std::string(needed);
}

std::string shape_yaml(const TableShape& shape) {
  std::string delimiter = shape.delimiter == '\t' ? "\\t" : std::string(1, shape.delimiter);
  return std::string("format: csv\nencoding: ") + (shape.encoding == TextEncoding::gb18030 ? "gb18030" : "utf-8") +
         "\ndelimiter: \"" + delimiter + "\"\n" +
         (shape.skip_rows > 0 ? "skip_rows: " + std::to_string(shape.skip_rows) + "\n" : "") +
         (shape.formula_guard ? "formula_guard: true\n" : "");
}

/// The columns that nothing is made of.
std::vector<std::string> unused_columns(const Proposal& found, const std::vector<std::string>& columns) {
  std::set<size_t> used;
  for (const auto& [member, column] : found) used.insert(column);
  std::vector<std::string> unused;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!used.contains(i) && !columns[i].empty()) unused.push_back(columns[i]);
  }
  return unused;
}

std::string members_yaml(TableKind kind, const Proposal& found, const TableSample& sample, std::string_view indent) {
  std::string out;
  auto add = [&](std::string_view member) {
    auto column = found.find(member);
    if (member.starts_with('@') || member.starts_with('#') || column == found.end()) return;
    out += std::string(indent) + std::string(member) + ": " + value_yaml(member, sample.columns[column->second]) + "\n";
  };
  for (const ColumnNames& names : names_of(kind)) {
    add(names.member);
    if (names.member == "contact_phone") add("phone");
  }
  return out;
}

/// Time, whose they are, and the event.
Result<std::string> event_yaml(TableKind kind, const Proposal& found, const TableSample& sample) {
  auto column = [&](std::string_view member) { return sample.columns[found.find(member)->second]; };
  auto format = time_format(sample, found.find("#time")->second);
  if (!format)
    return Error(ErrorCode::invalid, "the times of column " + column("#time") + " have no format known here");
  std::string out = "time: {column: " + quoted_yaml(column("#time")) + ", format: " + quoted_yaml(*format) +
                    ", zone: \"" + kTableZone + "\"}\nexternal_ids:\n";
  if (found.contains("@user_id")) out.insert(0, "user_id: {column: " + quoted_yaml(column("@user_id")) + "}\n");
  for (const auto& [member, at] : found) {
    if (!member.starts_with('@') || member == "@user_id") continue;
    out += "  - {type: " + member.substr(1) + ", value: {column: " + quoted_yaml(sample.columns[at]) + "}}\n";
  }
  if (out.ends_with("external_ids:\n")) out.erase(out.size() - 14);
  std::string_view event = kind == TableKind::orders ? "Order Completed"
                           : kind == TableKind::tags ? "Tag Added"
                                                     : "Interaction Logged";
  out +=
      "events:\n  - name: " + std::string(event) + "\n    properties:\n" + members_yaml(kind, found, sample, "      ");
  if (kind == TableKind::tags) out += "      origin: import\n";
  if (kind == TableKind::orders && !found.contains("currency")) out += "      currency: CNY\n";
  return out;
}

/// Of lines that are not plain ASCII most are no UTF-8; a damaged row does not make another encoding.
bool is_rather_gb18030(std::string_view head) {
  int64_t others = 0;
  size_t last = head.rfind('\n');
  if (last != head.npos) head = head.substr(0, last);  // the end of the head may lie within a character
  while (!head.empty()) {
    size_t end = std::min(head.find('\n'), head.size() - 1);
    std::string_view line = head.substr(0, end + 1);
    head.remove_prefix(end + 1);
    bool ascii = std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (!ascii) others += is_utf8(line) ? -1 : 1;
  }
  return others > 0;
}

}  // namespace

std::string_view table_kind_name(TableKind kind) {
  constexpr std::array<std::string_view, 4> kWords = {"records", "interactions", "tags", "orders"};
  return kWords[static_cast<size_t>(kind)];
}

std::optional<TableKind> parse_table_kind(std::string_view name) {
  for (TableKind kind : {TableKind::records, TableKind::interactions, TableKind::tags, TableKind::orders}) {
    if (table_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

TableShape guess_shape(std::string_view head) {
  TableShape shape;
  shape.formula_guard = true;
  if (is_rather_gb18030(head)) shape.encoding = TextEncoding::gb18030;
  std::string_view line = head.substr(0, head.find('\n'));
  auto count = [&](char c) { return std::ranges::count(line, c); };
  for (char c : {';', '\t'}) {
    if (count(c) > count(shape.delimiter)) shape.delimiter = c;
  }
  return shape;
}

Result<ProposedMapping> propose_mapping(TableKind kind, const TableShape& shape, const TableSample& sample, bool keep) {
  Proposal found = match_columns(kind, sample.columns);
  if (kind == TableKind::records) settle_person(found, sample.columns);
  if (auto missing = missing_column(kind, found)) return Error(ErrorCode::invalid, *missing);
  std::string out = "name: " + std::string(table_kind_name(kind)) + "\n";
  if (kind == TableKind::records) out += "kind: records\n";
  out += shape_yaml(shape);
  if (kind == TableKind::records) {
    out += "fields:\n" + members_yaml(kind, found, sample, "  ");
  } else {
    auto event = event_yaml(kind, found, sample);
    if (!event) return event.error();
    out += *event;
  }
  auto unused = unused_columns(found, sample.columns);
  if (!unused.empty()) {
    bool traits = keep && kind == TableKind::records;
    out += traits ? "traits:\n" : "# not used:\n";
    for (const std::string& column : unused) {
      if (traits) out += "  " + quoted_yaml(column) + ": {column: " + quoted_yaml(column) + "}\n";
      if (!traits) out += "#   " + quoted_yaml(column) + "\n";
    }
  }
  return ProposedMapping{std::move(out), found.size()};
}

}  // namespace tributary
