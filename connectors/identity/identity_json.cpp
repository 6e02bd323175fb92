#include "connectors/identity/identity_json.h"

#include "connectors/identity/refusal_text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

void append_time(JsonOut& json, std::string_view name, Timestamp time) { json.key(name).string(format_iso8601(time)); }

void append_decision(JsonOut& json, std::string_view name, const Decision& decision) {
  json.key(name).begin_object().key("id").string(decision.id).key("author").string(decision.author);
  json.key("reason").string(decision.reason);
  append_time(json, "at", decision.at);
  json.end_object();
}

void append_ends(JsonOut& json, const LinkView& link) {
  json.key("link").begin_array().string(identifier_text(link.a)).string(identifier_text(link.b)).end_array();
}

void append_link(JsonOut& json, const LinkView& link) {
  json.begin_object();
  append_ends(json, link);
  if (link.must_link) {
    append_decision(json, "assertion", link.decision);
  } else {
    json.key("evidence").string(link.evidence).key("message_id").string(link.message_id);
    append_time(json, "at", link.at);
    json.key("source").string(link.source);
    json.key("trust").string(link.trust == Trust::verified ? "verified" : "claimed");
  }
  json.end_object();
}

void append_links(JsonOut& json, std::string_view name, const std::vector<LinkView>& links) {
  json.key(name).begin_array();
  for (const LinkView& link : links) append_link(json, link);
  json.end_array();
}

void append_refusal(JsonOut& json, const RefusalView& refusal) {
  json.begin_object();
  append_ends(json, refusal.link);
  json.key("rule").string(refusal_rule_name(refusal.rule));
  bool counts = refusal.rule == RefusalRule::limit || refusal.rule == RefusalRule::window;
  if (counts) {
    json.key("kind").string(kind_name(refusal.kind)).key("counts").begin_array();
    json.unsigned_number(refusal.count_a).unsigned_number(refusal.count_b).end_array();
    json.key("most").unsigned_number(refusal.most);
  }
  if (refusal.rule == RefusalRule::window) json.key("window").string(window_text(refusal.window_micros));
  if (refusal.rule == RefusalRule::cannot_link) append_decision(json, "assertion", refusal.decision);
  json.key("because");
  append_link(json, refusal.link);
  json.key("text").string(refusal_text(refusal)).end_object();
}

void append_hub(JsonOut& json, const HubView& hub) {
  json.begin_object().key("identifier").string(identifier_text(hub.identifier));
  json.key("reason").string(hub_reason_name(hub.reason));
  if (hub.reason == HubReason::threshold) {
    json.key("met").string(kind_name(hub.met)).key("count").unsigned_number(hub.count);
    json.key("threshold").unsigned_number(hub.threshold);
  }
  if (hub.reason == HubReason::always) append_decision(json, "assertion", hub.decision);
  json.end_object();
}

void append_cut(JsonOut& json, const CutView& cut) {
  json.begin_object().key("identifier").string(identifier_text(cut.identifier));
  append_time(json, "from", cut.at);
  append_decision(json, "assertion", cut.decision);
  json.end_object();
}

/// What is asked of two identifiers.
void append_pair(JsonOut& json, const ExplainView& view, const Identifier& a, const Identifier& b) {
  json.key("a").string(identifier_text(a)).key("b").string(identifier_text(b));
  json.key("customer_a").string(view.customer_a.text()).key("customer_b").string(view.customer_b.text());
  json.key("same_customer").boolean(view.same_customer);
  append_links(json, "path", view.path);
  json.key("refusal");
  if (view.refusal) {
    append_refusal(json, *view.refusal);
  } else {
    json.null();
  }
  bool unexplained = !view.same_customer && !view.refusal && view.hubs.empty();
  if (unexplained) json.key("reason").string("never_seen_together");
}

void append_customers(JsonOut& json, std::string_view name, const std::vector<CustomerId>& ids) {
  json.key(name).begin_array();
  for (const CustomerId& id : ids) json.string(id.text());
  json.end_array();
}

void append_first(JsonOut& json, std::string_view name, const std::vector<CustomerId>& ids) {
  if (!ids.empty()) json.key(name).string(ids.front().text());
}

void append_what_changed(JsonOut& json, const ChangeView& change) {
  json.key("type").string(change_type_name(change.type));
  switch (change.type) {
    case ChangeType::merged:
      append_first(json, "into", change.into);
      append_customers(json, "from", change.from);
      break;
    case ChangeType::split:
      append_first(json, "from", change.from);
      append_customers(json, "into", change.into);
      break;
    case ChangeType::renamed:
      append_first(json, "from", change.from);
      append_first(json, "to", change.into);
      break;
    case ChangeType::hub_detected:
      if (change.hub) append_hub(json.key("hub"), *change.hub);
      break;
    case ChangeType::rules_activated:
      break;
    case ChangeType::erased:
      append_first(json, "from", change.from);
      break;
  }
}

void append_cause(JsonOut& json, const ChangeCause& cause) {
  json.key("cause").begin_object();
  if (cause.kind == CauseKind::event) {
    json.key("kind").string("event").key("message_id").string(cause.id).key("source").string(cause.source);
  } else {
    json.key("kind").string(cause_kind_name(cause.kind)).key("id").string(cause.id);
    json.key("author").string(cause.author).key("reason").string(cause.reason);
  }
  json.end_object();
}

void append_erasure(JsonOut& json, const ErasureView& view) {
  json.begin_object().key("erasure_id").string(view.decision.id);
  append_time(json, "at", view.decision.at);
  json.key("author").string(view.decision.author).key("reason").string(view.decision.reason);
  json.key("customer_id").string(view.customer.text()).key("identifiers").unsigned_number(view.identifiers);
  json.key("events").unsigned_number(view.events);
  if (view.lifted) append_decision(json, "lifted", *view.lifted);
  json.end_object();
}

void append_change(JsonOut& json, const ChangeView& change) {
  json.begin_object().key("seq").string(std::to_string(change.lsn) + ":" + std::to_string(change.index));
  append_what_changed(json, change);
  json.key("rules_version").unsigned_number(change.rules_version);
  append_cause(json, change.cause);
  append_time(json, "at", change.at);
  json.end_object();
}

void append_before_after(JsonOut& json, std::string_view name, uint64_t before, uint64_t after) {
  json.key(name).begin_object().key("before").unsigned_number(before).key("after").unsigned_number(after).end_object();
}

void append_counts(JsonOut& json, std::string_view name, const std::map<RefusalRule, uint64_t>& counts) {
  json.key(name).begin_object();
  for (const auto& [rule, count] : counts) json.key(refusal_rule_name(rule)).unsigned_number(count);
  json.end_object();
}

}  // namespace

std::string identifier_text(const Identifier& identifier) {
  return kind_name(identifier.kind()) + ":" + identifier.value();
}

std::string explain_json(const ExplainView& view, const ExplainQuery& query) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(view.customer.text());
  if (query.a && query.b) append_pair(json, view, *query.a, *query.b);
  append_links(json, "links", view.links);
  json.key("refusals").begin_array();
  for (const RefusalView& refusal : view.refusals) append_refusal(json, refusal);
  json.end_array().key("hubs").begin_array();
  for (const HubView& hub : view.hubs) append_hub(json, hub);
  json.end_array().key("reassigned").begin_array();
  for (const CutView& cut : view.cuts) append_cut(json, cut);
  json.end_array().end_object();
  return out;
}

std::string changes_json(const ChangesPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("changes").begin_array();
  for (const ChangeView& change : page.changes) append_change(json, change);
  json.end_array().key("next_cursor").string(page.next_cursor).key("at_end").boolean(page.at_end).end_object();
  return out;
}

std::string rules_view_json(const RulesView& view) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("version").unsigned_number(view.version).key("applying").boolean(view.applying);
  json.key("author").string(view.decision.author).key("reason").string(view.decision.reason);
  json.key("id").string(view.decision.id).key("at");
  if (view.decision.id.empty()) {
    json.null();
  } else {
    json.string(format_iso8601(view.decision.at));
  }
  json.key("rules").raw(rules_json(view.rules)).end_object();
  return out;
}

std::string preview_json(const PreviewView& view) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("rules_version").unsigned_number(view.rules_version);
  append_before_after(json, "customers", view.customers_before, view.customers_after);
  json.key("merged").unsigned_number(view.merged).key("split").unsigned_number(view.split);
  json.key("renamed").unsigned_number(view.renamed);
  append_before_after(json, "hubs", view.hubs_before, view.hubs_after);
  json.key("refusals").begin_object();
  append_counts(json, "before", view.refusals_before);
  append_counts(json, "after", view.refusals_after);
  json.end_object().key("samples").begin_array();
  for (const ChangeView& sample : view.samples) {
    json.begin_object();
    append_what_changed(json, sample);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string erasure_json(const ErasureView& view) {
  std::string text;
  JsonOut json(text);
  append_erasure(json, view);
  return text;
}

std::string erasures_json(const std::vector<ErasureView>& views) {
  std::string text;
  JsonOut json(text);
  json.begin_object().key("erasures").begin_array();
  for (const ErasureView& view : views) append_erasure(json, view);
  json.end_array().end_object();
  return text;
}

std::string erasure_preview_json(const ProfileView& profile) {
  std::string text;
  JsonOut json(text);
  json.begin_object().key("customer_id").string(profile.id.text()).key("identifiers");
  json.unsigned_number(profile.identifiers.size()).key("names").begin_array();
  for (const IdentifierView& each : profile.identifiers) {
    json.string(identifier_text(Identifier::from_normalised(each.kind, each.value)));
  }
  json.end_array().key("events").unsigned_number(profile.events).end_object();
  return text;
}

std::string assertion_json(const Decision& decision, const std::vector<std::optional<CustomerId>>& customers) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("assertion_id").string(decision.id);
  append_time(json, "at", decision.at);
  json.key("customers").begin_array();
  for (const std::optional<CustomerId>& id : customers) {
    if (id) {
      json.string(id->text());
    } else {
      json.null();
    }
  }
  json.end_array().end_object();
  return out;
}

std::string mistakes_json(const std::vector<DocumentMistake>& mistakes) {
  std::string out;
  JsonOut json(out);
  json.begin_array();
  for (const DocumentMistake& mistake : mistakes) {
    json.begin_object().key("line").unsigned_number(mistake.line).key("column").unsigned_number(mistake.column);
    json.key("reason").string(valid_utf8(mistake.message)).end_object();
  }
  json.end_array();
  return out;
}

}  // namespace tributary
