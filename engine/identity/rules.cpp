#include "engine/identity/rules.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <array>

#include "engine/base/bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kRulesVersion = 1;
constexpr size_t kPatternsMax = 1000;
constexpr size_t kExactValuesMax = 100'000;

using enum IdentifierFamily;

KindRule kind_rule(uint16_t priority, bool weak, uint32_t limit) {
  return {priority, weak, limit, {}, OwnerPolicy::oldest};
}

constexpr bool kStrong = false;
constexpr bool kWeak = true;

// Account identifiers stand above phone and e-mail, because contact addresses are shared and recycled. Douyin gives one
// person many open ids, and Stripe makes a customer for each guest checkout.
std::map<IdentifierKind, KindRule> default_kinds() {
  return {
      {{user_id, ""}, kind_rule(10, kStrong, 1)},
      {{uscc, ""}, kind_rule(15, kStrong, 1)},
      {{member_card, ""}, kind_rule(20, kStrong, 5)},
      {{customer_no, ""}, kind_rule(25, kStrong, 20)},
      {{wechat_unionid, ""}, kind_rule(30, kStrong, 5)},
      {{wechat_openid, ""}, kind_rule(32, kStrong, 20)},
      {{marketplace_buyer, ""}, kind_rule(40, kStrong, 5)},
      {{social_id, ""}, kind_rule(45, kStrong, 5)},
      {{social_id, "douyin"}, kind_rule(45, kStrong, 20)},
      {{external_id, ""}, kind_rule(50, kStrong, 5)},
      {{external_id, "stripe"}, kind_rule(50, kStrong, 100)},
      {{phone, ""}, kind_rule(60, kStrong, 5)},
      {{email, ""}, kind_rule(70, kStrong, 5)},
      {{device_id, ""}, kind_rule(90, kWeak, 50)},
      {{push_token, ""}, kind_rule(92, kWeak, 50)},
      {{ga_client_id, ""}, kind_rule(94, kWeak, 1000)},
      {{anonymous_id, ""}, kind_rule(96, kWeak, 1000)},
  };
}

constexpr std::array kAccounts = {uscc, wechat_unionid, wechat_openid, marketplace_buyer, social_id, external_id};
constexpr std::array kWeakFamilies = {device_id, push_token, ga_client_id, anonymous_id};

// How many of each kind one identifier may meet; 0: no threshold.
struct MeetingLimits {
  uint32_t user_id, cards, accounts, stripe, phone, email, weak;
};

std::map<IdentifierKind, uint32_t> thresholds_of(const MeetingLimits& most) {
  std::map<IdentifierKind, uint32_t> row;
  auto set = [&](IdentifierFamily family, uint32_t count) {
    if (count > 0) row[{family, ""}] = count;
  };
  set(user_id, most.user_id);
  set(member_card, most.cards);
  set(customer_no, most.cards);
  for (IdentifierFamily account : kAccounts) set(account, most.accounts);
  if (most.stripe > 0) row[{external_id, "stripe"}] = most.stripe;
  set(phone, most.phone);
  set(email, most.email);
  for (IdentifierFamily weak : kWeakFamilies) set(weak, most.weak);
  return row;
}

// A device with two user ids is nobody's; a strong identifier may meet many cookies, because loyal visitors drop them.
std::map<IdentifierKind, std::map<IdentifierKind, uint32_t>> default_hubs() {
  std::map<IdentifierKind, std::map<IdentifierKind, uint32_t>> hubs;
  for (IdentifierFamily weak : kWeakFamilies) hubs[{weak, ""}] = thresholds_of({1, 2, 3, 0, 2, 2, 200});
  for (IdentifierFamily account : kAccounts) hubs[{account, ""}] = thresholds_of({5, 5, 20, 0, 10, 10, 2000});
  hubs[{customer_no, ""}] = thresholds_of({5, 5, 20, 0, 10, 10, 2000});
  hubs[{phone, ""}] = thresholds_of({5, 5, 20, 200, 0, 10, 2000});
  hubs[{email, ""}] = thresholds_of({5, 5, 20, 200, 10, 0, 2000});
  hubs[{member_card, ""}] = thresholds_of({3, 3, 20, 0, 5, 5, 2000});
  hubs[{user_id, ""}] = thresholds_of({0, 20, 50, 200, 20, 20, 2000});
  for (auto& [kind, row] : hubs) {
    if (!has_platforms(kind.family)) row.erase(kind);
  }
  return hubs;
}

void encode(const IdentifierKind& kind, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(kind.family));
  out.text(kind.platform);
}

IdentifierKind decode_kind(ByteReader& in) {
  auto family = static_cast<IdentifierFamily>(in.u8());
  return {family, std::string(in.text())};
}

void encode(const BlockedValues& blocked, ByteWriter& out) {
  for (const std::set<std::string>* values : {&blocked.exact, &blocked.patterns}) {
    out.varint(values->size());
    for (const std::string& value : *values) out.text(value);
  }
}

BlockedValues decode_blocked(ByteReader& in) {
  BlockedValues blocked;
  for (std::set<std::string>* values : {&blocked.exact, &blocked.patterns}) {
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) values->emplace(in.text());
  }
  return blocked;
}

void encode(const KindRule& rule, ByteWriter& out) {
  out.u16(rule.priority);
  out.u8(rule.weak ? 1 : 0);
  out.varint(rule.limit);
  out.varint(rule.windows.size());
  for (const WindowLimit& window : rule.windows) {
    out.varint(window.count);
    out.i64(window.window_micros);
  }
  out.u8(static_cast<uint8_t>(rule.owner));
}

KindRule decode_kind_rule(ByteReader& in) {
  KindRule rule;
  rule.priority = in.u16();
  rule.weak = in.u8() != 0;
  rule.limit = static_cast<uint32_t>(in.varint());
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    auto count = static_cast<uint32_t>(in.varint());
    rule.windows.push_back({count, in.i64()});
  }
  rule.owner = static_cast<OwnerPolicy>(in.u8());
  return rule;
}

void find_kind_mistakes(const Rules& rules, std::vector<std::string>& mistakes) {
  for (const auto& [kind, rule] : rules.kinds) {
    std::string name = kind_name(kind);
    if (rule.priority == 0) mistakes.push_back("kind " + name + ": the priority must be at least 1");
    for (const WindowLimit& window : rule.windows) {
      if (window.count == 0) mistakes.push_back("kind " + name + ": the count of a window must be at least 1");
      if (window.window_micros <= 0) mistakes.push_back("kind " + name + ": a window must be longer than nothing");
    }
  }
}

void find_hub_mistakes(const Rules& rules, std::vector<std::string>& mistakes) {
  for (const auto& [kind, row] : rules.hubs) {
    for (const auto& [met, most] : row) {
      if (most == 0) {
        mistakes.push_back("hubs of " + kind_name(kind) + ": the threshold for " + kind_name(met) +
                           " must be at least 1");
      }
      // Two platforms of one family are two kinds.
      if (kind == met && (!has_platforms(kind.family) || !kind.platform.empty())) {
        mistakes.push_back("hubs of " + kind_name(kind) +
                           ": identifiers of one kind have no threshold among themselves; the limit does that");
      }
    }
  }
}

void find_blocked_mistakes(const std::string& of, const BlockedValues& blocked, std::vector<std::string>& mistakes) {
  for (const std::string& pattern : blocked.patterns) {
    if (auto mistake = pattern_mistake(pattern)) {
      mistakes.push_back("blocked values of " + of + ": `" + pattern + "`: " + *mistake);
    }
  }
}

// RuleSet compiles the patterns of a kind as one automaton, which three harmless ones can make too large. All of them
// within the memory of one: then each kind's fit too, and looking at hostile ones takes a fraction of a second.
bool fit_together(const Rules& rules) {
  RE2::Set all(RE2::Quiet, RE2::UNANCHORED);
  auto add = [&](const BlockedValues& blocked) {
    for (const std::string& pattern : blocked.patterns) all.Add(pattern, nullptr);
  };
  add(rules.blocked);
  for (const auto& [kind, blocked] : rules.blocked_of_kind) add(blocked);
  return all.Compile();
}

}  // namespace

Rules default_rules() { return {ClaimsPolicy::fill, default_kinds(), default_hubs(), {}, {}}; }

std::optional<std::string> pattern_mistake(const std::string& pattern) {
  RE2::Set set(RE2::Quiet, RE2::UNANCHORED);
  std::string mistake;
  if (set.Add(pattern, &mistake) >= 0) return std::nullopt;
  return mistake;
}

std::vector<std::string> mistakes_of(const Rules& rules) {
  std::vector<std::string> mistakes;
  find_kind_mistakes(rules, mistakes);
  find_hub_mistakes(rules, mistakes);
  find_blocked_mistakes("every kind", rules.blocked, mistakes);
  size_t exact = rules.blocked.exact.size(), patterns = rules.blocked.patterns.size();
  for (const auto& [kind, blocked] : rules.blocked_of_kind) {
    find_blocked_mistakes(kind_name(kind), blocked, mistakes);
    exact += blocked.exact.size();
    patterns += blocked.patterns.size();
  }
  if (patterns > kPatternsMax) mistakes.push_back("more than " + std::to_string(kPatternsMax) + " patterns");
  if (exact > kExactValuesMax) mistakes.push_back("more than " + std::to_string(kExactValuesMax) + " blocked values");
  if (mistakes.empty() && patterns > 0 && !fit_together(rules)) {
    mistakes.push_back("blocked values: the patterns are too large together");
  }
  return mistakes;
}

std::string encode_rules(const Rules& rules) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(kRulesVersion);
  out.u8(static_cast<uint8_t>(rules.claims));
  out.varint(rules.kinds.size());
  for (const auto& [kind, rule] : rules.kinds) {
    encode(kind, out);
    encode(rule, out);
  }
  out.varint(rules.hubs.size());
  for (const auto& [kind, row] : rules.hubs) {
    encode(kind, out);
    out.varint(row.size());
    for (const auto& [met, most] : row) {
      encode(met, out);
      out.varint(most);
    }
  }
  encode(rules.blocked, out);
  out.varint(rules.blocked_of_kind.size());
  for (const auto& [kind, blocked] : rules.blocked_of_kind) {
    encode(kind, out);
    encode(blocked, out);
  }
  return bytes;
}

Result<Rules> decode_rules(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.u8() != kRulesVersion) return Error{ErrorCode::corrupt, "rules have an unknown version"};
  Rules rules;
  rules.claims = static_cast<ClaimsPolicy>(in.u8());
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    IdentifierKind kind = decode_kind(in);
    rules.kinds[kind] = decode_kind_rule(in);
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    auto& row = rules.hubs[decode_kind(in)];
    for (uint64_t m = in.varint(); m > 0 && in.ok(); --m) {
      IdentifierKind met = decode_kind(in);
      row[met] = static_cast<uint32_t>(in.varint());
    }
  }
  rules.blocked = decode_blocked(in);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    IdentifierKind kind = decode_kind(in);
    rules.blocked_of_kind[kind] = decode_blocked(in);
  }
  if (!in.ok()) return Error{ErrorCode::corrupt, "rules are cut short"};
  return rules;
}

}  // namespace tributary
