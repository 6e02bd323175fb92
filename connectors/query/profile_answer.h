// A customer as the API shows it, whoever asks: by reading, or after a change.
#pragma once

#include "connectors/http/message.h"
#include "connectors/query/api_access.h"
#include "connectors/query/value_json.h"

namespace tributary {

/// The profile as of `now`, with the ETag of its record. Errors: those of the store.
Result<HttpResponse> profile_answer(Engine& engine, const ValueRules& rules, const ApiCaller& caller,
                                    ProfileView profile, bool verbose, Timestamp now);

}  // namespace tributary
