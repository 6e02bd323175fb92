#include "connectors/stream/redis_options.h"

#include <unistd.h>

#include "connectors/stream/consumer.h"
#include "connectors/stream/option_check.h"

namespace tributary {

RedisOptions read_redis_options(const StreamSource& source) {
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  RedisOptions options;
  options.consumer = option_text(source, "consumer", std::string(host) + '-' + source.source.id);
  options.claim_idle = option_duration(source, "claim_idle", options.claim_idle);
  options.field = option_text(source, "field");
  options.db = option_integer(source, "db", 0);
  return options;
}

std::vector<std::string> check_redis(const StreamSource& source) {
  OptionCheck check(source);
  check.servers();
  check.topics("streams");
  check.known({"consumer", "claim_idle", "field", "db"});
  check.not_empty("consumer");
  check.not_empty("field");
  check.duration("claim_idle", std::chrono::seconds(1), std::chrono::hours(24));
  check.integer("db", 0, 1'000'000);
  if (source.group.empty()) check.add("group: is needed");
  if (!source.username.empty() && source.password.empty()) check.add("username: is given without a password");
  if (source.tls.enabled) {
    check.add("tls: the Redis client library (hiredis 0.14) has none; use a private network or a tunnel");
  }
  return check.take();
}

}  // namespace tributary
