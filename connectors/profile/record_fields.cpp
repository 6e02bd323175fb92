#include "connectors/profile/record_fields.h"

#include <algorithm>
#include <array>

namespace tributary {
namespace {

// Of events, and beside the fields of a record.
constexpr std::array<std::string_view, 2> kOtherNames = {"annual_budget_minor", "currency"};

}  // namespace

bool is_record_member(std::string_view name) {
  return find_record_field(name) || std::ranges::find(kOtherNames, name) != kOtherNames.end();
}

std::optional<std::string_view> said_value(const FactSaid& said, RecordField field) {
  auto found = std::ranges::find(said.values, static_cast<uint8_t>(field), &FactSaid::Value::field);
  return found == said.values.end() ? std::nullopt : std::optional<std::string_view>(found->text);
}

bool says_value(const FactSaid& said, RecordField field) { return !said_value(said, field).value_or("").empty(); }

std::vector<RecordMistake> refused_fields(const FactSaid& said) {
  std::vector<RecordMistake> mistakes;
  std::string_view rest = said_value(said, RecordField::codes).value_or("");
  while (!rest.empty()) {
    std::string_view entry = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    size_t colon = std::min(entry.find(':'), entry.size());
    auto field = find_record_field(entry.substr(0, colon));
    if (field && says_value(said, *field)) continue;
    mistakes.push_back(
        {std::string(entry.substr(0, colon)), std::string(entry.substr(std::min(colon + 1, entry.size())))});
  }
  return mistakes;
}

std::vector<RecordMistake> missing_fields(bool organisation, const std::function<bool(RecordField)>& lacks) {
  std::vector<RecordMistake> missing;
  auto add = [&](RecordField field) { missing.push_back({std::string(record_field_name(field)), "required_missing"}); };
  if (lacks(RecordField::name)) add(RecordField::name);
  if (organisation) {
    for (RecordField field : {RecordField::contact_name, RecordField::contact_phone}) {
      if (lacks(field)) add(field);
    }
  } else if (lacks(RecordField::phone) && lacks(RecordField::email)) {
    missing.push_back({"phone_or_email", "required_missing"});
  }
  return missing;
}

bool says_organisation(const FactSaid& said) {
  if (auto type = said_value(said, RecordField::customer_type)) return *type == "organisation";
  return says_value(said, RecordField::contact_name) || says_value(said, RecordField::contact_phone);
}

std::vector<Identifier> identifiers_in(const FactSaid& said, bool organisation) {
  std::vector<Identifier> identifiers;
  auto add = [&](RecordField field, IdentifierFamily family) {
    std::string_view value = said_value(said, field).value_or("");
    bool service_number = family == IdentifierFamily::phone && !value.starts_with('+');
    if (!value.empty() && !service_number)
      identifiers.push_back(Identifier::from_normalised({family, {}}, std::string(value)));
  };
  add(RecordField::uscc, IdentifierFamily::uscc);
  // The telephone of a company's contact is the company's as little as it is of others that he works for.
  if (!organisation) {
    add(RecordField::phone, IdentifierFamily::phone);
    add(RecordField::email, IdentifierFamily::email);
  }
  return identifiers;
}

}  // namespace tributary
