// `context` and `integrations` of a batch stand for every item of it.
#pragma once

#include <string>

#include "engine/ingest/json_index.h"

namespace tributary {

/// Members of the batch that are merged into each item; absent when there are none.
struct BatchDefaults {
  JsonValue context, integrations;
  bool any() const { return !context.is(JsonKind::absent) || !integrations.is(JsonKind::absent); }
};

/// `context` and `integrations` of the batch where they are objects with members.
BatchDefaults read_batch_defaults(const JsonValue& batch_object);

/// The item's text with the defaults merged in deeply; the item wins. Its own members keep their order and their bytes,
/// the defaults it lacks come behind. `item` is an object.
std::string merged_item(const JsonValue& item, const BatchDefaults& defaults);

}  // namespace tributary
