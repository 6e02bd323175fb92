#include "engine/query/sql/statement.h"

#include <algorithm>

#include "engine/query/sql/customer_row.h"

namespace tributary {
namespace {

constexpr size_t kJsonPadding = 64;
constexpr size_t kEventJsonMax = kRecordPayloadMax;
constexpr size_t kAnyDepth = 1024;

}  // namespace

SqlStatement::SqlStatement(const SqlSource& read_source, const SqlQuery& asked_query,
                           const std::function<bool()>& is_cancelled)
    : source(read_source),
      query(asked_query),
      cancelled_(is_cancelled),
      end_(std::chrono::steady_clock::now() + std::chrono::microseconds(asked_query.time_max_micros)),
      json_(kEventJsonMax) {}

SqlStatement::~SqlStatement() = default;

bool SqlStatement::must_end() {
  if (end_reason || failure) return true;
  if (cancelled_()) {
    end_reason = SqlFaultKind::cancelled;
  } else if (std::chrono::steady_clock::now() >= end_) {
    end_reason = SqlFaultKind::time_limit;
  }
  return end_reason.has_value();
}

void SqlStatement::fail(const Error& error) {
  if (!failure) failure = error;
}

Result<SqlCustomer*> SqlStatement::customer(std::string_view id) {
  for (SqlCustomer* each : current_) {
    if (each->id() == id) return each;
  }
  if (looked_up_ != nullptr && looked_up_->id() == id) return looked_up_.get();
  auto parsed = CustomerId::parse(id);
  if (!parsed) return nullptr;
  auto found = find_customer(*source.snapshot, source.workspace, parsed->anchor, source.rules);
  if (!found && found.error().code == ErrorCode::not_found) return nullptr;
  if (!found) return found.error();
  looked_up_ = std::make_unique<SqlCustomer>(*this, std::make_unique<const Customer>(std::move(*found)));
  return looked_up_.get();
}

void SqlStatement::enter(SqlCustomer& at) { current_.push_back(&at); }
void SqlStatement::leave(SqlCustomer& at) { std::erase(current_, &at); }

JsonValue SqlStatement::member_of(const std::string& json, std::string_view name) {
  padded_.assign(json);
  size_t bytes = padded_.size();
  padded_.append(kJsonPadding, ' ');
  std::string_view text(padded_.data(), bytes);
  if (json_.build(text, text, kAnyDepth) != JsonProof::valid) return {};
  return find_member(json_.root(), name);
}

std::string SqlStatement::event_member(const std::string& json, std::string_view name) {
  JsonValue member = member_of(json, name);
  if (member.is(JsonKind::absent) || member.is(JsonKind::null)) return {};
  return std::string(member.raw());
}

}  // namespace tributary
