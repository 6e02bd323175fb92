// Tags of a customer: Tag Added and Tag Removed.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Needs `type` and `name`. `origin` is `import` unless it says otherwise; `by` is the event's source unless it says
/// otherwise. Whether the tag may be given is for readers to judge: the library may change.
void read_tag(const FactProperties& properties, Event& event);

}  // namespace tributary
