#include "connectors/identity/rules_document.h"
#include "engine/base/json_out.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

using Thresholds = std::map<IdentifierKind, uint32_t>;

std::string_view claims_name(ClaimsPolicy claims) {
  if (claims == ClaimsPolicy::guarded) return "guarded";
  return claims == ClaimsPolicy::strict ? "strict" : "fill";
}

void write_limits(JsonOut& out, const KindRule& rule) {
  out.key("limits").begin_array();
  if (rule.limit > 0) out.begin_object().key("count").unsigned_number(rule.limit).end_object();
  for (const WindowLimit& limit : rule.windows) {
    out.begin_object().key("count").unsigned_number(limit.count);
    out.key("window").string(format_duration(limit.window_micros)).end_object();
  }
  out.end_array();
}

/// A default kind that these rules do not name must say so: what a document leaves out keeps its default.
void write_kinds(JsonOut& out, const Rules& rules) {
  std::map<IdentifierKind, const KindRule*> named;
  Rules defaults = default_rules();
  for (const auto& [kind, rule] : defaults.kinds) named[kind] = nullptr;
  for (const auto& [kind, rule] : rules.kinds) named[kind] = &rule;
  out.key("kinds").begin_object();
  for (const auto& [kind, rule] : named) {
    out.key(kind_name(kind));
    if (rule == nullptr) {
      out.string("inherit");
      continue;
    }
    out.begin_object().key("priority").unsigned_number(rule->priority);
    out.key("class").string(rule->weak ? "weak" : "strong");
    write_limits(out, *rule);
    out.key("owner").string(rule->owner == OwnerPolicy::newest ? "newest" : "oldest").end_object();
  }
  out.end_object();
}

void write_thresholds(JsonOut& out, const Thresholds& row, const Thresholds& defaults, bool row_has_family) {
  std::map<IdentifierKind, uint32_t> cells = row;
  for (const auto& [met, most] : defaults) cells.emplace(met, 0);
  out.begin_object();
  for (const auto& [met, most] : cells) {
    out.key(kind_name(met));
    bool has_family = row_has_family || !met.platform.empty();
    if (most > 0) {
      out.unsigned_number(most);
    } else {
      out.string(has_family ? "inherit" : "off");
    }
  }
  out.end_object();
}

void write_hubs(JsonOut& out, const Rules& rules) {
  std::map<IdentifierKind, Thresholds> rows = rules.hubs;
  Rules defaults = default_rules();
  for (const auto& [kind, row] : defaults.hubs) rows[kind];
  out.key("hubs").begin_object();
  for (const auto& [kind, row] : rows) {
    out.key(kind_name(kind));
    auto default_row = defaults.hubs.find(kind);
    write_thresholds(out, row, default_row == defaults.hubs.end() ? Thresholds{} : default_row->second,
                     !kind.platform.empty());
  }
  out.end_object();
}

void write_texts(JsonOut& out, std::string_view key, const std::set<std::string>& texts) {
  out.key(key).begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

void write_blocked_values(JsonOut& out, std::string_view of, const BlockedValues& blocked) {
  if (blocked == BlockedValues{}) return;
  out.key(of).begin_object();
  write_texts(out, "exact", blocked.exact);
  write_texts(out, "regex", blocked.patterns);
  out.end_object();
}

}  // namespace

std::string rules_json(const Rules& rules) {
  std::string json;
  JsonOut out(json);
  out.begin_object().key("claims").string(claims_name(rules.claims));
  write_kinds(out, rules);
  write_hubs(out, rules);
  out.key("blocked").begin_object();
  write_blocked_values(out, "*", rules.blocked);
  for (const auto& [kind, blocked] : rules.blocked_of_kind) write_blocked_values(out, kind_name(kind), blocked);
  out.end_object().end_object();
  return json;
}

}  // namespace tributary
