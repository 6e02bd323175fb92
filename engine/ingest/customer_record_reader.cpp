#include "engine/ingest/customer_record_reader.h"

#include <array>

#include "engine/base/money.h"
#include "engine/domain/customer_record.h"
#include "engine/ingest/channel.h"
#include "engine/ingest/place_holder.h"
#include "engine/ingest/record_value.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

using enum RecordField;

constexpr size_t kNameCharactersMax = 200;
constexpr size_t kContactCharactersMax = 60;
constexpr size_t kPlaceCharactersMax = 100;
constexpr size_t kLongCharactersMax = 1000;
constexpr size_t kActorBytesMax = 200;
constexpr std::string_view kDefaultCurrency = "CNY";

/// What reading one field needs to know of its event.
struct FieldContext {
  const FactProperties& properties;
  Timestamp received_at;
};

using ReadField = RecordValue (*)(std::string_view text, const FieldContext& context);

template <size_t CharactersMax>
RecordValue plain_name(std::string_view text, const FieldContext&) {
  return name_value(text, CharactersMax);
}

template <size_t CharactersMax>
RecordValue free_text(std::string_view text, const FieldContext&) {
  return free_text_value(text, CharactersMax);
}

template <std::span<const Term> (*Terms)()>
RecordValue one_of(std::string_view text, const FieldContext&) {
  auto code = find_code(Terms(), text);
  return code ? RecordValue::of(std::string(*code)) : RecordValue::refused("enum_unknown");
}

RecordValue channel_said(std::string_view text, const FieldContext&) {
  const Channel* channel = channel_named(text);
  return channel != nullptr ? RecordValue::of(std::string(channel->code)) : RecordValue::refused("enum_unknown");
}

RecordValue status_said(std::string_view text, const FieldContext& context) {
  if (is_vague_status(text)) return RecordValue::refused("status_vague");
  return one_of<customer_statuses>(text, context);
}

RecordValue date_said(std::string_view text, const FieldContext& context) {
  return date_value(text, context.received_at);
}

RecordValue birthday_said(std::string_view text, const FieldContext& context) {
  return birthday_value(text, context.received_at);
}

RecordValue phone_said(std::string_view text, const FieldContext& context) {
  return phone_value(text, context.properties.source().default_country);
}

RecordValue email_said(std::string_view text, const FieldContext&) { return email_value(text); }
RecordValue count_said(std::string_view text, const FieldContext&) { return count_value(text); }
RecordValue credit_code_said(std::string_view text, const FieldContext&) { return credit_code_value(text); }
RecordValue customer_no_said(std::string_view text, const FieldContext&) { return customer_no_value(text); }

std::string currency_of(const FieldContext& context) {
  auto code = parse_currency(context.properties.text("currency", 10));
  return code && minor_unit_digits(*code) ? *code : std::string(kDefaultCurrency);
}

RecordValue budget_said(std::string_view text, const FieldContext& context) {
  return money_value(text, currency_of(context));
}

/// `制造业-汽车零部件`: the part behind the industry is read as industry_detail.
struct Industry {
  std::string_view main, detail;
};
Industry divided_industry(std::string_view text) {
  if (find_code(industries(), text)) return {text, {}};
  for (std::string_view separator : {"-", "－", "—", "–", "/", "·", ":", "："}) {
    size_t at = text.find(separator);
    if (at == text.npos) continue;
    std::string_view main = text.substr(0, at);
    if (find_code(industries(), main)) return {main, trim_white_space(text.substr(at + separator.size()))};
  }
  return {text, {}};
}

RecordValue industry_said(std::string_view text, const FieldContext& context) {
  return one_of<industries>(divided_industry(text).main, context);
}

struct FieldReader {
  RecordField field;
  ReadField read;
};

// In the order of the numbers of the fields.
constexpr std::array kFieldReaders = {
    FieldReader{customer_type, one_of<customer_types>},
    FieldReader{customer_no, customer_no_said},
    FieldReader{name, plain_name<kNameCharactersMax>},
    FieldReader{industry, industry_said},
    FieldReader{industry_detail, free_text<kPlaceCharactersMax>},
    FieldReader{size, one_of<company_sizes>},
    FieldReader{employee_count, count_said},
    FieldReader{enterprise_type, one_of<enterprise_types>},
    FieldReader{contact_name, plain_name<kContactCharactersMax>},
    FieldReader{contact_title, free_text<kContactCharactersMax>},
    FieldReader{contact_phone, phone_said},
    FieldReader{phone, phone_said},
    FieldReader{email, email_said},
    FieldReader{address, free_text<kLongCharactersMax>},
    FieldReader{province, plain_name<kPlaceCharactersMax>},
    FieldReader{city, plain_name<kPlaceCharactersMax>},
    FieldReader{district, plain_name<kPlaceCharactersMax>},
    FieldReader{source, one_of<customer_sources>},
    FieldReader{first_contact_date, date_said},
    FieldReader{status, status_said},
    FieldReader{owner, free_text<kPlaceCharactersMax>},
    FieldReader{annual_budget, budget_said},
    FieldReader{cooperation_since, date_said},
    FieldReader{preferred_channel, channel_said},
    FieldReader{gender, one_of<genders>},
    FieldReader{birthday, birthday_said},
    FieldReader{occupation, free_text<kContactCharactersMax>},
    FieldReader{marital_status, one_of<marital_statuses>},
    FieldReader{income_band, free_text<kContactCharactersMax>},
    FieldReader{education, free_text<kContactCharactersMax>},
    FieldReader{risk_tolerance, one_of<risk_tolerances>},
    FieldReader{uscc, credit_code_said},
    FieldReader{founded_on, date_said},
    FieldReader{business_scope, free_text<kLongCharactersMax>},
};

/// The fields of one save, as they are read.
class RecordReader {
 public:
  RecordReader(const FactProperties& properties, Timestamp received_at) : context_{properties, received_at} {}

  void read_all() {
    for (const FieldReader& reader : kFieldReaders) read(reader);
  }

  /// Empty when it was not said, was refused, or is cleared.
  std::string_view text(RecordField field) const {
    for (const FactSaid::Value& value : values_) {
      if (value.field == static_cast<uint8_t>(field)) return value.text;
    }
    return {};
  }

  bool said_anything() const { return !values_.empty() || !codes_.empty(); }
  const std::string& codes() const { return codes_; }
  std::vector<FactSaid::Value> take_values() { return std::move(values_); }

 private:
  void read(const FieldReader& reader) {
    JsonValue said = context_.properties.find(record_field_name(reader.field));
    if (reader.field == annual_budget && said.is(JsonKind::absent)) return read_minor_budget();
    if (said.is(JsonKind::absent)) return read_from_industry(reader.field);
    if (said.is(JsonKind::null)) return clear(reader.field);
    if (!said.is(JsonKind::string) && !said.is(JsonKind::number)) return note(reader.field, {{}, "text_invalid"});
    std::string scratch;
    std::string_view text = trim_white_space(said.text(scratch));
    if (text.empty()) return;
    if (is_place_holder(text)) return add_code(reader.field, "placeholder_value");
    note(reader.field, reader.read(text, context_));
  }

  void read_minor_budget() {
    JsonValue said = context_.properties.find("annual_budget_minor");
    if (said.is(JsonKind::null)) return clear(annual_budget);
    std::string scratch;
    if (!said.missing()) note(annual_budget, minor_money_value(said.text(scratch), currency_of(context_)));
  }

  void read_from_industry(RecordField field) {
    if (field != industry_detail) return;
    std::string whole = context_.properties.text(record_field_name(industry), kLongCharactersMax);
    std::string_view detail = divided_industry(whole).detail;
    if (!detail.empty()) note(field, free_text_value(detail, kPlaceCharactersMax));
  }

  void clear(RecordField field) {
    if (field == name || field == customer_type) return note(field, RecordValue::refused("required_missing"));
    if (field == status) return note(field, RecordValue::refused("approval_needed"));
    if (field == customer_no) return note(field, RecordValue::refused("customer_no_format"));
    values_.push_back({static_cast<uint8_t>(field), {}});
  }

  void note(RecordField field, RecordValue value) {
    if (!value.code.empty()) add_code(field, value.code);
    if (value.value.empty()) return context_.properties.note_wrong();
    values_.push_back({static_cast<uint8_t>(field), std::move(value.value)});
  }

  void add_code(RecordField field, std::string_view code) {
    if (!codes_.empty()) codes_ += ' ';
    codes_.append(record_field_name(field)).append(1, ':').append(code);
  }

  FieldContext context_;
  std::vector<FactSaid::Value> values_;
  std::string codes_;
};

/// Of a save that does not say so: what only an organisation has makes it one.
std::string_view type_of(const RecordReader& record) {
  if (std::string_view said = record.text(customer_type); !said.empty()) return said;
  for (RecordField field : {contact_name, contact_phone, size, enterprise_type, uscc, employee_count}) {
    if (!record.text(field).empty()) return "organisation";
  }
  return "person";
}

bool is_whole(const RecordReader& record, bool organisation) {
  auto has = [&](RecordField field) { return !record.text(field).empty(); };
  if (!has(name)) return false;
  return organisation ? has(contact_name) && has(contact_phone) : has(phone) || has(email);
}

bool is_entitled(const FactProperties& properties) {
  if (properties.source().trust == SourceTrust::server) return true;
  properties.note_wrong();
  return false;
}

FactSaid record_said(RecordAct act, std::string codes_noted, const FactProperties& properties) {
  FactSaid fact;
  fact.kind = FactKind::record;
  fact.act = static_cast<uint8_t>(act);
  fact.values = FactValues()
                    .add(codes, std::move(codes_noted))
                    .add(actor, properties.text("actor", kActorBytesMax))
                    .add(source_kind, properties.code("source_kind", record_source_kinds()))
                    .take();
  return fact;
}

}  // namespace

void read_customer_record_saved(const FactProperties& properties, Event& event) {
  if (!is_entitled(properties)) return;
  bool partial = properties.truth("partial").value_or(false);
  RecordReader record(properties, event.received_at);
  record.read_all();
  std::string_view type = type_of(record);
  bool complete = partial ? record.said_anything() : is_whole(record, type == "organisation");
  if (!complete) return properties.note_missing();
  FactSaid fact = record_said(partial ? RecordAct::changed : RecordAct::saved, record.codes(), properties);
  if (!partial && record.text(customer_type).empty()) {
    fact.values.push_back({static_cast<uint8_t>(customer_type), std::string(type)});
  }
  for (FactSaid::Value& value : record.take_values()) fact.values.push_back(std::move(value));
  event.facts.push_back(std::move(fact));
}

void read_owner_changed(const FactProperties& properties, Event& event) {
  if (!is_entitled(properties)) return;
  std::string to = properties.text("to", kActorBytesMax);
  if (to.empty()) return properties.note_missing();
  FactSaid fact = record_said(RecordAct::changed, {}, properties);
  fact.values.push_back({static_cast<uint8_t>(owner), std::move(to)});
  event.facts.push_back(std::move(fact));
}

}  // namespace tributary
