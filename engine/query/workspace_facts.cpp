#include "engine/query/workspace_facts.h"

#include <algorithm>
#include <tuple>

#include "engine/base/bytes.h"
#include "engine/base/hash_bytes.h"
#include "engine/query/cursor.h"
#include "engine/query/facts.h"

namespace tributary {
namespace {

auto place_of(const Fact& fact) { return std::tie(fact.at, fact.message, fact.subject); }

bool stands_before(const Fact& a, const Fact& b) { return place_of(a) < place_of(b); }

std::string cursor_kind(FactKind kind) { return "facts " + std::to_string(static_cast<int>(kind)); }

Result<Fact> place_in(std::string_view position) {
  if (position.size() != 8 + 16 + 16) return Error{ErrorCode::invalid, "cursor is not valid"};
  ByteReader in(position);
  Fact place;
  place.at = Timestamp{in.i64()};
  place.message = read_hash(in);
  place.subject = read_hash(in);
  return place;
}

std::string position_of(const Fact& fact) {
  std::string position;
  ByteWriter out(position);
  out.i64(fact.at.micros);
  out.raw(fact.message.view());
  out.raw(fact.subject.view());
  return position;
}

}  // namespace

Result<std::vector<Fact>> read_workspace_facts(const StateReader& reader, WorkspaceId workspace, FactKind kind) {
  std::vector<Fact> facts;
  auto rows = reader.scan(Family::fact, fact_prefix(workspace, kOfWorkspace, kOfWorkspace, kind));
  for (; rows->valid(); rows->next()) {
    Fact& fact = facts.emplace_back();
    read_fact_key(rows->key(), fact);
    TRIBUTARY_TRY(decode_fact(rows->value(), fact));
  }
  TRIBUTARY_TRY(rows->status());
  return facts;
}

Result<FactsPage> read_facts_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                  FactKind kind, const PageQuery& query) {
  FactsPage page;
  page.customer = customer.id;
  auto facts = read_facts(reader, customer, kind, page.complete);
  if (!facts) return facts.error();
  std::sort(facts->begin(), facts->end(), stands_before);
  auto end = facts->end();
  if (!query.cursor.empty()) {
    auto position = open_cursor(cursor_key, cursor_kind(kind), query.cursor);
    if (!position) return position.error();
    auto before = place_in(*position);
    if (!before) return before.error();
    end = std::lower_bound(facts->begin(), facts->end(), *before, stands_before);
  }
  while (end != facts->begin() && page.facts.size() < query.limit) page.facts.push_back(std::move(*--end));
  if (end == facts->begin()) return page;
  page.next_cursor = seal_cursor(cursor_key, cursor_kind(kind), position_of(page.facts.back()));
  return page;
}

}  // namespace tributary
