// Whether an event of the catalogue has the properties it should. What it lacks is noted; the event is kept.
#pragma once

#include <cstdint>

#include "engine/ingest/catalogue.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// EventFlags::kPropertyMissing and kPropertyWrong, as they apply. A number may be text, as some SDKs send it, and an
/// id a number.
uint8_t check_properties(const CatalogueEvent& event, const JsonValue& properties);

}  // namespace tributary
