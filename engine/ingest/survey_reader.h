// What a customer answers and how it feels about us: Survey Answered, Product Reviewed, Post Commented, Mention Found.
#pragma once

#include "engine/domain/event.h"
#include "engine/ingest/fact_properties.h"

namespace tributary {

/// Needs `survey_id` and `kind`; `score` for the kinds that have one: nps 0 to 10, csat 1 to 5, ces 1 to 7.
void read_survey_answered(const FactProperties& properties, Event& event);

/// Keeps `sentiment`, if there is one.
void read_feeling(const FactProperties& properties, Event& event);

}  // namespace tributary
