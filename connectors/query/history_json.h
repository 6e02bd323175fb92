// What changed about a customer, as the JSON that readers get.
#pragma once

#include <string>

#include "engine/engine.h"

namespace tributary {

std::string history_json(const HistoryPage& page);

}  // namespace tributary
