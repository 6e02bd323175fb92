#include "connectors/identity/decision_body.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <limits>

#include "connectors/query/json_body.h"
#include "engine/base/json_members.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

using JsonObject = boost::json::object;
using Fault = std::optional<ParameterFault>;

struct AssertionType {
  std::string_view name;
  AssertionSubject subject;
  PairState pair = PairState::none;
  EvidenceState evidence = EvidenceState::live;
  HubState hub = HubState::automatic;
};

constexpr std::array kTypes = {
    AssertionType{.name = "must_link", .subject = AssertionSubject::pair, .pair = PairState::must},
    AssertionType{.name = "cannot_link", .subject = AssertionSubject::pair, .pair = PairState::cannot},
    AssertionType{.name = "unlink", .subject = AssertionSubject::pair},
    AssertionType{.name = "retract", .subject = AssertionSubject::evidence, .evidence = EvidenceState::retracted},
    AssertionType{.name = "restore", .subject = AssertionSubject::evidence},
    AssertionType{.name = "share", .subject = AssertionSubject::hub, .hub = HubState::always},
    AssertionType{.name = "release", .subject = AssertionSubject::hub, .hub = HubState::never},
    AssertionType{.name = "auto", .subject = AssertionSubject::hub},
    AssertionType{.name = "reassign", .subject = AssertionSubject::cut},
};

/// A string member of at most so many bytes; `out` stays as it is when there is none.
Fault read_text(const JsonObject& body, std::string_view name, size_t bytes_max, std::string& out) {
  const boost::json::value* member = body.if_contains(name);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) return ParameterFault{std::string(name) + " is not a string"};
  out = std::string(member->get_string());
  if (out.size() > bytes_max) {
    return ParameterFault{std::string(name) + " is longer than " + std::to_string(bytes_max) + " bytes"};
  }
  if (trim(out, kJsonSpace).empty()) return ParameterFault{std::string(name) + " is empty"};
  return std::nullopt;
}

bool is_decision_id(std::string_view id) {
  return id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-") == id.npos;
}

Fault read_decision(const JsonObject& body, Decision& decision) {
  if (auto fault = read_text(body, "reason", kReasonBytesMax, decision.reason)) return fault;
  if (auto fault = read_text(body, "author", kAuthorBytesMax, decision.author)) return fault;
  if (auto fault = read_text(body, "id", kDecisionIdBytesMax, decision.id)) return fault;
  if (!is_decision_id(decision.id)) return ParameterFault{"id has other characters than A-Z a-z 0-9 _ . : -"};
  return std::nullopt;
}

Fault require_reason(const Decision& decision) {
  if (decision.reason.empty()) return ParameterFault{"reason is missing: say why, in up to 1000 bytes"};
  return std::nullopt;
}

Fault read_identifier(const JsonObject& body, std::string_view name, std::vector<NamedIdentifier>& named) {
  std::string member(name);
  const boost::json::value* value = body.if_contains(name);
  if (value == nullptr || !value->is_object()) return ParameterFault{member + " is not an object with kind and value"};
  auto lookup = identifier_in(value->get_object());
  if (auto* fault = std::get_if<ParameterFault>(&lookup)) return ParameterFault{member + ": " + fault->message};
  if (value->get_object().contains("at")) {
    return ParameterFault{member + ": at belongs to look-ups; what is decided here is about whose it is now"};
  }
  named.push_back({std::move(member), std::get<LookupQuery>(std::move(lookup))});
  return std::nullopt;
}

Fault read_evidence(const JsonObject& body, Hash128& evidence) {
  std::string text;
  if (auto fault = read_text(body, "evidence", kDecisionIdBytesMax, text)) return fault;
  auto id = parse_base32(text);
  if (!id) return ParameterFault{"evidence is not an id as explain shows it"};
  evidence = *id;
  return std::nullopt;
}

Fault read_from(const JsonObject& body, Timestamp& from) {
  auto text = text_of(body.if_contains("from"));
  auto time = text ? parse_iso8601(*text) : std::nullopt;
  if (!time) return ParameterFault{"from is not an ISO 8601 time: that of the last event before it changed hands"};
  from = *time;
  return std::nullopt;
}

Fault read_subject(const JsonObject& body, AssertionDraft& draft) {
  if (draft.assertion.subject == AssertionSubject::pair) {
    if (auto fault = read_identifier(body, "a", draft.named)) return fault;
    return read_identifier(body, "b", draft.named);
  }
  if (draft.assertion.subject == AssertionSubject::evidence) {
    if (auto fault = read_evidence(body, draft.assertion.evidence)) return fault;
  }
  if (draft.assertion.subject == AssertionSubject::cut) {
    if (auto fault = read_from(body, draft.assertion.cut_at)) return fault;
  }
  return read_identifier(body, "identifier", draft.named);
}

Fault read_type(const JsonObject& body, Assertion& assertion) {
  auto name = text_of(body.if_contains("type"));
  auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const AssertionType& row) { return row.name == name; });
  if (type == kTypes.end()) {
    return ParameterFault{
        "type is none of must_link, cannot_link, unlink, retract, restore, share, release, auto and reassign"};
  }
  assertion.subject = type->subject;
  assertion.pair = type->pair;
  assertion.evidence_state = type->evidence;
  assertion.hub = type->hub;
  return std::nullopt;
}

Fault read_assertion(const JsonObject& body, AssertionDraft& draft) {
  if (auto fault = read_type(body, draft.assertion)) return fault;
  if (auto fault = read_subject(body, draft)) return fault;
  return read_decision(body, draft.assertion.decision);
}

/// The value of `name` in the text of a body that is one valid JSON object; nothing when it stands there not once.
std::optional<RawPart> raw_part(std::string_view body, std::string_view name) {
  std::vector<RawMember> members;
  if (!split_object(body, members)) return std::nullopt;
  auto is_wanted = [name](const RawMember& member) { return member.first == name; };
  if (std::count_if(members.begin(), members.end(), is_wanted) != 1) return std::nullopt;
  RawPart part;
  part.text = std::find_if(members.begin(), members.end(), is_wanted)->second;
  std::string_view before = body.substr(0, static_cast<size_t>(part.text.data() - body.data()));
  part.line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  part.column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return part;
}

Fault read_rules(const JsonObject& body, std::string_view text, std::optional<RawPart>& rules) {
  const boost::json::value* member = body.if_contains("rules");
  if (member == nullptr) return std::nullopt;
  rules = raw_part(text, "rules");
  if (!member->is_object() || !rules) return ParameterFault{"rules is not one object"};
  return std::nullopt;
}

/// A whole number within bounds.
std::optional<uint64_t> number_of(const boost::json::value& value, uint64_t most) {
  if (!value.is_int64() || value.get_int64() < 0) return std::nullopt;
  auto number = static_cast<uint64_t>(value.get_int64());
  if (number > most) return std::nullopt;
  return number;
}

Fault read_based_on(const JsonObject& body, uint32_t& based_on) {
  const boost::json::value* member = body.if_contains("based_on");
  auto number = member == nullptr ? std::nullopt : number_of(*member, std::numeric_limits<uint32_t>::max());
  if (!number) return ParameterFault{"based_on is not the version of the rules that this is a change of"};
  based_on = static_cast<uint32_t>(*number);
  return std::nullopt;
}

Fault read_samples(const JsonObject& body, size_t& samples) {
  const boost::json::value* member = body.if_contains("samples");
  if (member == nullptr) return std::nullopt;
  auto number = number_of(*member, kPreviewSamplesMax);
  if (!number) return ParameterFault{"samples is not a whole number of 0..200"};
  samples = *number;
  return std::nullopt;
}

/// One of several assertions; its faults and members carry its place.
Fault read_listed(const boost::json::value& item, size_t index, AssertionDraft& draft) {
  std::string place = "assertions/" + std::to_string(index);
  if (!item.is_object()) return ParameterFault{place + " is not an object"};
  if (auto fault = read_assertion(item.get_object(), draft)) return ParameterFault{place + ": " + fault->message};
  if (draft.assertion.subject == AssertionSubject::cut) {
    return ParameterFault{place + ": what reassign would do cannot be told before"};
  }
  for (NamedIdentifier& named : draft.named) named.member = place + "/" + named.member;
  return std::nullopt;
}

Fault read_assertions(const JsonObject& body, std::vector<AssertionDraft>& assertions) {
  const boost::json::value* member = body.if_contains("assertions");
  if (member == nullptr) return std::nullopt;
  if (!member->is_array() || member->get_array().size() > kPreviewAssertionsMax) {
    return ParameterFault{"assertions is not an array of up to 100 assertions"};
  }
  for (const boost::json::value& item : member->get_array()) {
    size_t index = assertions.size();
    if (auto fault = read_listed(item, index, assertions.emplace_back())) return fault;
  }
  return std::nullopt;
}

Fault read_whom(const JsonObject& body, ErasureDraft& draft) {
  const boost::json::value* id = body.if_contains("customer_id");
  if ((id != nullptr) == body.contains("identifier")) {
    return ParameterFault{"body has not exactly one of customer_id and identifier"};
  }
  if (id == nullptr) {
    std::vector<NamedIdentifier> named;
    if (auto fault = read_identifier(body, "identifier", named)) return fault;
    draft.named = std::move(named.front());
    return std::nullopt;
  }
  auto text = text_of(id);
  draft.customer = text ? CustomerId::parse(*text) : std::nullopt;
  if (!draft.customer) return ParameterFault{"customer_id is no id of a customer"};
  return std::nullopt;
}

Fault read_dry_run(const JsonObject& body, bool& dry_run) {
  const boost::json::value* member = body.if_contains("dry_run");
  if (member == nullptr) return std::nullopt;
  if (!member->is_bool()) return ParameterFault{"dry_run is neither true nor false"};
  dry_run = member->get_bool();
  return std::nullopt;
}

const ParameterFault kNoObject{"body is not a JSON object"};

}  // namespace

Parsed<AssertionDraft> assertion_body(std::string_view body) {
  auto members = object_of(body);
  if (!members) return kNoObject;
  AssertionDraft draft;
  if (auto fault = read_assertion(*members, draft)) return *fault;
  if (auto fault = require_reason(draft.assertion.decision)) return *fault;
  return draft;
}

Parsed<RulesDraft> rules_body(std::string_view body) {
  auto members = object_of(body);
  if (!members) return kNoObject;
  RulesDraft draft;
  std::optional<RawPart> rules;
  if (auto fault = read_based_on(*members, draft.based_on)) return *fault;
  if (auto fault = read_rules(*members, body, rules)) return *fault;
  if (!rules) return ParameterFault{"rules is missing"};
  if (auto fault = read_decision(*members, draft.decision)) return *fault;
  if (auto fault = require_reason(draft.decision)) return *fault;
  draft.rules = *rules;
  return draft;
}

Parsed<PreviewDraft> preview_body(std::string_view body) {
  auto members = object_of(body);
  if (!members) return kNoObject;
  PreviewDraft draft;
  if (auto fault = read_rules(*members, body, draft.rules)) return *fault;
  if (auto fault = read_assertions(*members, draft.assertions)) return *fault;
  if (auto fault = read_samples(*members, draft.samples)) return *fault;
  if (!draft.rules && draft.assertions.empty()) return ParameterFault{"body has neither rules nor assertions"};
  return draft;
}

Parsed<ErasureDraft> erasure_body(std::string_view body) {
  auto members = object_of(body);
  if (!members) return kNoObject;
  ErasureDraft draft;
  if (auto fault = read_whom(*members, draft)) return *fault;
  if (auto fault = read_dry_run(*members, draft.dry_run)) return *fault;
  if (auto fault = read_decision(*members, draft.decision)) return *fault;
  if (draft.dry_run) return draft;
  if (auto fault = require_reason(draft.decision)) return *fault;
  return draft;
}

Parsed<Decision> lift_body(std::string_view body) {
  auto members = object_of(body);
  if (!members) return kNoObject;
  Decision decision;
  if (auto fault = read_decision(*members, decision)) return *fault;
  if (auto fault = require_reason(decision)) return *fault;
  return decision;
}

Parsed<Decision> answer_body(std::string_view body) {
  Decision decision;
  if (trim(body, kJsonSpace).empty()) return decision;
  auto members = object_of(body);
  if (!members) return kNoObject;
  if (auto fault = read_decision(*members, decision)) return *fault;
  return decision;
}

}  // namespace tributary
