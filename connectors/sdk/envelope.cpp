#include "connectors/sdk/envelope.h"

#include <charconv>

namespace tributary {
namespace {

void append_number(std::string& out, size_t number) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

void append_item_error(std::string& out, std::string_view place_name, uint64_t place, const Rejected& rejected) {
  const RejectionRow& row = rejection_row(rejected.code);
  JsonOut json(out);
  json.begin_object().key(place_name).unsigned_number(place).key("code").string(row.name);
  json.key("message").string(rejected.message.empty() ? row.message : rejected.message);
  json.key("path").string(rejected.path).end_object();
}

ItemErrors item_errors(const std::vector<ParsedItem>& items, size_t listed_max) {
  ItemErrors errors;
  for (size_t index = 0; index < items.size(); ++index) {
    const auto* rejected = std::get_if<Rejected>(&items[index]);
    if (rejected == nullptr) continue;
    if (errors.codes.empty()) errors.first_message = rejected->message;
    errors.codes.push_back(rejected->code);
    if (errors.listed == listed_max) continue;
    if (errors.listed++ > 0) errors.json += ',';
    append_item_error(errors.json, "index", index, *rejected);
  }
  return errors;
}

OutcomeCounts count_outcomes(const std::vector<ItemOutcome>& outcomes) {
  OutcomeCounts counts;
  for (ItemOutcome outcome : outcomes) {
    counts.accepted += outcome == ItemOutcome::accepted;
    counts.duplicate += outcome == ItemOutcome::duplicate;
    counts.rejected += outcome == ItemOutcome::rejected;
  }
  return counts;
}

std::string success_envelope(const OutcomeCounts& counts, const ItemErrors& errors) {
  std::string out;
  out.reserve(160 + errors.json.size());
  out += R"({"success":true,"accepted":)";
  append_number(out, counts.accepted);
  out += R"(,"duplicate":)";
  append_number(out, counts.duplicate);
  out += R"(,"rejected":)";
  append_number(out, counts.rejected);
  out += R"(,"errors":[)";
  out += errors.json;
  out += ']';
  if (errors.codes.size() > errors.listed) out += R"(,"errors_truncated":true)";
  out += '}';
  return out;
}

}  // namespace tributary
