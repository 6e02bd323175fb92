#include "engine/ingest/fact_properties.h"

#include <array>

#include "engine/base/decimal.h"
#include "engine/base/money.h"
#include "engine/ingest/place_holder.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

bool is_scalar(const JsonValue& value) { return value.is(JsonKind::string) || value.is(JsonKind::number); }

std::optional<Decimal> decimal_in(const JsonValue& value) {
  std::string scratch;
  return is_scalar(value) ? parse_amount(value.text(scratch)) : std::nullopt;
}

constexpr std::array kFeelings = {Term{"-1", "负面", "negative"}, Term{"0", "中性", "neutral"},
                                  Term{"1", "正面", "positive"}};

}  // namespace

JsonValue FactProperties::find(std::string_view name) const { return find_member(properties_, name); }

std::string FactProperties::text_of(const JsonValue& value, size_t bytes_max) const {
  if (value.missing()) return {};
  std::string scratch;
  std::string_view text = is_scalar(value) ? trim_white_space(value.text(scratch)) : std::string_view();
  if (!is_scalar(value) || text.size() > bytes_max) {
    note_wrong();
    return {};
  }
  return is_place_holder(text) ? std::string() : std::string(text);
}

std::string FactProperties::code(std::string_view name, std::span<const Term> terms) const {
  JsonValue value = find(name);
  if (value.missing()) return {};
  std::string scratch;
  auto code = is_scalar(value) ? find_code(terms, value.text(scratch)) : std::nullopt;
  if (!code) note_wrong();
  return std::string(code.value_or(""));
}

std::string FactProperties::number(std::string_view name) const {
  JsonValue value = find(name);
  if (value.missing()) return {};
  auto number = decimal_in(value);
  if (!number) note_wrong();
  return number ? to_text(*number) : std::string();
}

std::optional<bool> FactProperties::truth(std::string_view name) const {
  JsonValue value = find(name);
  if (value.missing()) return std::nullopt;
  if (value.is(JsonKind::boolean)) return value.raw() == "true";
  note_wrong();
  return std::nullopt;
}

std::string FactProperties::sentiment(std::string_view name) const {
  JsonValue value = find(name);
  if (value.missing()) return {};
  auto number = decimal_in(value);
  std::string scratch;
  if (!number && value.is(JsonKind::string)) {
    if (auto feeling = find_code(kFeelings, value.text(scratch))) number = parse_decimal(*feeling);
  }
  auto above = [](const Decimal& a) { return add(a, Decimal{-1, 0}).value_or(Decimal{1, 0}).digits > 0; };
  if (!number || above(*number) || above(negate(*number))) {
    note_wrong();
    return {};
  }
  return to_text(*number);
}

}  // namespace tributary
