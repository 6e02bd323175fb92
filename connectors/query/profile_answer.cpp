#include "connectors/query/profile_answer.h"

#include "connectors/http/answers.h"
#include "connectors/query/query_json.h"
#include "connectors/query/record_json.h"

namespace tributary {

Result<HttpResponse> profile_answer(Engine& engine, const ValueRules& rules, const ApiCaller& caller,
                                    ProfileView profile, bool verbose, Timestamp now) {
  WorkspaceId workspace = caller.key->workspace;
  auto as_of = value_moment(engine, rules, workspace, now);
  if (!as_of) return as_of.error();
  auto computed = engine.computed_traits(workspace, profile.id, now);
  if (!computed) return computed.error();
  profile.computed_traits = std::move(*computed);
  HttpResponse response = json_response(profile_json(profile, caller.key->workspace_name, verbose, *as_of));
  response.headers.emplace_back("ETag", record_etag(record_of(profile, *as_of)));
  return response;
}

}  // namespace tributary
