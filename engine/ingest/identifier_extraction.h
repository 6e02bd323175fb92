// Where in an event identifiers stand, and how far each place can be trusted.
#pragma once

#include <span>

#include "engine/domain/event.h"
#include "engine/domain/source.h"
#include "engine/ingest/identifier_collector.h"
#include "engine/ingest/item_fields.h"

namespace tributary {

struct ExtractionRules {
  Trust source_trust = Trust::claimed;
  /// Jitsu's server client keeps one anonymousId and the last user's traits for everybody: beside a userId the
  /// anonymousId, and context.traits always, are data.
  bool shared_anonymous_id = false;
  bool listed_only = false;  // see ReceiveContext::identifiers_listed
  /// The base record that the event saves, which somebody entitled says; null when it saves none.
  const FactSaid* record = nullptr;
  /// Places of the source's own.
  std::span<const IdentifierPath> paths = {};
};

/// Adds userId, anonymousId, previousId, e-mail and phone from traits, context.traits and properties, device ids,
/// context.externalIds (Segment) and context.externalId (RudderStack), an entry of which may say `"claimed": true`.
/// Whatever stands in `properties` is claimed, because "send to a friend" names somebody else. `groupId` is none, and
/// the traits of a group describe the group.
///
/// A base record names its customer: by customer number and credit code, and a person by phone and e-mail. Those of an
/// organisation are of somebody who works there, perhaps for others as well, and identify nobody.
///
/// Then strings and numbers in the places of the source's own. `traits` there means what it means above: the traits of
/// the item and those of its context.
void extract_identifiers(EventType type, const ItemFields& fields, const ContextFields& context,
                         const ExtractionRules& rules, IdentifierCollector& collector);

}  // namespace tributary
