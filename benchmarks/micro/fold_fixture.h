// A fold over a store of its own, and events for it. State goes to TRIBUTARY_BENCHMARK_DIR, or to the directory for
// temporary files.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/check.h"
#include "engine/fold/fold.h"

namespace tributary::bench {

constexpr size_t kGroupRecords = 1'000;
constexpr int64_t kStartMicros = 1'767'225'600 * kMicrosPerSecond;
const WorkspaceId kWorkspace{7};

inline const KeyedHash& index_key() {
  static const KeyedHash key(std::string(32, 'b'));
  return key;
}

inline EventIdentifier identifier(IdentifierFamily family, std::string value) {
  Identifier made = Identifier::from_normalised({family, {}}, std::move(value));
  return {made, identifier_hash(index_key(), made), Trust::verified};
}

/// Encoded events with message ids that never repeat.
class EventMaker {
 public:
  /// An order of this customer, under its user id and its browser's cookie: the same evidence every time.
  std::string order(uint32_t customer) { return encoded("Order Completed", of_known_browser(customer)); }

  /// The same, and the fold is told that it is one: a new order with every event.
  std::string new_order(uint32_t customer) {
    std::string number = std::to_string(messages_);
    OrderSaid said;
    said.order = order_hash(index_key(), "shop", number);
    said.order_namespace = "shop";
    said.order_id = number;
    said.values = {{OrderField::currency, "USD"}, {OrderField::total, "27.50"},  {OrderField::line_sum, "25"},
                   {OrderField::quantity, "3"},   {OrderField::line_count, "2"}, {OrderField::lines, lines_}};
    return encoded("Order Completed", of_known_browser(customer), std::move(said));
  }

  /// A visit of this customer with a browser that was never seen before: new evidence for a known customer.
  std::string visit_with_new_browser(uint32_t customer) {
    return encoded("Page Viewed", {identifier(IdentifierFamily::user_id, "user-" + std::to_string(customer)),
                                   identifier(IdentifierFamily::anonymous_id, "new-" + std::to_string(numbers_()))});
  }

  /// Somebody who logs in on a device that everybody uses.
  std::string login_on_shared_device() {
    return encoded("Logged In", {identifier(IdentifierFamily::user_id, "guest-" + std::to_string(numbers_())),
                                 identifier(IdentifierFamily::anonymous_id, "tablet-in-the-shop")});
  }

  /// A customer who was never seen before.
  std::string stranger() {
    std::string number = std::to_string(numbers_());
    return encoded("Signed Up", {identifier(IdentifierFamily::user_id, "stranger-" + number),
                                 identifier(IdentifierFamily::anonymous_id, "cookie-" + number)});
  }

 private:
  static std::vector<EventIdentifier> of_known_browser(uint32_t customer) {
    std::string number = std::to_string(customer);
    return {identifier(IdentifierFamily::user_id, "user-" + number),
            identifier(IdentifierFamily::anonymous_id, "cookie-of-browser-" + number)};
  }

  std::string encoded(const std::string& name, std::vector<EventIdentifier> identifiers,
                      std::optional<OrderSaid> order = std::nullopt) {
    Event event;
    event.source = "shop";
    event.message_id = "message-" + std::to_string(messages_++);
    event.name = name;
    event.channel = "web";
    event.occurred_at = Timestamp{kStartMicros + static_cast<int64_t>(messages_) * 1000};
    event.traits = {{"last_order", std::to_string(messages_), TraitOperation::set},
                    {"orders", "1", TraitOperation::increment}};
    std::sort(identifiers.begin(), identifiers.end(), [](auto& a, auto& b) { return a.hash < b.hash; });
    event.identifiers = std::move(identifiers);
    event.order = std::move(order);
    event.json = json_;
    std::string payload;
    encode_event(event, index_key(), payload);
    return payload;
  }

  uint64_t messages_ = 0;
  std::mt19937_64 numbers_{1};
  std::string json_ =
      R"({"type":"track","event":"Order Completed","properties":{"order_id":"50314b8e9bcf000000000000",)"
      R"("total":27.50,"currency":"USD","products":[{"product_id":"507f1f77bcf86cd799439011",)"
      R"("sku":"45790-32","name":"Monopoly: 3rd Edition","price":19,"quantity":1,)"
      R"("category":"Games"},{"product_id":"505bd76785ebb509fc183733","sku":"46493-32",)"
      R"("name":"Uno Card Game","price":3,"quantity":2,"category":"Games"}]}})";
  std::string lines_ =
      R"([{"product_id":"507f1f77bcf86cd799439011","sku":"45790-32","name":"Monopoly: 3rd Edition","category":"Games",)"
      R"("price":19,"quantity":1},{"product_id":"505bd76785ebb509fc183733","sku":"46493-32","name":"Uno Card Game",)"
      R"("category":"Games","price":3,"quantity":2}])";
};

/// A fold over a store of its own, with every customer known.
class Bench {
 public:
  explicit Bench(uint32_t customers, size_t front_table_bytes = FoldOptions().front_table_bytes) {
    const char* base = std::getenv("TRIBUTARY_BENCHMARK_DIR");
    directory_ = (base != nullptr ? std::filesystem::path(base) : std::filesystem::temp_directory_path()) /
                 "tributary-fold-benchmark-XXXXXX";
    TRIBUTARY_CHECK(::mkdtemp(directory_.data()) != nullptr);
    store_ = std::move(*StateStore::open({directory_ + "/state", 7 * kMicrosPerDay, false}, memory_));
    fold_ = std::make_unique<Fold>(*store_, FoldOptions{7 * kMicrosPerDay, front_table_bytes}, metrics_);
    TRIBUTARY_CHECK(fold_->open().has_value());
    for (uint32_t customer = 0; customer < customers;) {
      std::vector<std::string> group;
      while (group.size() < kGroupRecords && customer < customers) group.push_back(events.order(customer++));
      fold(group);
    }
    TRIBUTARY_CHECK(store_->flush().has_value());
  }
  ~Bench() {
    fold_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void fold(const std::vector<std::string>& group) {
    records_.clear();
    for (const std::string& payload : group) {
      ++lsn_;
      records_.push_back({Lsn{lsn_}, RecordKind::event, kWorkspace, PartitionId{0},
                          Timestamp{kStartMicros + static_cast<int64_t>(lsn_)}, payload});
    }
    auto applied = fold_->apply(records_, outcomes_);
    while (!applied && applied.error().code == ErrorCode::overloaded) {  // as a partition does
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      applied = fold_->commit();
    }
    TRIBUTARY_CHECK(applied.has_value());
    TRIBUTARY_CHECK(outcomes_.back() == ItemOutcome::accepted);
  }

  StateStore& store() { return *store_; }

  EventMaker events;

 private:
  std::string directory_;
  Metrics metrics_;
  StoreMemory memory_{256 << 20, 64 << 20};
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Fold> fold_;
  std::vector<RecordView> records_;
  std::vector<ItemOutcome> outcomes_;
  uint64_t lsn_ = 0;
};

}  // namespace tributary::bench
