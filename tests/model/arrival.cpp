#include "tests/model/arrival.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/model/universe.h"

namespace tributary::model {
namespace {

int64_t seconds(Timestamp at) { return (at.micros - kBaseMicros) / kMicrosPerSecond; }

std::string describe(const Event& event) {
  std::string text = fmt::format("{}/{} at {} {{", event.source, event.message_id, seconds(event.occurred_at));
  for (const EventIdentifier& id : event.identifiers) {
    text += " " + id.identifier.value() + (id.trust == Trust::verified ? "" : "~");
  }
  text += " }";
  for (const TraitChange& trait : event.traits) {
    text += fmt::format(" {}/{}={}", trait.key, static_cast<int>(trait.operation), trait.value_json);
  }
  return text;
}

std::string state_of(const Assertion& assertion) {
  switch (assertion.subject) {
    case AssertionSubject::pair:
      return std::vector<std::string>{"pair none", "pair must", "pair cannot"}[static_cast<size_t>(assertion.pair)];
    case AssertionSubject::hub:
      return std::vector<std::string>{"hub automatic", "hub always", "hub never"}[static_cast<size_t>(assertion.hub)];
    case AssertionSubject::cut:
      return fmt::format("cut at {}", seconds(assertion.cut_at));
    case AssertionSubject::evidence:
      break;
  }
  return assertion.evidence_state == EvidenceState::live ? "evidence live" : "evidence retracted";
}

std::string describe(const Assertion& assertion) {
  std::string text =
      fmt::format("{} at {}: {}", assertion.decision.id, seconds(assertion.decision.at), state_of(assertion));
  for (const AssertedIdentifier& id : assertion.identifiers) text += " " + id.identifier.value();
  return text;
}

std::string describe(const BlockedValues& blocked, const std::string& of) {
  std::string text;
  for (const std::string& value : blocked.exact) text += fmt::format("; blocked of {}: {}", of, value);
  for (const std::string& pattern : blocked.patterns) text += fmt::format("; blocked of {}: /{}/", of, pattern);
  return text;
}

std::string describe(const std::string& kind, const KindRule& rule) {
  std::string text =
      fmt::format("; {}: priority {}{} limit {}", kind, rule.priority, rule.weak ? " weak" : "", rule.limit);
  for (const WindowLimit& window : rule.windows) {
    text += fmt::format(", {} in {} s", window.count, window.window_micros / kMicrosPerSecond);
  }
  return text + (rule.owner == OwnerPolicy::newest ? ", newest" : "");
}

// What differs from the default rules.
std::string describe(const Rules& rules) {
  std::string text = fmt::format("rules: claims {}", static_cast<int>(rules.claims));
  Rules defaults = default_rules();
  for (const auto& [kind, rule] : rules.kinds) {
    auto known = defaults.kinds.find(kind);
    if (known == defaults.kinds.end() || known->second != rule) text += describe(kind_name(kind), rule);
  }
  if (rules.hubs.size() < defaults.hubs.size()) text += "; no thresholds but these";
  for (const auto& [kind, row] : rules.hubs) {
    for (const auto& [met, most] : row) {
      const auto& known = defaults.hubs[kind];
      if (auto cell = known.find(met); cell != known.end() && cell->second == most) continue;
      text += fmt::format("; {} meets {} {}", kind_name(kind), most, kind_name(met));
    }
  }
  text += describe(rules.blocked, "every kind");
  for (const auto& [kind, blocked] : rules.blocked_of_kind) text += describe(blocked, kind_name(kind));
  return text;
}

}  // namespace

World world_after(std::span<const Step> steps) {
  World world;
  for (const Step& step : steps) {
    if (const auto* event = std::get_if<Event>(&step)) {
      world.events.push_back(*event);
    } else if (const auto* assertion = std::get_if<Assertion>(&step)) {
      world.assertions.push_back(*assertion);
    } else {
      world.rules = std::get<Rules>(step);
    }
  }
  return world;
}

Steps with_evidence_first(const Steps& steps, const KeyedHash& index_key) {
  Steps ordered, early;
  std::set<Hash128> seen;
  for (const Step& step : steps) {
    const auto* assertion = std::get_if<Assertion>(&step);
    bool too_early =
        assertion != nullptr && assertion->subject == AssertionSubject::evidence && !seen.contains(assertion->evidence);
    (too_early ? early : ordered).push_back(step);
    const auto* event = std::get_if<Event>(&step);
    if (event == nullptr || !seen.insert(evidence_of(*event, index_key)).second) continue;
    auto now = [&](const Step& waiting) { return seen.contains(std::get<Assertion>(waiting).evidence); };
    std::copy_if(early.begin(), early.end(), std::back_inserter(ordered), now);
    std::erase_if(early, now);
  }
  return ordered;
}

size_t group_of(std::span<const Step> steps, size_t most) {
  auto is_event = [](const Step& step) { return std::holds_alternative<Event>(step); };
  auto end = std::find_if_not(steps.begin(), steps.end(), is_event);
  auto events = static_cast<size_t>(end - steps.begin());
  return std::max<size_t>(1, std::min(events, most));
}

size_t tell(FoldHarness& harness, WorkspaceId workspace, std::span<const Step> group) {
  if (const auto* assertion = std::get_if<Assertion>(&group.front())) {
    harness.decide(workspace, *assertion);
    return 0;
  }
  if (const auto* rules = std::get_if<Rules>(&group.front())) {
    harness.change_rules(workspace, *rules);
    return 0;
  }
  std::vector<Event> events;
  for (const Step& step : group) events.push_back(std::get<Event>(step));
  auto outcomes = harness.fold(workspace, events);
  return static_cast<size_t>(std::count(outcomes.begin(), outcomes.end(), ItemOutcome::accepted));
}

std::string describe(const Steps& steps) {
  std::string text;
  for (const Step& step : steps) {
    text += std::visit([](const auto& one) { return describe(one); }, step) + "\n";
  }
  return text;
}

}  // namespace tributary::model
