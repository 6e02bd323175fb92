// A customer's base record: Customer Record Saved, and Owner Changed, which changes one field of it.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Counts only when somebody entitled says it. A whole save needs `name`, and of an organisation `contact_name` and
/// `contact_phone`, of a person `phone` or `email`; `partial: true` lifts that. A field that is null is cleared. One
/// whose value is wrong is left out and noted under RecordField::codes; the rest is kept.
void read_customer_record_saved(const FactProperties& properties, Event& event);

/// Needs `to`.
void read_owner_changed(const FactProperties& properties, Event& event);

}  // namespace tributary
