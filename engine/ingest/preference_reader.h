// What events say about what a customer likes, and does not want to be offered.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Needs `kind`, `value` and `weight`, -1 to 1.
void read_preference_set(const FactProperties& properties, Event& event);

/// Exclusion Added and Removed need `kind` and `value`; Recommendation Dismissed `item_kind` and `item`.
void read_exclusion(const FactProperties& properties, Event& event);

/// Product Viewed, Added to Wishlist, Added, Removed, Tried On: one fact for `category` and one for `brand`.
void read_product_interest(const FactProperties& properties, Event& event);

/// With `rating`, 1 to 5: category, brand and the product itself.
void read_product_review(const FactProperties& properties, Event& event);

/// Order Completed and Updated: one fact for each category and brand of their `products`. The order was read before.
void read_order_interest(const FactProperties& properties, Event& event);

}  // namespace tributary
