#include "engine/domain/computed_trait.h"

#include <array>

#include "engine/base/bytes.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

constexpr std::array<std::string_view, 10> kAggregateNames = {
    "count", "sum", "min", "max", "average", "first", "last", "most_frequent", "unique_count", "unique_list"};
constexpr std::array<std::string_view, 6> kTestNames = {"is", "is_not", "at_least", "at_most", "exists", "one_of"};

void put_texts(ByteWriter& out, const std::vector<std::string>& texts) {
  out.varint(texts.size());
  for (const std::string& text : texts) out.text(text);
}

}  // namespace

// Every part says its length, so that no two rules have one text.
Hash128 measure_of(const MeasureRule& rule) {
  std::string text;
  ByteWriter out(text);
  out.text("measure 1");
  out.u8(rule.workspace.has_value() ? 1 : 0);
  out.u32(rule.workspace ? rule.workspace->value() : 0);
  out.u8(static_cast<uint8_t>(rule.type));
  out.text(rule.name);
  out.varint(rule.where.size());
  for (const PropertyCondition& condition : rule.where) {
    put_texts(out, condition.path);
    out.text(test_name(condition.test));
    put_texts(out, condition.values);
  }
  put_texts(out, rule.value);
  if (rule.value_most) out.i64(*rule.value_most);
  return Hash128::from_bytes(sha256(text));
}

bool is_for(const ComputedTrait& trait, WorkspaceId workspace) {
  return !trait.rule.workspace || *trait.rule.workspace == workspace;
}

std::string_view aggregate_name(Aggregate aggregate) { return kAggregateNames.at(static_cast<size_t>(aggregate)); }

std::optional<Aggregate> parse_aggregate(std::string_view name) {
  for (size_t i = 0; i < kAggregateNames.size(); ++i) {
    if (kAggregateNames[i] == name) return static_cast<Aggregate>(i);
  }
  return std::nullopt;
}

std::string window_text(const TraitWindow& window) {
  if (window.kind == TraitWindow::Kind::all) return "all";
  if (window.kind == TraitWindow::Kind::days) return std::to_string(window.length) + "cd";
  return format_duration(window.length);
}

std::string_view test_name(PropertyCondition::Test test) { return kTestNames.at(static_cast<size_t>(test)); }

}  // namespace tributary
