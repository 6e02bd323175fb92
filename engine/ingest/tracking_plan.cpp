#include "engine/ingest/tracking_plan.h"

#include <algorithm>

#include "engine/ingest/json_text.h"

namespace tributary {

std::string_view plan_act_name(PlanAct act) {
  switch (act) {
    case PlanAct::pass:
      return "pass";
    case PlanAct::strip:
      return "strip";
    case PlanAct::quarantine:
      return "quarantine";
  }
  return {};
}

std::string without_members(const JsonValue& properties, const std::vector<SchemaFault>& faults) {
  if (faults.size() >= kSchemaFaultsMax) return "{}";
  std::vector<std::string_view> left_out;
  for (const SchemaFault& fault : faults) {
    if (!fault.path.empty()) left_out.push_back(fault.member);
  }
  std::sort(left_out.begin(), left_out.end());
  std::string text = "{";
  std::string scratch;
  for_each_member(properties, [&](const JsonValue& key, const JsonValue& value) {
    if (std::binary_search(left_out.begin(), left_out.end(), key.text(scratch))) return;
    if (text.size() > 1) text += ',';
    text += key.raw();
    text += ':';
    text += value.raw();
  });
  return text + '}';
}

std::string describe_faults(std::string_view event_name, const std::vector<SchemaFault>& faults) {
  const SchemaFault& first = faults.front();
  std::string text(event_name);
  text += first.path.empty() ? ": properties " : ": " + quoted_for_message(first.path.substr(1)) + " ";
  text += first.message;
  if (faults.size() > 1) text += " (and " + std::to_string(faults.size() - 1) + " more)";
  return text;
}

}  // namespace tributary
