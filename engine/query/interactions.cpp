#include "engine/query/interactions.h"

#include <algorithm>
#include <tuple>

#include "engine/base/bytes.h"
#include "engine/base/hash_bytes.h"
#include "engine/query/cursor.h"
#include "engine/query/facts.h"

namespace tributary {
namespace {

constexpr std::string_view kInteractionsCursor = "interactions";

auto place_of(const Interaction& talk) { return std::tie(talk.told.at, talk.told.message); }

bool is_before(const Interaction& a, const Interaction& b) { return place_of(a) < place_of(b); }

}  // namespace

Result<InteractionsPage> read_interactions_page(const StateReader& reader, const KeyedHash& cursor_key,
                                                const Customer& customer, const PageQuery& query) {
  InteractionsPage page;
  page.customer = customer.id;
  auto facts = read_facts(reader, customer, FactKind::interaction, page.complete);
  if (!facts) return facts.error();
  std::vector<Interaction> talks = interactions_of(*facts);
  std::sort(talks.begin(), talks.end(), is_before);
  auto end = talks.end();
  if (!query.cursor.empty()) {
    auto position = open_cursor(cursor_key, kInteractionsCursor, query.cursor);
    if (!position || position->size() != 8 + 16) return Error{ErrorCode::invalid, "cursor is not valid"};
    ByteReader in(*position);
    Interaction before;
    before.told.at = Timestamp{in.i64()};
    before.told.message = read_hash(in);
    end = std::lower_bound(talks.begin(), talks.end(), before, is_before);
  }
  while (end != talks.begin() && page.interactions.size() < query.limit) {
    page.interactions.push_back(std::move(*--end));
  }
  if (end == talks.begin()) return page;
  std::string position;
  ByteWriter out(position);
  out.i64(page.interactions.back().told.at.micros);
  out.raw(page.interactions.back().told.message.view());
  page.next_cursor = seal_cursor(cursor_key, kInteractionsCursor, position);
  return page;
}

}  // namespace tributary
