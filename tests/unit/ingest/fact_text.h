// Facts of a parsed event, as tests read them.
#pragma once

#include <string>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {

inline std::unique_ptr<Outcome> tell(const std::string& event, const std::string& properties, Request request = {}) {
  request.shape = BodyShape::single;
  request.route_type = EventType::track;
  return parse_request(R"({"userId":"u","messageId":"m","event":")" + event + R"(","properties":{)" + properties + "}}",
                       request);
}

/// "3.1 t7 {1=fault 2=slow}; ...": kind, act, subject, values; then the flags, when there are any: " !16".
inline std::string fact_text(const Event& event) {
  std::string text;
  for (const FactSaid& fact : event.facts) {
    if (!text.empty()) text += "; ";
    text += std::to_string(static_cast<int>(fact.kind)) + "." + std::to_string(fact.act) + " " + fact.subject_text;
    std::string values;
    for (const FactSaid::Value& value : fact.values) {
      values += (values.empty() ? "" : " ") + std::to_string(value.field) + "=" + value.text;
    }
    text += " {" + values + "}";
  }
  return event.flags == 0 ? text : text + " !" + std::to_string(event.flags);
}

/// Of one event with these properties.
inline std::string facts_of(const std::string& event, const std::string& properties) {
  auto outcome = tell(event, properties);
  return outcome->is_event() ? fact_text(outcome->event()) : outcome->item_code();
}

}  // namespace tributary::testing
