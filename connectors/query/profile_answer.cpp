#include "connectors/query/profile_answer.h"

#include "connectors/http/answers.h"
#include "connectors/query/query_json.h"
#include "connectors/query/record_json.h"

namespace tributary {

HttpResponse profile_answer(const ValueRules& rules, const ApiCaller& caller, const WholeProfile& customer,
                            bool verbose, Timestamp now) {
  const ValueMoment as_of{rules, now, customer.scale, customer.tags};
  HttpResponse response = json_response(profile_json(customer.profile, caller.key->workspace_name, verbose, as_of));
  response.headers.emplace_back("ETag", record_etag(record_of(customer.profile, as_of)));
  return response;
}

}  // namespace tributary
