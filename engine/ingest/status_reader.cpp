#include "engine/ingest/status_reader.h"

#include "engine/domain/status.h"

namespace tributary {
namespace {

constexpr size_t kStatusNameBytesMax = 200;

FactSaid status_said(StatusAct act, std::string subject) {
  FactSaid fact;
  fact.kind = FactKind::status;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = std::move(subject);
  return fact;
}

std::string who(const FactProperties& properties, const Event& event) {
  std::string by = properties.text("by", kStatusNameBytesMax);
  return by.empty() ? event.source : by;
}

}  // namespace

void read_status_request(const FactProperties& properties, Event& event) {
  std::string to = properties.code("to", statuses());
  std::string reason = properties.text("reason", kStatusTextBytesMax);
  if (to.empty() || reason.empty()) return properties.note_missing();
  if (to == "lost") {
    auto code = find_code(loss_reasons(), reason);
    if (!code) return properties.note_wrong();
    reason = *code;
  }
  std::string id = properties.text("request_id", kStatusNameBytesMax);
  FactSaid fact = status_said(StatusAct::requested, id.empty() ? event.message_id : std::move(id));
  fact.values = FactValues()
                    .add(StatusField::to, std::move(to))
                    .add(StatusField::reason, std::move(reason))
                    .add(StatusField::text, properties.text("text", kStatusTextBytesMax))
                    .add(StatusField::evidence, properties.text("evidence", kStatusNameBytesMax))
                    .add(StatusField::by, who(properties, event))
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_status_decision(const FactProperties& properties, Event& event) {
  std::string id = properties.text("request_id", kStatusNameBytesMax);
  if (id.empty()) return properties.note_missing();
  auto act = event.name == "Status Change Approved"   ? StatusAct::approved
             : event.name == "Status Change Rejected" ? StatusAct::rejected
                                                      : StatusAct::reverted;
  FactSaid fact = status_said(act, std::move(id));
  fact.values = FactValues()
                    .add(StatusField::by, who(properties, event))
                    .add(StatusField::remark, properties.text("remark", kStatusTextBytesMax))
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_status_evidence(const FactProperties& properties, Event& event) {
  auto lacks = [&](std::string_view name) { return properties.text(name, kStatusNameBytesMax).empty(); };
  if (event.name == "Contract Signed" && lacks("contract_no")) return properties.note_missing();
  if (event.name == "Opportunity Won" && lacks("opportunity_id")) return properties.note_missing();
  auto act = event.name == "Trial Requested"   ? StatusAct::trial
             : event.name == "Quote Sent"      ? StatusAct::quote
             : event.name == "Contract Signed" ? StatusAct::contract
                                               : StatusAct::opportunity_won;
  event.facts.push_back(status_said(act, event.source + ' ' + event.message_id));
}

}  // namespace tributary
