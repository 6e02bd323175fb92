#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace tributary::fixtures {

/// An engine that knows nobody. A test says what becomes of events.
class EngineWithoutCustomers : public Engine {
 public:
  SourceActivity activity(std::string_view) const override { return {}; }
  Result<std::vector<SourcePosition>> positions(WorkspaceId, std::string_view) override {
    return std::vector<SourcePosition>{};
  }
  const KeyedHash& index_key(WorkspaceId) override { return key_; }
  Result<bool> was_seen(WorkspaceId, const Identifier&) override { return false; }
  bool is_suppressed(WorkspaceId, const Identifier&) override { return false; }
  Result<ProfileView> profile_of(WorkspaceId, const Identifier&, std::optional<Timestamp>) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<ProfileView> profile(WorkspaceId, const CustomerId&) override { return Error(ErrorCode::not_found, ""); }
  Result<TimelinePage> timeline(WorkspaceId, const CustomerId&, const TimelineQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<OrdersPage> orders(WorkspaceId, const CustomerId&, const OrdersQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<WholeProfile> whole_profile(WorkspaceId, const NamedCustomer&, Timestamp) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<InteractionsPage> interactions(WorkspaceId, const CustomerId&, const PageQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<TicketsPage> tickets(WorkspaceId, const CustomerId&, const PageQuery&, Timestamp) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<FactsPage> facts(WorkspaceId, const CustomerId&, FactKind, const PageQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<HistoryPage> history(WorkspaceId, const CustomerId&, const PageQuery&, const ValueRules&, Timestamp) override {
    return Error(ErrorCode::not_found, "");
  }
  void decide_fact(WorkspaceId, WorkspaceFact, std::function<void(IngestOutcome)> done) override {
    done({RejectionCode::not_ready, {}});
  }
  Result<std::vector<Fact>> workspace_facts(WorkspaceId, FactKind) override { return std::vector<Fact>(); }
  Result<TagLibrary> tag_library(WorkspaceId) override { return TagLibrary(); }
  Result<RejectedPage> rejected_events(WorkspaceId, const RejectedQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  void assert_identity(WorkspaceId, Assertion, std::function<void(IngestOutcome)> done) override {
    done({RejectionCode::not_ready, {}});
  }
  void change_rules(WorkspaceId, RuleSetChange, std::function<void(IngestOutcome)> done) override {
    done({RejectionCode::not_ready, {}});
  }
  Result<Erasure> list_for_erasure(WorkspaceId, const CustomerId&) override { return Error(ErrorCode::not_found, ""); }
  void erase(WorkspaceId, ErasureRecord, std::function<void(IngestOutcome)> done) override {
    done({RejectionCode::not_ready, {}});
  }
  Result<std::vector<ErasureView>> erasures(WorkspaceId) override { return std::vector<ErasureView>{}; }
  Result<RulesView> rules(WorkspaceId) override { return RulesView{1, default_rules(), {}, false}; }
  Result<ExplainView> explain(WorkspaceId, const CustomerId&, const ExplainQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<ChangesPage> changes(WorkspaceId, const ChangesQuery&) override { return ChangesPage{{}, "end", true}; }
  Result<PreviewView> preview(WorkspaceId, const PreviewQuery&, const std::function<bool()>&) override {
    return PreviewView{};
  }
  Result<DuplicatesView> search_duplicates(WorkspaceId, const DuplicateQuery&, const std::function<bool()>&) override {
    return DuplicatesView{};
  }
  Result<std::unique_ptr<ProfileExport>> export_profiles(WorkspaceId, Timestamp) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<std::unique_ptr<EventExport>> export_events(WorkspaceId, const EventExportQuery&) override {
    return Error(ErrorCode::not_found, "");
  }
  SqlOutcome run_sql(WorkspaceId, const SqlQuery&, SqlRows&, const std::function<bool()>&) override { return {}; }
  Result<std::shared_ptr<const RfmScale>> rfm_scale(WorkspaceId) override { return std::shared_ptr<const RfmScale>(); }
  Result<RfmScale> compute_rfm_scale(WorkspaceId, const RfmScaleQuery&, const std::function<bool()>&) override {
    return RfmScale{};
  }
  void record_rfm_scale(WorkspaceId, const RfmScale&, std::function<void(IngestOutcome)> done) override {
    done({RejectionCode::not_ready, {}});
  }
  TouchedCustomers::Taken take_touched(size_t) override { return {}; }
  Result<WatchedCustomer> watched_customer(WorkspaceId, const CustomerId&) override {
    return Error(ErrorCode::not_found, "");
  }
  Result<WatchedCustomers> watched_customers(WorkspaceId, const std::optional<Hash128>&, size_t) override {
    return WatchedCustomers{};
  }
  void record_profile_changes(WorkspaceId, const std::vector<ProfileChange>&,
                              std::function<void(IngestOutcome)> done) override {
    done({RejectionCode::not_ready, {}});
  }
  Result<ProfileChangesPage> profile_changes(WorkspaceId, const ProfileChangesQuery&) override {
    return ProfileChangesPage{{}, "end", true, false};
  }
  std::vector<ReadinessCheck> readiness() const override { return {}; }
  bool failed() const override { return false; }
  void stop() override {}

 private:
  KeyedHash key_{std::string(32, 'k')};
};

}  // namespace tributary::fixtures
