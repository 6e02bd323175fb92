#include "engine/query/interactions.h"

#include <algorithm>
#include <tuple>

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
    auto place = open_dated_cursor(cursor_key, kInteractionsCursor, query.cursor);
    if (!place) return place.error();
    Interaction before;
    before.told.at = place->at;
    before.told.message = place->hash;
    end = std::lower_bound(talks.begin(), talks.end(), before, is_before);
  }
  while (end != talks.begin() && page.interactions.size() < query.limit) {
    page.interactions.push_back(std::move(*--end));
  }
  if (end == talks.begin()) return page;
  const Fact& last = page.interactions.back().told;
  page.next_cursor = seal_cursor(cursor_key, kInteractionsCursor, DatedPlace{last.at, last.message});
  return page;
}

}  // namespace tributary
