#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace tributary::fixtures {

/// An engine that knows nobody. A test says what becomes of events.
class EngineWithoutCustomers : public Engine {
 public:
  const KeyedHash& index_key(WorkspaceId) override { return key_; }
  Result<ProfileView> profile_of(WorkspaceId, const Identifier&) override { return Error(ErrorCode::not_found, ""); }
  Result<ProfileView> profile(WorkspaceId, const CustomerId&) override { return Error(ErrorCode::not_found, ""); }
  Result<TimelinePage> timeline(WorkspaceId, const CustomerId&, const TimelineQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<RejectedPage> rejected_events(WorkspaceId, const RejectedQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  std::vector<ReadinessCheck> readiness() const override { return {}; }
  bool failed() const override { return false; }
  void stop() override {}

 private:
  KeyedHash key_{std::string(32, 'k')};
};

}  // namespace tributary::fixtures
