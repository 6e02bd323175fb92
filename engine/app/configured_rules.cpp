#include "engine/app/configured_rules.h"

#include <future>

namespace tributary {
namespace {

constexpr std::string_view kAuthor = "configuration";

Result<void> activate(Engine& engine, const IdentityConfig::OfWorkspace& configured, const RulesView& active) {
  Timestamp now = system_clock().now();
  RuleSetChange change;
  change.based_on = active.version;
  change.decision = {now, make_uuid_v7(now.micros / 1000), std::string(kAuthor), configured.rules_file};
  change.rules = encode_rules(configured.rules);
  auto done = std::make_shared<std::promise<IngestOutcome>>();  // answered on a thread of the engine
  engine.change_rules(configured.id, std::move(change),
                      [done](const IngestOutcome& outcome) { done->set_value(outcome); });
  IngestOutcome outcome = done->get_future().get();
  if (outcome.refused || outcome.items != std::vector{ItemOutcome::accepted}) {
    return Error{ErrorCode::unavailable, "the rules of " + configured.rules_file + " could not be recorded"};
  }
  return {};
}

}  // namespace

Result<void> apply_configured_rules(Engine& engine, const IdentityConfig& config) {
  for (const IdentityConfig::OfWorkspace& configured : config.workspaces) {
    auto active = engine.rules(configured.id);
    if (!active) return active.error();
    if (active->rules == configured.rules) continue;
    if (active->applying) {
      log_line(LogLevel::warn,
               "customers still follow an earlier change of rules; the file is compared at the next start",
               {{"workspace", configured.workspace}, {"file", configured.rules_file}});
      continue;
    }
    bool by_people = active->version > 1 && active->decision.author != kAuthor;
    std::string_view message = !configured.automatic ? "the configured rules of identity differ from the active ones"
                               : by_people ? "the configured rules of identity replace those that somebody activated"
                                           : "the configured rules of identity become active";
    log_line(configured.automatic && !by_people ? LogLevel::info : LogLevel::warn, message,
             {{"workspace", configured.workspace},
              {"file", configured.rules_file},
              {"active_version", static_cast<int64_t>(active->version)},
              {"active_author", active->decision.author}});
    if (configured.automatic) TRIBUTARY_TRY(activate(engine, configured, *active));
  }
  return {};
}

}  // namespace tributary
