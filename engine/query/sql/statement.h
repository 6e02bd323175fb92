// What the tables and functions of one running statement share.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/json_index.h"
#include "engine/log/log.h"
#include "engine/query/customer.h"
#include "engine/query/sql_view.h"

namespace tributary {

class SqlCustomer;

/// What a statement reads: one snapshot of one workspace. The references outlive it.
struct SqlSource {
  std::shared_ptr<const StateReader> snapshot;
  Log& log;
  const KeyedHash& index_key;
  const KeyedHash& cursor_key;
  WorkspaceId workspace;
  RuleSet rules;
  std::shared_ptr<const RfmScale> scale;
  std::shared_ptr<const TagLibrary> tags;
};

/// Owner: the thread that runs the statement.
class SqlStatement {
 public:
  SqlStatement(const SqlSource& read_source, const SqlQuery& asked_query, const std::function<bool()>& is_cancelled);
  ~SqlStatement();
  SqlStatement(const SqlStatement&) = delete;
  SqlStatement& operator=(const SqlStatement&) = delete;

  const SqlSource& source;
  const SqlQuery& query;

  /// True once it has to end; then `end_reason` says why.
  bool must_end();
  std::optional<SqlFaultKind> end_reason;

  /// Keeps the first failure of the store.
  void fail(const Error& error);
  std::optional<Error> failure;

  std::string denied;  // what the authoriser refused last
  uint64_t scanned = 0;
  uint64_t withheld = 0;

  /// The customer with this id: one that a table is at, or one that is read now. Null when there is none. Valid until
  /// the next call, or until its table goes on.
  Result<SqlCustomer*> customer(std::string_view id);
  /// A table came to, or leaves, a customer.
  void enter(SqlCustomer& at);
  void leave(SqlCustomer& at);

  /// The member of an event's JSON as it stands there; empty when it is missing or null.
  std::string event_member(const std::string& json, std::string_view name);
  /// The member of an object's JSON text.
  JsonValue member_of(const std::string& json, std::string_view name);

 private:
  const std::function<bool()>& cancelled_;
  std::chrono::steady_clock::time_point end_;
  std::vector<SqlCustomer*> current_;
  std::unique_ptr<SqlCustomer> looked_up_;
  JsonIndex json_;
  std::string padded_;
};

}  // namespace tributary
