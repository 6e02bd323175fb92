#include "engine/domain/customer_record.h"

#include <algorithm>
#include <array>

namespace tributary {
namespace {

using enum RecordField;

constexpr std::array kBaseFields = {customer_type,
                                    customer_no,
                                    name,
                                    industry,
                                    industry_detail,
                                    size,
                                    employee_count,
                                    enterprise_type,
                                    contact_name,
                                    contact_title,
                                    contact_phone,
                                    phone,
                                    email,
                                    address,
                                    province,
                                    city,
                                    district,
                                    source,
                                    first_contact_date,
                                    status,
                                    owner,
                                    annual_budget,
                                    cooperation_since,
                                    preferred_channel,
                                    gender,
                                    birthday,
                                    occupation,
                                    marital_status,
                                    income_band,
                                    education,
                                    risk_tolerance,
                                    uscc,
                                    founded_on,
                                    business_scope};

constexpr std::array<std::string_view, kBaseFields.size()> kBaseFieldNames = {"customer_type",
                                                                              "customer_no",
                                                                              "name",
                                                                              "industry",
                                                                              "industry_detail",
                                                                              "size",
                                                                              "employee_count",
                                                                              "enterprise_type",
                                                                              "contact_name",
                                                                              "contact_title",
                                                                              "contact_phone",
                                                                              "phone",
                                                                              "email",
                                                                              "address",
                                                                              "province",
                                                                              "city",
                                                                              "district",
                                                                              "source",
                                                                              "first_contact_date",
                                                                              "status",
                                                                              "owner",
                                                                              "annual_budget",
                                                                              "cooperation_since",
                                                                              "preferred_channel",
                                                                              "gender",
                                                                              "birthday",
                                                                              "occupation",
                                                                              "marital_status",
                                                                              "income_band",
                                                                              "education",
                                                                              "risk_tolerance",
                                                                              "uscc",
                                                                              "founded_on",
                                                                              "business_scope"};

}  // namespace

std::string_view record_field_name(RecordField field) {
  auto found = std::ranges::lower_bound(kBaseFields, field);
  if (found == kBaseFields.end() || *found != field) return "record";
  return kBaseFieldNames[static_cast<size_t>(found - kBaseFields.begin())];
}

std::optional<RecordField> find_record_field(std::string_view field_name) {
  auto found = std::ranges::find(kBaseFieldNames, field_name);
  if (found == kBaseFieldNames.end()) return std::nullopt;
  return kBaseFields[static_cast<size_t>(found - kBaseFieldNames.begin())];
}

std::span<const RecordField> record_fields() { return kBaseFields; }

int source_kind_rank(std::string_view source_kind) {
  if (source_kind == "staff") return 3;
  if (source_kind == "form") return 2;
  return source_kind == "import" ? 1 : 0;
}

}  // namespace tributary
