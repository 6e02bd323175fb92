#include "connectors/profile/record_import.h"

#include <algorithm>
#include <array>
#include <map>

#include "connectors/http/answers.h"
#include "connectors/profile/record_handlers.h"
#include "connectors/query/record_json.h"
#include "connectors/query/refusals.h"
#include "connectors/query/status_json.h"

namespace tributary {
namespace {

/// Of all words of the table.
std::string message_prefix(const ImportBody& body) { return "import:" + body.import + ':'; }

std::string row_message_id(const ImportBody& body, const ImportRow& row) {
  return message_prefix(body) + std::to_string(row.line);
}

std::string_view severity_name(RowSeverity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"info", "warning", "error"};
  return kNames[static_cast<size_t>(severity)];
}

Timestamp row_time(const ImportBody& body, const ImportRow& row) {
  return Timestamp{body.as_of.micros + static_cast<int64_t>(row.line)};
}

/// A fact as if it had been recorded: what a customer would have by this row alone.
Fact fact_of_row(const FactSaid& said, bool organisation, Timestamp at) {
  Fact fact;
  fact.kind = FactKind::record;
  fact.act = static_cast<uint8_t>(RecordAct::saved);
  fact.trust = Trust::verified;
  fact.at = at;
  for (const FactSaid::Value& value : said.values) fact.values.push_back({value.field, value.text});
  if (!said_value(said, RecordField::customer_type)) {
    std::string type = organisation ? "organisation" : "person";
    fact.values.push_back({static_cast<uint8_t>(RecordField::customer_type), std::move(type)});
  }
  std::ranges::sort(fact.values, {}, &FactValue::field);
  return fact;
}

void append_compared(JsonOut& json, const JudgedRow& row) {
  auto text = [&](RecordField field) { return said_value(row.said, field).value_or(""); };
  RecordField phone = row.organisation ? RecordField::contact_phone : RecordField::phone;
  auto masked = [&](const RowFinding& finding) {
    return finding.code == "value_masked" && finding.field == record_field_name(phone);
  };
  json.key("compared").begin_object().key("organisation").boolean(row.organisation);
  json.key("name").string(text(RecordField::name));
  json.key("contact").string(row.organisation ? text(RecordField::contact_name) : "");
  json.key("phone").string(text(phone)).key("uscc").string(text(RecordField::uscc));
  json.key("phone_masked").boolean(std::ranges::any_of(row.findings, masked)).end_object();
}

}  // namespace

bool JudgedRow::refused() const {
  return std::ranges::find(findings, RowSeverity::error, &RowFinding::severity) != findings.end();
}

JudgedRow judge_row(const ImportRow& row, std::variant<std::vector<FactSaid>, ActOutcome> facts, const TimeZone& zone,
                    Timestamp now) {
  JudgedRow judged;
  for (const auto& [field, value] : row.fields) {
    if (!is_record_member(field)) judged.findings.push_back({field, "field_unknown", RowSeverity::error});
  }
  if (auto* refusal = std::get_if<ActOutcome>(&facts)) {
    judged.findings.push_back({{}, std::string(rejection_row(*refusal->refused).name), RowSeverity::error});
    return judged;
  }
  auto& said = std::get<std::vector<FactSaid>>(facts);
  if (!said.empty()) judged.said = std::move(said.front());
  judged.organisation = says_organisation(judged.said);
  judged.identifiers = identifiers_in(judged.said, judged.organisation);
  if (auto number = said_value(judged.said, RecordField::customer_no)) {
    judged.identifiers.push_back(
        Identifier::from_normalised({IdentifierFamily::customer_no, {}}, std::string(*number)));
  }
  std::vector<Fact> alone{fact_of_row(judged.said, judged.organisation, now)};
  auto record = customer_record(alone, zone, now);
  for (const RecordFlag& flag : record->flags) {
    judged.findings.push_back({std::string(record_field_name(flag.field)), std::string(flag.code)});
  }
  judged.missing.assign(record->missing.begin(), record->missing.end());
  return judged;
}

void require_whole_record(JudgedRow& row) {
  auto lacks = [&](RecordField field) { return !says_value(row.said, field); };
  for (RecordMistake& missing : missing_fields(row.organisation, lacks)) {
    bool either = missing.field == "phone_or_email";
    auto why = std::ranges::find_if(row.findings, [&](const RowFinding& finding) {
      bool same = either ? finding.field == "phone" || finding.field == "email" : finding.field == missing.field;
      return same && finding.code != "placeholder_value";
    });
    if (why != row.findings.end()) {
      why->severity = RowSeverity::error;
    } else {
      row.findings.push_back({std::move(missing.field), std::move(missing.code), RowSeverity::error});
    }
  }
}

void compare_with_owner(const ImportBody& body, const ImportRow& row, const TimeZone& zone, JudgedRow& judged) {
  std::vector<Fact> saves;
  for (const Fact& fact : judged.owner->saves) {
    if (!fact.message_id.starts_with(message_prefix(body))) saves.push_back(fact);
  }
  Timestamp at = row_time(body, row);
  Timestamp now = std::max(at, system_clock().now());
  auto before = customer_record(saves, zone, now);
  saves.push_back(fact_of_row(judged.said, judged.organisation, at));
  auto after = customer_record(saves, zone, now);
  if (!before || !after) return;
  for (const FactSaid::Value& value : judged.said.values) {
    auto field = static_cast<RecordField>(value.field);
    std::string_view stood = before->text(field);
    if (stood.empty() || value.text.empty() || stood == value.text || field == RecordField::status) continue;
    if (!find_record_field(record_field_name(field))) continue;  // notes of the reader, not of the table
    const char* code = after->text(field) == value.text ? "value_replaced" : "value_older";
    judged.findings.push_back({std::string(record_field_name(field)), code, RowSeverity::info});
  }
}

void refuse_suppressed(JudgedRow& row, const std::function<bool(const Identifier&)>& is_suppressed) {
  for (const Identifier& each : row.identifiers) {
    if (is_suppressed(each)) row.findings.push_back({kind_name(each.kind()), "erased_identifier", RowSeverity::error});
  }
}

ProfileAct save_of_row(const ImportBody& body, const ImportRow& row, std::string_view actor, bool partial,
                       std::string_view number, bool with_status) {
  ProfileAct act{"Customer Record Saved", {}, row_message_id(body, row), row_time(body, row)};
  JsonOut json(act.properties);
  json.begin_object().key("partial").boolean(partial).key("source_kind").string("import").key("actor").string(actor);
  for (const auto& [field, value] : row.fields) {
    if (field == "status" && !with_status) continue;
    if (is_record_member(field)) json.key(field).raw(value);
  }
  if (!number.empty()) json.key("customer_no").string(number);
  json.end_object();
  return act;
}

ProfileAct status_request_of_row(const ImportBody& body, const ImportRow& row, Status status, std::string_view actor) {
  std::string id = row_message_id(body, row) + ":status";
  ProfileAct act{"Status Change Requested", {}, id, row_time(body, row)};
  JsonOut json(act.properties);
  json.begin_object().key("request_id").string(id).key("to").string(status_name(status)).key("by").string(actor);
  // Why a customer was lost is one of a list; a table that does not say it has no better word.
  json.key("reason").string(status == Status::lost ? "other" : "import").key("text").string("import").end_object();
  return act;
}

ProfileAct traits_of_row(const ImportBody& body, const ImportRow& row) {
  return {{}, row.traits, row_message_id(body, row) + ":traits", row_time(body, row)};
}

void append_row(JsonOut& json, const ImportRow& row, const JudgedRow& judged, const RowAnswer& answer) {
  json.begin_object().key("line").unsigned_number(row.line).key("outcome").string(answer.outcome);
  if (answer.customer) json.key("customer_id").string(answer.customer->text());
  if (!answer.number.empty()) json.key("customer_no").string(answer.number);
  json.key("findings").begin_array();
  for (const RowFinding& finding : judged.findings) {
    json.begin_object().key("field").string(finding.field).key("code").string(finding.code);
    json.key("severity").string(severity_name(finding.severity)).end_object();
  }
  json.end_array().key("missing").begin_array();
  for (const std::string& field : judged.missing) json.string(field);
  json.end_array().key("identifiers").begin_array();
  for (const Identifier& each : judged.identifiers)
    json.string(kind_name(each.kind()) + ':' + std::string(each.value()));
  json.end_array();
  append_compared(json, judged);
  json.end_object();
}

/// The rows of one request on their way. Owner: its coroutine.
class RowImport {
 public:
  RowImport(const ProfileServices& services, const ApiCaller& caller, ImportBody body)
      : services_(services), caller_(caller), body_(std::move(body)) {}

  const ImportBody& body() const { return body_; }

  /// Nothing, or why none of the rows can be judged.
  std::optional<ActOutcome> judge() {
    std::vector<ProfileAct> saves;
    saves.reserve(body_.rows.size());
    for (const ImportRow& row : body_.rows) saves.push_back(save_of_row(body_, row, caller_.key->id, true, {}, true));
    auto facts = facts_of_acts(services_, caller_, saves);
    if (auto* refusal = std::get_if<ActOutcome>(&facts)) return std::move(*refusal);
    auto& each = std::get<0>(facts);
    for (size_t i = 0; i < body_.rows.size(); ++i) {
      judged_.push_back(judge_row(body_.rows[i], std::move(each[i]), services_.value.zone, system_clock().now()));
    }
    return std::nullopt;
  }

  std::vector<Identifier> identifiers() const {
    std::vector<Identifier> all;
    for (const JudgedRow& row : judged_) all.insert(all.end(), row.identifiers.begin(), row.identifiers.end());
    return all;
  }

  /// Whom rows are about, and what follows from that for each. Errors: those of the store.
  Result<void> find_owners() {
    for (size_t i = 0; i < judged_.size(); ++i) {
      JudgedRow& row = judged_[i];
      auto owner = owner_of(body_.rows[i], row);
      if (!owner) return owner.error();
      row.owner = std::move(*owner);
      refuse_suppressed(
          row, [this](const Identifier& each) { return services_.engine.is_suppressed(caller_.key->workspace, each); });
      if (row.owner) compare_with_owner(body_, body_.rows[i], services_.value.zone, row);
      if (!row.owner) require_whole_record(row);
      if (!row.refused()) note_status(i);
      if (row.owner) row.missing.clear();
    }
    return {};
  }

  /// The acts of all rows that are not refused. Errors: those of CustomerNumbers::next.
  Result<std::vector<NamedAct>> acts(CustomerNumbers& numbers) {
    std::vector<NamedAct> all;
    for (size_t i = 0; i < judged_.size(); ++i) {
      first_act_.push_back(all.size());
      if (judged_[i].refused()) continue;
      TRIBUTARY_TRY(name_row(i, numbers));
      const ImportRow& row = body_.rows[i];
      auto status = asked_.find(row.line);
      const auto& names = names_[row.line];
      all.push_back({names, save_of_row(body_, row, caller_.key->id, judged_[i].owner.has_value(), given_[row.line],
                                        status == asked_.end())});
      if (status != asked_.end() && status->second) {
        all.push_back({names, status_request_of_row(body_, row, *status->second, caller_.key->id)});
      }
      if (!row.traits.empty()) all.push_back({names, traits_of_row(body_, row)});
    }
    return all;
  }

  /// The answer of a dry run; with the outcomes of the acts that of an import.
  std::string answer(const std::vector<ItemOutcome>* outcomes) {
    std::string text;
    JsonOut json(text);
    json.begin_object().key("dry_run").boolean(body_.dry_run).key("rows").begin_array();
    for (size_t i = 0; i < judged_.size(); ++i) {
      RowAnswer told = answer_of(i, outcomes);
      append_row(json, body_.rows[i], judged_[i], told);
    }
    json.end_array().end_object();
    return text;
  }

 private:
  /// An identifier of somebody else refuses the row: it would make one customer of two.
  Result<std::optional<RowOwner>> owner_of(const ImportRow& row, JudgedRow& judged) {
    WorkspaceId workspace = caller_.key->workspace;
    std::optional<RowOwner> found;
    if (row.customer) {
      auto named = known(services_.engine.profile(workspace, *row.customer));
      if (!named) return named.error();
      found = std::move(*named);
    }
    for (const Identifier& each : judged.identifiers) {
      auto owner = known(services_.engine.profile_of(workspace, each, std::nullopt));
      if (!owner) return owner.error();
      if (!*owner) continue;
      if (!found) found = **owner;
      if ((*owner)->customer != found->customer) {
        judged.findings.push_back({kind_name(each.kind()), "identifier_taken", RowSeverity::error});
      }
    }
    return found;
  }

  /// Nothing for who has no record: the row will be its first.
  Result<std::optional<RowOwner>> known(Result<ProfileView> profile) {
    if (!profile && profile.error().code == ErrorCode::not_found) return std::optional<RowOwner>();
    if (!profile) return profile.error();
    auto moment = value_moment(services_.engine, services_.value, caller_.key->workspace, system_clock().now());
    if (!moment) return moment.error();
    auto name = record_of(*profile, *moment) ? act_name(services_, caller_.key->workspace, *profile) : std::nullopt;
    if (!name) return std::optional<RowOwner>();
    RowOwner owner{profile->id, *name, {}, Status::potential, {}};
    CustomerStatus status = status_of(status_basis(*profile, *moment));
    owner.status = status.current;
    for (const StatusRequest& open : status.open) owner.asked.push_back(open.to);
    auto saves = facts_of(profile->facts, FactKind::record);
    owner.saves.assign(saves.begin(), saves.end());
    return std::optional(std::move(owner));
  }

  /// The first status is taken as it is; another one waits for an approval, if there is a way to it.
  void note_status(size_t i) {
    JudgedRow& row = judged_[i];
    const ImportRow& said = body_.rows[i];
    auto status = parse_status(said_value(row.said, RecordField::status).value_or(""));
    if (!status) return;
    std::optional<Status>& stands = statuses_[said.same_as == 0 ? said.line : said.same_as];
    if (row.owner) stands = row.owner->status;
    if (!stands) stands = status;
    if (stands == status) return;
    bool possible = may_follow(*stands, *status);
    bool asked = row.owner && std::ranges::find(row.owner->asked, *status) != row.owner->asked.end();
    asked_[said.line] = possible && !asked ? status : std::nullopt;
    row.findings.push_back({"status", possible ? "approval_needed" : "transition_not_allowed"});
  }

  Result<void> name_row(size_t i, CustomerNumbers& numbers) {
    const ImportRow& row = body_.rows[i];
    auto& names = names_[row.line];
    if (judged_[i].owner) {
      names = {judged_[i].owner->name};
      return {};
    }
    auto first = names_.find(row.same_as);
    bool joins = row.same_as != 0 && first != names_.end();
    if (joins) names = first->second;
    for (const Identifier& each : judged_[i].identifiers) names.push_back({each, Trust::verified});
    if (joins) return {};
    std::string said(said_value(judged_[i].said, RecordField::customer_no).value_or(""));
    WorkspaceId workspace = caller_.key->workspace;
    auto number = said.empty() ? numbers.next(workspace, services_.value.zone, system_clock().now())
                               : numbers.take(workspace, said);
    if (!number) return number.error();
    held_.push_back(*number);
    if (!said.empty()) return {};
    given_[row.line] = **number;
    names.push_back({Identifier::from_normalised({IdentifierFamily::customer_no, {}}, **number), Trust::verified});
    return {};
  }

  RowAnswer answer_of(size_t i, const std::vector<ItemOutcome>* outcomes) {
    JudgedRow& judged = judged_[i];
    const ImportRow& row = body_.rows[i];
    RowAnswer answer;
    if (judged.owner) answer.customer = judged.owner->customer;
    bool joins = judged.owner || row.same_as != 0;
    answer.outcome = joins ? "known" : "new";
    if (outcomes != nullptr) answer.outcome = joins ? "joined" : "created";
    if (judged.refused()) answer.outcome = "refused";
    if (outcomes == nullptr || judged.refused()) return answer;
    ItemOutcome outcome = outcomes->at(first_act_[i]);
    if (outcome == ItemOutcome::duplicate) answer.outcome = "duplicate";
    if (outcome == ItemOutcome::rejected) answer.outcome = "refused";
    if (outcome != ItemOutcome::accepted) return answer;
    answer.number = given_[row.line];
    if (answer.customer) return answer;
    const auto& names = names_[row.line];
    auto profile = services_.engine.profile_of(caller_.key->workspace, names.back().identifier, std::nullopt);
    if (profile) {
      answer.customer = profile->id;
    } else {
      judged.findings.push_back({{}, "erased_identifier", RowSeverity::error});  // since it was judged
      answer.outcome = "refused";
    }
    return answer;
  }

  const ProfileServices& services_;
  const ApiCaller& caller_;
  const ImportBody body_;
  std::vector<JudgedRow> judged_;
  std::map<uint64_t, std::optional<Status>> statuses_;  // by the first line about a customer: where it stands
  std::map<uint64_t, std::optional<Status>> asked_;     // by line: of another one; nothing: it is not asked for
  std::map<uint64_t, std::vector<ActName>> names_;      // by line
  std::map<uint64_t, std::string> given_;               // by line: the number of a new customer
  std::vector<CustomerNumbers::Held> held_;             // until their events are found
  std::vector<size_t> first_act_;
};

Task<HttpResponse> RecordHandlers::import_rows(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = parse_import_body(request.body);
  if (auto* wrong = std::get_if<std::string>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, *wrong);
  }
  RowImport rows(services_, caller, std::get<ImportBody>(std::move(parsed)));
  auto fault = rows.judge();
  if (fault) co_return refuse(request, *fault->refused, fault->message);
  auto names = held_by(caller.key->workspace, rows.identifiers());
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (rows.body().dry_run) names.clear();
  Turn turn(*this, std::move(names));
  if (!turn.taken()) co_return refuse(request, RejectionCode::conflict, kBeingChanged);
  auto found = rows.find_owners();
  if (!found) co_return refuse(request, code_of(found.error()));
  if (rows.body().dry_run) co_return json_response(rows.answer(nullptr));
  auto acts = rows.acts(numbers_);
  if (!acts) co_return refuse(request, code_of(acts.error()), acts.error().message);
  std::vector<NamedAct> all = std::move(*acts);
  ActsOutcome outcome = co_await record_acts(services_, caller, std::move(all));
  if (outcome.refused) co_return refuse(request, *outcome.refused, outcome.message);
  co_return json_response(rows.answer(&outcome.items));
}

}  // namespace tributary
