// A customer as the API shows it, whoever asks: by reading, or after a change.
#pragma once

#include "connectors/http/message.h"
#include "connectors/query/api_access.h"
#include "connectors/query/value_json.h"

namespace tributary {

/// The profile as of `now`, which it was read for, with the ETag of its record.
HttpResponse profile_answer(const ValueRules& rules, const ApiCaller& caller, const WholeProfile& customer,
                            bool verbose, Timestamp now);

}  // namespace tributary
