#include "engine/ingest/preference_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/decimal.h"
#include "engine/domain/preference.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kThingBytesMax = 500;  // as of a line of an order
constexpr size_t kReasonBytesMax = 800;
constexpr std::array<std::string_view, 2> kKindsOfProducts = {"category", "brand"};
constexpr int kRatingMost = 5, kLikedLeast = 4, kDislikedMost = 2;

std::string subject_of(std::string_view kind, std::string_view value) {
  return std::string(kind) + ' ' + match_text(value).value_or("");
}

FactSaid preference_said(PreferenceAct act, std::string_view kind, std::string_view value) {
  FactSaid fact;
  fact.kind = FactKind::preference;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = subject_of(kind, value);
  return fact;
}

void say_interest(PreferenceAct act, std::string_view kind, std::string value, Event& event) {
  if (value.empty()) return;
  FactSaid fact = preference_said(act, kind, value);
  fact.values = FactValues().add(PreferenceField::value, std::move(value)).take();
  event.facts.push_back(std::move(fact));
}

void say_exclusion(ExclusionAct act, std::string_view kind, std::string value, std::string reason, Event& event) {
  FactSaid fact;
  fact.kind = FactKind::exclusion;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = subject_of(kind, value);
  fact.values =
      FactValues().add(ExclusionField::value, std::move(value)).add(ExclusionField::reason, std::move(reason)).take();
  event.facts.push_back(std::move(fact));
}

bool is_at_most(const Decimal& a, int most) {
  auto above = add(a, Decimal{-most, 0});
  return above && above->digits <= 0;
}

/// Nothing, and noted when there is one that is none.
std::optional<Decimal> number_within(const FactProperties& properties, std::string_view name, int least, int most) {
  std::string text = properties.number(name);
  auto number = parse_decimal(text);
  bool fits = number && is_at_most(*number, most) && is_at_most(negate(*number), -least);
  if (!text.empty() && !fits) properties.note_wrong();
  return fits ? number : std::nullopt;
}

PreferenceAct interest_act_of(std::string_view event_name) {
  if (event_name == "Product Added to Wishlist") return PreferenceAct::wished;
  if (event_name == "Product Added") return PreferenceAct::added;
  if (event_name == "Product Removed") return PreferenceAct::removed;
  if (event_name == "Product Tried On") return PreferenceAct::tried_on;
  return PreferenceAct::viewed;
}

/// What one order says of one thing.
struct BoughtThing {
  std::string subject, value;
  uint64_t lines = 0;
};

void add_line(const FactProperties& properties, const JsonValue& product, std::vector<BoughtThing>& things) {
  bool gift = find_member(product, "is_gift").raw() == "true";
  for (std::string_view kind : kKindsOfProducts) {
    std::string value = properties.text_of(find_member(product, kind), kThingBytesMax);
    if (value.empty()) continue;
    std::string subject = subject_of(kind, value);
    auto known = std::ranges::find(things, subject, &BoughtThing::subject);
    if (known == things.end() && things.size() >= kFactsPerEventMax) {
      properties.note_wrong();
      continue;
    }
    if (known == things.end()) known = things.insert(known, {std::move(subject), std::move(value)});
    known->lines += gift ? 0 : 1;
  }
}

}  // namespace

void read_preference_set(const FactProperties& properties, Event& event) {
  std::string kind = properties.code("kind", preference_kinds());
  std::string value = properties.text("value", kThingBytesMax);
  auto weight = number_within(properties, "weight", -1, 1);
  if (kind.empty() || value.empty() || !weight) return properties.note_missing();
  FactSaid fact = preference_said(PreferenceAct::set, kind, value);
  fact.values =
      FactValues().add(PreferenceField::value, std::move(value)).add(PreferenceField::weight, to_text(*weight)).take();
  event.facts.push_back(std::move(fact));
}

void read_exclusion(const FactProperties& properties, Event& event) {
  bool dismissed = event.name == "Recommendation Dismissed";
  std::string kind = properties.code(dismissed ? "item_kind" : "kind", preference_kinds());
  std::string value = properties.text(dismissed ? "item" : "value", kThingBytesMax);
  if (kind.empty() || value.empty()) return properties.note_missing();
  ExclusionAct act = event.name == "Exclusion Removed" ? ExclusionAct::removed : ExclusionAct::added;
  if (dismissed) act = ExclusionAct::dismissed;
  say_exclusion(act, kind, std::move(value), properties.text("reason", kReasonBytesMax), event);
}

void read_product_interest(const FactProperties& properties, Event& event) {
  PreferenceAct act = interest_act_of(event.name);
  for (std::string_view kind : kKindsOfProducts) {
    say_interest(act, kind, properties.text(kind, kThingBytesMax), event);
  }
}

void read_product_review(const FactProperties& properties, Event& event) {
  auto rating = number_within(properties, "rating", 1, kRatingMost);
  if (!rating) return;
  bool disliked = is_at_most(*rating, kDislikedMost), liked = is_at_most(negate(*rating), -kLikedLeast);
  std::string product = properties.text("product_id", kThingBytesMax);
  if (liked || disliked) {
    PreferenceAct act = liked ? PreferenceAct::liked : PreferenceAct::disliked;
    for (std::string_view kind : kKindsOfProducts) {
      say_interest(act, kind, properties.text(kind, kThingBytesMax), event);
    }
    say_interest(act, "product", product, event);
  }
  if (product.empty()) return;
  say_exclusion(disliked ? ExclusionAct::rated_badly : ExclusionAct::rated_better, "product", std::move(product), {},
                event);
}

void read_order_interest(const FactProperties& properties, Event& event) {
  JsonValue products = properties.find("products");
  if (!event.order || !products.is(JsonKind::array)) return;
  std::vector<BoughtThing> things;
  for_each_element(products, [&](const JsonValue& product) {
    if (product.is(JsonKind::object)) add_line(properties, product, things);
  });
  // Other lines take the place of those of before, also when they name nothing.
  if (things.empty() && event.order->act == OrderAct::updated) things.emplace_back();
  for (BoughtThing& thing : things) {
    FactSaid fact;
    fact.kind = FactKind::preference;
    fact.act = static_cast<uint8_t>(PreferenceAct::bought);
    fact.subject_text = std::move(thing.subject);
    fact.values = FactValues()
                      .add(PreferenceField::value, std::move(thing.value))
                      .add(PreferenceField::order, base32(event.order->order))
                      .add(PreferenceField::lines, std::to_string(thing.lines))
                      .take();
    event.facts.push_back(std::move(fact));
  }
}

}  // namespace tributary
