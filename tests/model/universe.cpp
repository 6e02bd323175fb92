#include "tests/model/universe.h"

#include <algorithm>
#include <map>

#include "engine/base/check.h"
#include "engine/domain/record.h"

namespace tributary::model {
namespace {

struct KindPool {
  const char* kind;
  size_t values;  // per size of the universe
};

// Few accounts, more addresses, many cookies. The third pool is for limits of more than one, which need many addresses
// around one account.
const std::vector<std::vector<KindPool>> kPools = {
    {{"user_id", 1}, {"email", 2}, {"phone", 2}, {"anonymous_id", 4}, {"device_id", 3}, {"external_id/crm", 2}},
    {{"user_id", 2}, {"email", 1}, {"anonymous_id", 2}},
    {{"email", 6}, {"phone", 4}, {"external_id/crm", 4}, {"device_id", 1}},
    {{"user_id", 3}, {"device_id", 1}, {"anonymous_id", 1}},
    {{"member_card", 2}, {"social_id/line", 3}, {"phone", 2}, {"email", 3}},
    {{"external_id/crm", 2}, {"external_id/stripe", 3}, {"social_id/douyin", 2}, {"email", 2}, {"anonymous_id", 2}},
};

class Generator {
 public:
  Generator(std::mt19937_64& random, const KeyedHash& index_key) : random_(random), index_key_(index_key) {
    pool_ = kPools[below(kPools.size())];
    size_ = 1 + below(6);
    verified_percent_ = std::vector<uint64_t>{0, 30, 70, 100}[below(4)];
    times_ = 3 + below(40);
  }

  std::vector<Event> events() {
    std::vector<Event> events;
    size_t count = 5 + below(76);
    for (size_t i = 0; i < count; ++i) {
      EventSketch sketch = sketch_of(i);
      Event event = make_event(sketch, index_key_);
      if (!events.empty() && below(3) == 0) event.identifiers = events[below(events.size())].identifiers;
      events.push_back(std::move(event));
    }
    return events;
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }

  EventSketch sketch_of(size_t number) {
    static const std::vector<std::string> sources = {"shop", "web", "app"};
    EventSketch sketch;
    // One message id under every source now and then: those are different messages.
    sketch.message_id = "m" + std::to_string(number / 3);
    sketch.source = sources[number % 3];
    sketch.at = static_cast<int64_t>(below(times_));
    sketch.type = static_cast<EventType>(1 + below(6));
    if (below(3) != 0) sketch.name = "Event " + std::to_string(below(4));
    if (below(3) != 0) sketch.channel = below(2) == 0 ? "web" : "server";
    Trust source_trust = below(100) < verified_percent_ ? Trust::verified : Trust::claimed;
    size_t ids = below(25) == 0 ? 0 : 1 + below(3) + (below(8) == 0 ? 2 : 0);
    for (size_t i = 0; i < ids; ++i) {
      const KindPool& kind = pool_[below(pool_.size())];
      std::string value = std::string(kind.kind) + "-" + std::to_string(below(kind.values * size_));
      Trust trust = below(8) == 0 ? Trust::claimed : source_trust;
      sketch.ids.push_back({kind.kind, value, trust});
    }
    for (uint64_t n = below(4); n > 0; --n) sketch.traits.push_back(trait(n));
    if (below(3) == 0) sell(sketch);
    if (below(3) == 0) sketch.facts = facts();
    return sketch;
  }

  // Few orders and few refunds, so that events meet; one number under two namespaces.
  void sell(EventSketch& sketch) {
    static const std::vector<std::string> names = {"Order Completed", "Order Updated", "Order Cancelled",
                                                   "Order Refunded"};
    OrderSaid order;
    order.act = static_cast<OrderAct>(1 + std::vector<uint64_t>{0, 0, 0, 1, 1, 2, 3, 3}[below(8)]);
    sketch.type = EventType::track;
    sketch.name = names[static_cast<size_t>(order.act) - 1];
    order.order_namespace = below(2) == 0 ? "shop" : "market";
    order.order_id = "o" + std::to_string(below(4));
    if (order.act == OrderAct::refunded) {
      if (below(2) == 0) order.refund_id = "r" + std::to_string(below(3));
      if (below(4) != 0) order.refund_amount = amount(20);
    }
    if (below(3) != 0) order.values.push_back({OrderField::currency, below(4) == 0 ? "EUR" : "USD"});
    if (order.act == OrderAct::completed || order.act == OrderAct::updated) {
      for (OrderField field : {OrderField::revenue, OrderField::total, OrderField::shipping, OrderField::tax,
                               OrderField::discount, OrderField::line_sum}) {
        if (below(3) == 0) order.values.push_back({field, amount(60)});
      }
      if (below(5) == 0) order.values.push_back({OrderField::test, below(2) == 0 ? "true" : "false"});
    }
    sketch.order = std::move(order);
  }

  // Few subjects, so that events speak of the same one.
  std::vector<FactSaid> facts() {
    std::vector<FactSaid> facts;
    for (uint64_t slot = 1 + below(2); slot > 0; --slot) {
      FactSaid fact;
      fact.kind = FactKind::interaction;
      fact.act = static_cast<uint8_t>(1 + below(3));
      fact.trust = below(2) == 0 ? Trust::verified : Trust::claimed;
      fact.subject_text = "f" + std::to_string(2 * below(3) + slot);
      if (below(2) == 0) fact.values.push_back({1, std::to_string(below(9))});
      facts.push_back(std::move(fact));
    }
    return facts;
  }

  std::string amount(uint64_t most) {
    uint64_t cents = below(100);
    return std::to_string(below(most)) + (cents < 10 ? ".0" : ".") + std::to_string(cents);
  }

  // Distinct (operation, key) within one event: `slot` is part of the key.
  TraitChange trait(uint64_t slot) {
    std::string key = "trait" + std::to_string(slot);
    switch (below(5)) {
      case 0:
        return {key, std::to_string(static_cast<int64_t>(below(20)) - 10), TraitOperation::increment};
      case 1:
        return {key, "\"once" + std::to_string(below(3)) + "\"", TraitOperation::set_once};
      case 2:
        return {key, "null", TraitOperation::set};
      default:
        return {key, std::to_string(below(5)), TraitOperation::set};
    }
  }

  std::mt19937_64& random_;
  const KeyedHash& index_key_;
  std::vector<KindPool> pool_;
  uint64_t size_ = 1;
  uint64_t verified_percent_ = 0;
  uint64_t times_ = 1;
};

}  // namespace

Event make_event(const EventSketch& sketch, const KeyedHash& index_key) {
  Event event;
  event.source = sketch.source;
  event.message_id = sketch.message_id;
  event.type = sketch.type;
  event.name = sketch.name;
  event.channel = sketch.channel;
  event.occurred_at = Timestamp{kBaseMicros + sketch.at * kMicrosPerSecond};
  event.traits = sketch.traits;
  event.order = sketch.order;
  if (event.order) event.order->order = order_hash(index_key, event.order->order_namespace, event.order->order_id);
  event.facts = sketch.facts;
  for (FactSaid& fact : event.facts) fact.subject = fact_subject(index_key, fact.kind, fact.subject_text);
  event.owned_json = std::make_shared<const std::string>("{\"messageId\":\"" + sketch.message_id + "\"}");
  event.json = *event.owned_json;
  std::map<Hash128, EventIdentifier> members;
  for (const Id& id : sketch.ids) {
    Identifier identifier = Identifier::from_normalised(*parse_kind(id.kind), id.value);
    Hash128 hash = identifier_hash(index_key, identifier);
    EventIdentifier& member = members.try_emplace(hash, EventIdentifier{identifier, hash, id.trust}).first->second;
    member.trust = std::max(member.trust, id.trust);
  }
  for (auto& [hash, member] : members) event.identifiers.push_back(std::move(member));
  return event;
}

Hash128 evidence_of(const Event& event, const KeyedHash& index_key) {
  std::string payload;
  encode_event(event, index_key, payload);
  EventView view;
  TRIBUTARY_CHECK(static_cast<bool>(decode_event(payload, view)));
  return view.evidence;
}

Assertion decide_pair(const Identifier& a, const Identifier& b, PairState state, Decision decision,
                      const KeyedHash& index_key) {
  Assertion assertion;
  assertion.subject = AssertionSubject::pair;
  assertion.pair = state;
  for (const Identifier* id : {&a, &b}) assertion.identifiers.push_back({identifier_hash(index_key, *id), *id});
  assertion.decision = std::move(decision);
  return assertion;
}

Assertion decide_hub(const Identifier& identifier, HubState state, Decision decision, const KeyedHash& index_key) {
  Assertion assertion;
  assertion.subject = AssertionSubject::hub;
  assertion.hub = state;
  assertion.identifiers.push_back({identifier_hash(index_key, identifier), identifier});
  assertion.decision = std::move(decision);
  return assertion;
}

Assertion decide_cut(const Identifier& identifier, Timestamp at, Decision decision, const KeyedHash& index_key) {
  Assertion assertion;
  assertion.subject = AssertionSubject::cut;
  assertion.cut_at = at;
  assertion.identifiers.push_back({identifier_hash(index_key, identifier), identifier});
  assertion.decision = std::move(decision);
  return assertion;
}

Assertion decide_evidence(const Event& event, EvidenceState state, Decision decision, const KeyedHash& index_key) {
  Assertion assertion;
  assertion.subject = AssertionSubject::evidence;
  assertion.evidence_state = state;
  for (const EventIdentifier& id : event.identifiers) assertion.identifiers.push_back({id.hash, id.identifier});
  assertion.evidence = evidence_of(event, index_key);
  assertion.decision = std::move(decision);
  return assertion;
}

std::vector<Event> random_events(std::mt19937_64& random, const KeyedHash& index_key) {
  return Generator(random, index_key).events();
}

}  // namespace tributary::model
