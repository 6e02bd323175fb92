#include "tests/model/profile_lines.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "engine/domain/record.h"
#include "tests/model/order_lines.h"

namespace tributary::model {
namespace {

// A set value or its unset beats a value set once, and both beat a sum.
std::map<std::string, TraitLine> traits_of(const std::vector<const Event*>& events, int64_t last_seen) {
  using Version = std::tuple<int, int64_t, std::string, std::string, std::string>;
  std::map<std::string, Version> latest, earliest;
  std::map<std::string, int64_t> sums;
  for (const Event* event : events) {
    int trust = 0;
    for (const EventIdentifier& id : event->identifiers) trust = std::max(trust, static_cast<int>(id.trust));
    for (const TraitChange& trait : event->traits) {
      Version version{trust, event->occurred_at.micros, event->message_id, trait.value_json, event->source};
      if (trait.operation == TraitOperation::increment) {
        sums[trait.key] += std::stoll(trait.value_json);
      } else if (trait.operation == TraitOperation::set) {
        latest[trait.key] = std::max(latest.emplace(trait.key, version).first->second, version);
      } else {
        std::get<0>(version) = 0;  // trust does not count
        earliest[trait.key] = std::min(earliest.emplace(trait.key, version).first->second, version);
      }
    }
  }
  std::map<std::string, TraitLine> traits;
  for (const auto* versions : {&latest, &earliest}) {
    for (const auto& [key, v] : *versions) {
      traits.emplace(key, TraitLine{std::get<3>(v), std::get<4>(v), std::get<2>(v), std::get<1>(v)});
    }
  }
  for (const auto& [key, sum] : sums) traits.emplace(key, TraitLine{std::to_string(sum), "", "", last_seen});
  std::erase_if(traits, [](const auto& trait) { return trait.second.value_json == "null"; });
  return traits;
}

std::vector<std::string> facts_of(const std::vector<const Event*>& events) {
  std::vector<std::string> facts;
  for (const Event* event : events) {
    for (const FactSaid& fact : event->facts) {
      std::string said = std::to_string(static_cast<int>(fact.kind)) + "." + std::to_string(fact.act) + " " +
                         fact.subject_text + " at " + std::to_string(event->occurred_at.micros) + " trust " +
                         std::to_string(static_cast<int>(fact.trust)) + " by " + event->source + "/" +
                         event->message_id;
      for (const auto& value : fact.values) said += " " + std::to_string(value.field) + "=" + value.text;
      facts.push_back(std::move(said));
    }
  }
  std::sort(facts.begin(), facts.end());
  return facts;
}

std::vector<std::string> timeline_of(const std::vector<const Event*>& events, const KeyedHash& index_key) {
  std::map<std::pair<int64_t, Hash128>, std::string> newest_first;
  for (const Event* event : events) {
    Hash128 message = message_hash(index_key, event->source, event->message_id);
    newest_first.emplace(std::pair{-event->occurred_at.micros, message}, event->source + "/" + event->message_id);
  }
  std::vector<std::string> timeline;
  for (const auto& [position, name] : newest_first) timeline.push_back(name);
  return timeline;
}

}  // namespace

CustomerLine profile_of(const std::vector<const Event*>& events, const KeyedHash& index_key) {
  CustomerLine customer;
  if (events.empty()) return customer;
  customer.events = events.size();
  customer.first_seen = INT64_MAX;
  customer.last_seen = INT64_MIN;
  std::set<std::string> channels;
  for (const Event* event : events) {
    customer.first_seen = std::min(customer.first_seen, event->occurred_at.micros);
    customer.last_seen = std::max(customer.last_seen, event->occurred_at.micros);
    ++customer.event_counts[event->name.empty() ? std::string(event_type_name(event->type)) : event->name];
    if (!event->channel.empty()) channels.insert(event->channel);
  }
  customer.channels.assign(channels.begin(), channels.end());
  customer.traits = traits_of(events, customer.last_seen);
  customer.orders = orders_of(events, index_key);
  customer.facts = facts_of(events);
  customer.timeline = timeline_of(events, index_key);
  return customer;
}

}  // namespace tributary::model
