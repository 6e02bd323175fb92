// What a track event of the catalogue says about an order.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/domain/order.h"
#include "engine/domain/source.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// What an order may hold: `bytes` of an id; longer ones name nothing.
struct OrderReading {
  const Source& source;
  const KeyedHash& index_key;
  size_t id_bytes_max;
};

/// Nothing for events that are not about orders, and for those without a usable `order_id`. Of several namespaces the
/// property `order_namespace` counts before the source's setting, and that before the source itself.
///
/// Amounts are numbers or text of numbers, kept digit by digit; one that is neither is left out, as the event's flag
/// kPropertyWrong tells. Lines are kept up to kOrderLinesMax and 16 KiB; their sum is of all.
std::optional<OrderSaid> read_order(std::string_view event_name, const JsonValue& properties,
                                    const OrderReading& reading, uint8_t& flags);

}  // namespace tributary
