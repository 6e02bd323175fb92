// One row per customer.
#include <algorithm>

#include "engine/base/decimal.h"
#include "engine/base/json_out.h"
#include "engine/domain/channel.h"
#include "engine/ingest/vocabulary.h"
#include "engine/profile/status.h"
#include "engine/query/sql/table.h"

namespace tributary {
namespace {

using enum RecordField;
using CellResult = Result<SqlValue>;
using CustomerColumn = SqlListColumn<SqlCustomer*>;

template <RecordField FieldOf>
CellResult record_text(SqlCustomer* const& customer) {
  auto record = customer->record();
  if (!record) return record.error();
  return *record != nullptr ? sql_text((*record)->text(FieldOf)) : SqlValue();
}

/// The member of a record that `MemberOf` gives.
template <auto MemberOf>
CellResult of_record(SqlCustomer* const& customer) {
  auto record = customer->record();
  if (!record) return record.error();
  return *record != nullptr ? MemberOf(**record, *customer) : SqlValue();
}

template <auto MemberOf>
CellResult of_value(SqlCustomer* const& customer) {
  auto value = customer->value();
  if (!value) return value.error();
  return MemberOf(**value);
}

template <auto MemberOf>
CellResult of_scores(SqlCustomer* const& customer) {
  auto value = customer->value();
  if (!value) return value.error();
  return (*value)->rfm ? MemberOf(*(*value)->rfm) : SqlValue();
}

template <auto MemberOf>
CellResult of_talks(SqlCustomer* const& customer) {
  auto figures = customer->talk_figures();
  if (!figures) return figures.error();
  return MemberOf(**figures);
}

template <auto MemberOf>
CellResult of_surveys(SqlCustomer* const& customer) {
  auto figures = customer->surveys();
  if (!figures) return figures.error();
  return MemberOf(**figures);
}

template <auto MemberOf>
CellResult of_profile(SqlCustomer* const& customer) {
  auto profile = customer->profile();
  if (!profile) return profile.error();
  return MemberOf(**profile);
}

SqlValue real_or_null(const std::optional<Decimal>& number) {
  return number ? SqlValue(std::stod(to_text(*number))) : SqlValue();
}

SqlValue digits_or_null(std::string_view digits) {
  return digits.empty() ? SqlValue() : SqlValue(static_cast<int64_t>(std::stoll(std::string(digits))));
}

// `10000000 CNY`.
SqlValue budget_minor(const CustomerRecord& record, SqlCustomer&) {
  std::string_view budget = record.text(annual_budget);
  return digits_or_null(budget.substr(0, budget.find(' ')));
}

SqlValue budget_currency(const CustomerRecord& record, SqlCustomer&) {
  std::string_view budget = record.text(annual_budget);
  return budget.empty() ? SqlValue() : sql_text(budget.substr(budget.find(' ') + 1));
}

CellResult customer_id_cell(SqlCustomer* const& customer) { return SqlValue(customer->id()); }

CellResult grade_cell(SqlCustomer* const& customer) {
  auto profile = customer->profile();
  if (!profile) return profile.error();
  auto record = customer->record();
  if (!record) return record.error();
  bool known = std::ranges::any_of((*profile)->identifiers, names_a_person);
  return SqlValue(std::string(record_grade(*record != nullptr, known)));
}

/// Of whom nothing was ever said that a status follows from, it is missing.
Result<const CustomerStatus*> known_status(SqlCustomer& customer) {
  auto record = customer.record();
  if (!record) return record.error();
  auto status = customer.status();
  if (!status) return status.error();
  return *record == nullptr && !(*status)->since ? nullptr : *status;
}

CellResult status_cell(SqlCustomer* const& customer) {
  auto status = known_status(*customer);
  if (!status) return status.error();
  return *status != nullptr ? SqlValue(std::string(status_name((*status)->current))) : SqlValue();
}

CellResult status_since_cell(SqlCustomer* const& customer) {
  auto status = known_status(*customer);
  if (!status) return status.error();
  return *status != nullptr ? sql_time_or_null((*status)->since) : SqlValue();
}

CellResult preferred_channel_cell(SqlCustomer* const& customer) {
  auto record = customer->record();
  if (!record) return record.error();
  auto preferences = customer->preferences();
  if (!preferences) return preferences.error();
  auto talks = customer->talks();
  if (!talks) return talks.error();
  return sql_text(tributary::preferred_channel(*record, **preferences, **talks, customer->statement().query.now));
}

CellResult product_focus_cell(SqlCustomer* const& customer) {
  auto preferences = customer->preferences();
  if (!preferences) return preferences.error();
  return sql_text(product_focus(**preferences));
}

CellResult open_tickets_cell(SqlCustomer* const& customer) {
  auto tickets = customer->tickets();
  if (!tickets) return tickets.error();
  return SqlValue(static_cast<int64_t>(ticket_figures(**tickets, customer->statement().query.rules.zone).open));
}

CellResult complaints_cell(SqlCustomer* const& customer) {
  auto tickets = customer->tickets();
  if (!tickets) return tickets.error();
  return SqlValue(static_cast<int64_t>(ticket_figures(**tickets, customer->statement().query.rules.zone).complaints));
}

SqlValue channels_json(const ProfileView& profile) {
  std::string text;
  JsonOut json(text);
  json.begin_array();
  for (const std::string& channel : profile.channels) json.string(channel);
  json.end_array();
  return text;
}

SqlValue traits_object(const ProfileView& profile) {
  std::string text;
  JsonOut json(text);
  json.begin_object();
  for (const TraitView& trait : profile.traits) json.key(trait.key).raw(trait.value_json);
  json.end_object();
  return text;
}

SqlValue seen_or_null(Timestamp time) { return time == Timestamp{} ? SqlValue() : SqlValue(sql_time(time)); }

SqlValue churn_ratio(const CustomerValue& value) {
  constexpr double kHundred = 100;
  return value.expected_gap_halves ? SqlValue(static_cast<double>(value.churn_ratio_hundredths()) / kHundred)
                                   : SqlValue();
}

SqlValue expected_gap_days(const CustomerValue& value) {
  return value.expected_gap_halves ? SqlValue(static_cast<double>(*value.expected_gap_halves) / 2) : SqlValue();
}

constexpr Term kLifecycleLabels[] = {
    {"acquisition", "获客期", ""}, {"growth", "成长期", ""}, {"mature", "成熟期", ""}, {"decline", "衰退期", ""}};
constexpr Term kChurnLabels[] = {{"none", "无", ""}, {"low", "低", ""}, {"medium", "中", ""}, {"high", "高", ""}};
constexpr Term kRegionLabels[] = {{"north_china", "华北", ""},     {"northeast_china", "东北", ""},
                                  {"east_china", "华东", ""},      {"central_china", "华中", ""},
                                  {"south_china", "华南", ""},     {"southwest_china", "西南", ""},
                                  {"northwest_china", "西北", ""}, {"hong_kong_macao_taiwan", "港澳台", ""}};

std::span<const Term> lifecycle_labels() { return kLifecycleLabels; }
std::span<const Term> churn_labels() { return kChurnLabels; }
std::span<const Term> region_labels() { return kRegionLabels; }

/// The Chinese label of the code in another cell; what has none stays as it is.
template <auto CellOf, auto TermsOf>
CellResult labelled(SqlCustomer* const& customer) {
  CellResult cell = CellOf(customer);
  const auto* code = cell ? std::get_if<std::string>(&*cell) : nullptr;
  if (code == nullptr) return cell;
  for (const Term& term : TermsOf()) {
    if (term.code == *code) return SqlValue(std::string(term.label));
  }
  return cell;
}

CellResult channel_label(SqlCustomer* const& customer) {
  CellResult cell = preferred_channel_cell(customer);
  const auto* code = cell ? std::get_if<std::string>(&*cell) : nullptr;
  const Channel* channel = code != nullptr ? find_channel(*code) : nullptr;
  return channel != nullptr ? SqlValue(std::string(channel->label)) : cell;
}

constexpr auto kRegionOf = [](const CustomerRecord& record, SqlCustomer&) { return sql_text(record.region()); };
constexpr auto kSizeOf = [](const CustomerRecord& record, SqlCustomer&) { return sql_text(record.size()); };
constexpr auto kLifecycleOf = [](const CustomerValue& value) {
  return sql_text(lifecycle_stage_name(value.lifecycle));
};
constexpr auto kChurnOf = [](const CustomerValue& value) { return sql_text(churn_band_name(value.churn_band)); };
constexpr auto kOrdersCountOf = [](const CustomerValue& value) {
  return SqlValue(static_cast<int64_t>(value.orders_count));
};
constexpr auto kRevenueOf = [](const CustomerValue& value) { return sql_integer(value.revenue_minor); };
constexpr auto kAverageOf = [](const CustomerValue& value) { return SqlValue(value.aov_minor); };
constexpr auto kLastOrderOf = [](const CustomerValue& value) { return sql_time_or_null(value.last_order_at); };
constexpr auto kCompletenessOf = [](const CustomerRecord& record, SqlCustomer&) {
  return SqlValue(static_cast<int64_t>(record.completeness));
};

SqlColumn text_column(std::string_view name) { return {name, "TEXT"}; }
SqlColumn folded_column(std::string_view name) { return {.name = name, .folded = true}; }
SqlColumn whole_column(std::string_view name) { return {name, "INTEGER"}; }
SqlColumn real_column(std::string_view name) { return {name, "REAL"}; }
SqlColumn chinese_column(std::string_view name) { return {.name = name, .folded = true, .hidden = true}; }
SqlColumn chinese_number(std::string_view name) { return {.name = name, .type = "INTEGER", .hidden = true}; }

std::vector<CustomerColumn> record_columns() {
  return {
      {text_column("customer_id"), customer_id_cell},
      {text_column("customer_type"), of_record<[](const CustomerRecord& record, SqlCustomer&) {
         return sql_text(record.organisation ? "organisation" : "person");
       }>},
      {text_column("record_grade"), grade_cell},
      {text_column("customer_no"), record_text<customer_no>},
      {folded_column("name"), record_text<name>},
      {text_column("industry"), record_text<industry>},
      {folded_column("industry_detail"), record_text<industry_detail>},
      {text_column("enterprise_type"), record_text<enterprise_type>},
      {text_column("size"), of_record<kSizeOf>},
      {whole_column("employee_count"), of_record<[](const CustomerRecord& record, SqlCustomer&) {
         return digits_or_null(record.text(employee_count));
       }>},
      {text_column("region"), of_record<kRegionOf>},
      {folded_column("province"), record_text<province>},
      {folded_column("city"), record_text<city>},
      {folded_column("district"), record_text<district>},
      {folded_column("address"), record_text<address>},
      {folded_column("contact_name"), record_text<contact_name>},
      {folded_column("contact_title"), record_text<contact_title>},
      {text_column("contact_phone"), record_text<contact_phone>},
      {text_column("phone"), record_text<phone>},
      {folded_column("email"), record_text<email>},
      {text_column("gender"), record_text<gender>},
      {text_column("birthday"), record_text<birthday>},
      {folded_column("occupation"), record_text<occupation>},
      {text_column("marital_status"), record_text<marital_status>},
      {folded_column("income_band"), record_text<income_band>},
      {folded_column("education"), record_text<education>},
      {text_column("risk_tolerance"), record_text<risk_tolerance>},
      {text_column("source"), record_text<source>},
      {text_column("first_contact_date"), record_text<first_contact_date>},
      {folded_column("owner"), record_text<owner>},
      {whole_column("annual_budget_minor"), of_record<budget_minor>},
      {text_column("annual_budget_currency"), of_record<budget_currency>},
      {text_column("cooperation_since"), record_text<cooperation_since>},
      {text_column("uscc"), record_text<uscc>},
      {text_column("founded_on"), record_text<founded_on>},
      {folded_column("business_scope"), record_text<business_scope>},
      {text_column("status"), status_cell},
      {text_column("status_since"), status_since_cell},
      {whole_column("completeness"), of_record<kCompletenessOf>},
      {text_column("completion_state"), of_record<[](const CustomerRecord& record, SqlCustomer&) {
         return sql_text(completion_state_name(record.completion));
       }>},
      {text_column("budget_band"),
       of_record<[](const CustomerRecord& record, SqlCustomer&) { return sql_text(record.budget_band()); }>},
      {text_column("cooperation_band"), of_record<[](const CustomerRecord& record, SqlCustomer& customer) {
         return sql_text(
             record.cooperation_band(customer.statement().query.rules.zone, customer.statement().query.now));
       }>},
      {text_column("created_at"),
       of_record<[](const CustomerRecord& record, SqlCustomer&) { return SqlValue(sql_time(record.created_at)); }>},
      {text_column("updated_at"),
       of_record<[](const CustomerRecord& record, SqlCustomer&) { return SqlValue(sql_time(record.updated_at)); }>},
      {text_column("version"),
       of_record<[](const CustomerRecord& record, SqlCustomer&) { return sql_text(record.version()); }>},
  };
}

std::vector<CustomerColumn> value_columns() {
  return {
      {text_column("lifecycle"), of_value<kLifecycleOf>},
      {text_column("lifecycle_since"),
       of_value<[](const CustomerValue& value) { return sql_time_or_null(value.lifecycle_since); }>},
      {whole_column("orders_count"), of_value<kOrdersCountOf>},
      {whole_column("orders_365d"),
       of_value<[](const CustomerValue& value) { return SqlValue(static_cast<int64_t>(value.orders_365d)); }>},
      {whole_column("revenue_minor"), of_value<kRevenueOf>},
      {whole_column("revenue_365d_minor"),
       of_value<[](const CustomerValue& value) { return sql_integer(value.revenue_365d_minor); }>},
      {whole_column("refunds_minor"),
       of_value<[](const CustomerValue& value) { return sql_integer(value.refunds_minor); }>},
      {whole_column("aov_minor"), of_value<kAverageOf>},
      {text_column("first_order_at"),
       of_value<[](const CustomerValue& value) { return sql_time_or_null(value.first_order_at); }>},
      {text_column("last_order_at"), of_value<kLastOrderOf>},
      {text_column("currency"), of_value<[](const CustomerValue& value) { return sql_text(value.currency); }>},
      {whole_column("r_days"), of_scores<[](const RfmScores& rfm) { return SqlValue(rfm.r_days); }>},
      {whole_column("f_count"),
       of_scores<[](const RfmScores& rfm) { return SqlValue(static_cast<int64_t>(rfm.f_count)); }>},
      {whole_column("m_minor"), of_scores<[](const RfmScores& rfm) { return sql_integer(rfm.m_minor); }>},
      {whole_column("r_score"), of_scores<[](const RfmScores& rfm) { return SqlValue(int64_t{rfm.r_score}); }>},
      {whole_column("f_score"), of_scores<[](const RfmScores& rfm) { return SqlValue(int64_t{rfm.f_score}); }>},
      {whole_column("m_score"), of_scores<[](const RfmScores& rfm) { return SqlValue(int64_t{rfm.m_score}); }>},
      {whole_column("aov_score"), of_scores<[](const RfmScores& rfm) { return SqlValue(int64_t{rfm.aov_score}); }>},
      {text_column("rfm_cell"), of_scores<[](const RfmScores& rfm) { return sql_text(rfm.cell()); }>},
      {text_column("rfm_group"), of_scores<[](const RfmScores& rfm) { return sql_text(rfm.group()); }>},
      {real_column("expected_gap_days"), of_value<expected_gap_days>},
      {real_column("churn_ratio"), of_value<churn_ratio>},
      {text_column("churn_band"), of_value<kChurnOf>},
      {text_column("repeat_band"), of_value<[](const CustomerValue& value) { return sql_text(value.repeat_band()); }>},
  };
}

std::vector<CustomerColumn> behaviour_columns() {
  return {
      {text_column("channels"), of_profile<channels_json>},
      {text_column("preferred_channel"), preferred_channel_cell},
      {text_column("product_focus"), product_focus_cell},
      {text_column("interaction_level"),
       of_talks<[](const InteractionFigures& talks) { return sql_text(talks.level()); }>},
      {whole_column("interactions_30d"),
       of_talks<[](const InteractionFigures& talks) { return SqlValue(static_cast<int64_t>(talks.count_30d)); }>},
      {text_column("last_interaction_at"),
       of_talks<[](const InteractionFigures& talks) { return sql_time_or_null(talks.last_at); }>},
      {text_column("last_feedback"),
       of_talks<[](const InteractionFigures& talks) { return sql_text(talks.last_feedback); }>},
      {text_column("next_action_due"),
       of_talks<[](const InteractionFigures& talks) { return sql_time_or_null(talks.next_due); }>},
      {whole_column("open_tickets"), open_tickets_cell},
      {whole_column("complaints"), complaints_cell},
      {whole_column("nps_last"),
       of_surveys<[](const SurveyFigures& surveys) { return sql_integer_or_null(surveys.nps_last); }>},
      {real_column("csat_avg_90d"),
       of_surveys<[](const SurveyFigures& surveys) { return real_or_null(surveys.csat_avg_90d); }>},
      {real_column("sentiment_avg_90d"),
       of_surveys<[](const SurveyFigures& surveys) { return real_or_null(surveys.sentiment_avg_90d); }>},
      {whole_column("negative_count_90d"), of_surveys<[](const SurveyFigures& surveys) {
         return SqlValue(static_cast<int64_t>(surveys.negative_count_90d));
       }>},
      {whole_column("events"),
       of_profile<[](const ProfileView& profile) { return SqlValue(static_cast<int64_t>(profile.events)); }>},
      {text_column("first_seen_at"),
       of_profile<[](const ProfileView& profile) { return seen_or_null(profile.first_seen); }>},
      {text_column("last_seen_at"),
       of_profile<[](const ProfileView& profile) { return seen_or_null(profile.last_seen); }>},
      {text_column("traits"), of_profile<traits_object>},
  };
}

std::vector<CustomerColumn> chinese_columns() {
  return {
      {chinese_column("客户编号"), record_text<customer_no>},
      {chinese_column("客户名称"), record_text<name>},
      {chinese_column("行业"), labelled<record_text<industry>, industries>},
      {chinese_column("规模"), labelled<of_record<kSizeOf>, company_sizes>},
      {chinese_column("企业类型"), labelled<record_text<enterprise_type>, enterprise_types>},
      {chinese_column("地区"), labelled<of_record<kRegionOf>, region_labels>},
      {chinese_column("省份"), record_text<province>},
      {chinese_column("城市"), record_text<city>},
      {chinese_column("联系人"), record_text<contact_name>},
      {chinese_column("职位"), record_text<contact_title>},
      {chinese_column("客户来源"), labelled<record_text<source>, customer_sources>},
      {chinese_column("首次接触"), record_text<first_contact_date>},
      {chinese_column("客户状态"), labelled<status_cell, customer_statuses>},
      {chinese_column("负责人"), record_text<owner>},
      {chinese_number("年预算_分"), of_record<budget_minor>},
      {chinese_column("生命周期"), labelled<of_value<kLifecycleOf>, lifecycle_labels>},
      {chinese_number("订单数"), of_value<kOrdersCountOf>},
      {chinese_number("消费额_分"), of_value<kRevenueOf>},
      {chinese_number("客单价_分"), of_value<kAverageOf>},
      {chinese_column("流失风险"), labelled<of_value<kChurnOf>, churn_labels>},
      {chinese_column("最近下单"), of_value<kLastOrderOf>},
      {chinese_number("完整率"), of_record<kCompletenessOf>},
      {chinese_column("渠道偏好"), channel_label},
  };
}

struct CustomerRows {
  using Row = SqlCustomer*;
  static Result<void> find(SqlCustomers& customers, std::span<const SqlBound> bounds) {
    return find_by_customer_id(customers, bounds, 0);
  }
  static Result<void> load(SqlCustomer& customer, std::vector<Row>& rows) {
    rows.push_back(&customer);
    return {};
  }
  static const std::vector<CustomerColumn>& columns() {
    static const std::vector<CustomerColumn> kColumns = [] {
      std::vector<CustomerColumn> all;
      for (auto part : {record_columns(), value_columns(), behaviour_columns(), chinese_columns()}) {
        all.insert(all.end(), part.begin(), part.end());
      }
      return all;
    }();
    return kColumns;
  }
};

}  // namespace

SqlTable customers_table() { return list_table<CustomerRows>("customers", {{0}}); }

}  // namespace tributary
