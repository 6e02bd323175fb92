#pragma once

#include <string>
#include <vector>

#include "engine/profile/fragment.h"

namespace tributary {

/// What a test says about an event.
struct SketchedEvent {
  struct Trait {
    TraitOperation operation;
    std::string key;
    std::string value_json;
  };
  std::string message_id = "m";
  int64_t at = 0;
  std::vector<Trait> traits = {};
  std::string source = "shop";
  Trust trust = Trust::verified;
  std::string name = "";
  std::string channel = "";
  EventType type = EventType::track;
};

/// Lifetime: the view points into `event`.
inline EventView view_of(const SketchedEvent& event) {
  EventView view;
  view.source = event.source;
  view.message_id = event.message_id;
  view.type = event.type;
  view.name = event.name;
  view.channel = event.channel;
  view.occurred_at = Timestamp{event.at};
  view.identifiers.push_back({Hash128{}, event.trust, IdentifierFamily::user_id, {}, {}});
  for (const auto& trait : event.traits) view.traits.push_back({trait.operation, trait.key, trait.value_json});
  return view;
}

inline Fragment fragment_of(const std::vector<SketchedEvent>& events) {
  Fragment fragment;
  for (const SketchedEvent& event : events) apply(fragment, view_of(event));
  return fragment;
}

inline std::string bytes_of(const Fragment& fragment) {
  std::string bytes;
  encode_fragment(fragment, bytes);
  return bytes;
}

}  // namespace tributary
