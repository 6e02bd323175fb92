// Random universes through the real fold in random orders, groups and restarts: the customers that come out must be
// those of the batch reference, every time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/model/audit.h"
#include "tests/model/fold_harness.h"
#include "tests/model/reference.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

constexpr int kOrdersPerUniverse = 6;
// A fresh store now and then keeps look-ups in memory.
constexpr uint64_t kUniversesPerStore = 250;

uint64_t number_from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

uint64_t universes() { return number_from_environment("TRIBUTARY_MODEL_UNIVERSES", 2000); }

uint64_t seed() {
  static const uint64_t chosen = number_from_environment("TRIBUTARY_MODEL_SEED", std::random_device{}());
  return chosen;
}

KeyedHash key_of_universe(uint64_t universe) {
  std::string key(32, '\0');
  for (int i = 0; i < 8; ++i) key[static_cast<size_t>(i)] = static_cast<char>(universe >> (8 * i));
  return KeyedHash(key);
}

// One way for events to arrive: their order with repeats, and the draws that cut it into groups.
struct Arrival {
  std::vector<Event> events;
  uint64_t draws = 0;
};

Arrival random_arrival(const std::vector<Event>& universe, std::mt19937_64& random) {
  Arrival arrival{universe, random()};
  for (size_t repeats = random() % (universe.size() / 2 + 1); repeats > 0; --repeats) {
    arrival.events.push_back(universe[random() % universe.size()]);
  }
  std::shuffle(arrival.events.begin(), arrival.events.end(), random);
  for (size_t i = 0; i < arrival.events.size(); ++i) {
    arrival.events[i].received_at = Timestamp{kBaseMicros + static_cast<int64_t>(i) * kMicrosPerSecond};
  }
  return arrival;
}

FoldOptions random_options(std::mt19937_64& draws) {
  FoldOptions options;
  // Now and then hardly anything fits, so that groups meet an empty front table.
  if (draws() % 3 == 0) options.front_table_bytes = draws() % 20'000;
  return options;
}

std::string first_difference(const Export& expected, const Export& got) {
  return "expected\n" + to_text(expected) + "got\n" + to_text(got);
}

class Universe {
 public:
  Universe(FoldHarness& harness, const KeyedHash& index_key, uint32_t& workspaces)
      : harness_(harness), index_key_(index_key), workspaces_(workspaces) {
    harness_.use_key(index_key);
  }

  /// Folds an arrival into a workspace of its own. Returns what is wrong with the result; nothing when all is well.
  std::string wrong_after(const Arrival& arrival) {
    workspace_ = WorkspaceId{++workspaces_};
    std::mt19937_64 draws(arrival.draws);
    AppliedState before = harness_.fold_unit().applied();
    harness_.restart(random_options(draws));
    size_t group_max = draws() % 2 == 0 ? 1 + draws() % 8 : 1 + draws() % arrival.events.size();
    std::set<std::string> ids;
    size_t accepted = 0;
    for (size_t folded = 0; folded < arrival.events.size();) {
      auto begin = arrival.events.begin() + static_cast<ptrdiff_t>(folded);
      size_t count = std::min<size_t>(1 + draws() % group_max, arrival.events.size() - folded);
      auto outcomes = harness_.fold(workspace_, {begin, begin + static_cast<ptrdiff_t>(count)});
      accepted += static_cast<size_t>(std::count(outcomes.begin(), outcomes.end(), ItemOutcome::accepted));
      folded += count;
      if (draws() % 10 == 0) harness_.restart(random_options(draws));
      if (draws() % 16 == 0 && folded < arrival.events.size()) {
        std::vector<Event> prefix(arrival.events.begin(), begin + static_cast<ptrdiff_t>(count));
        if (std::string wrong = wrong_now(prefix, ids); !wrong.empty()) return "on the way: " + wrong;
      }
    }
    if (std::string wrong = wrong_now(arrival.events, ids); !wrong.empty()) return wrong;
    if (accepted != distinct(arrival.events)) return "accepted " + std::to_string(accepted) + " events";
    if (std::string wrong = wrong_rows(before); !wrong.empty()) return wrong;
    return wrong_ids(ids);
  }

 private:
  static size_t distinct(const std::vector<Event>& events) {
    std::set<std::pair<std::string, std::string>> messages;
    for (const Event& event : events) messages.emplace(event.source, event.message_id);
    return messages.size();
  }

  std::string wrong_now(const std::vector<Event>& folded, std::set<std::string>& ids) {
    Export expected = reference(folded, index_key_);
    got_ = harness_.read_all(workspace_);
    for (const auto& [id, customer] : got_.customers) ids.insert(id);
    return got_ == expected ? "" : first_difference(expected, got_);
  }

  // The rows must agree with each other, and what the fold counts on the way with what is there.
  std::string wrong_rows(const AppliedState& before) {
    const AppliedState& after = harness_.fold_unit().applied();
    Audit rows = audit(harness_.store(), workspace_);
    if (!rows.problems.empty()) return rows.problems.front();
    if (after.customers - before.customers != rows.customers) return "the count of customers is wrong";
    if (after.identifiers - before.identifiers != rows.identifiers) return "the count of identifiers is wrong";
    if (after.containers - before.containers != rows.containers) return "the count of containers is wrong";
    uint64_t not_simple = after.containers_not_simple - before.containers_not_simple;
    return not_simple == rows.containers_not_simple ? "" : "the count of containers that are not simple is wrong";
  }

  // Every id ever given out resolves to a customer that holds the identifier it names.
  std::string wrong_ids(const std::set<std::string>& ids) {
    for (const std::string& id : ids) {
      Hash128 anchor = CustomerId::parse(id)->anchor;
      auto customer = find_customer(harness_.store(), workspace_, anchor, RuleSet{});
      if (!customer) return "id " + id + " does not resolve: " + customer.error().message;
      if (!std::binary_search(customer->members.begin(), customer->members.end(), anchor)) {
        return "id " + id + " resolves to a customer without its identifier";
      }
    }
    return "";
  }

  FoldHarness& harness_;
  const KeyedHash& index_key_;
  uint32_t& workspaces_;
  WorkspaceId workspace_;
  Export got_;
};

// Leaves events out as long as the rest still goes wrong.
Arrival smallest_case(Universe& universe, Arrival failing) {
  for (size_t i = 0; i < failing.events.size();) {
    Arrival smaller = failing;
    smaller.events.erase(smaller.events.begin() + static_cast<ptrdiff_t>(i));
    if (!smaller.events.empty() && !universe.wrong_after(smaller).empty()) {
      failing = std::move(smaller);
    } else {
      ++i;
    }
  }
  return failing;
}

std::string describe(const Arrival& arrival) {
  std::string text;
  for (const Event& event : arrival.events) {
    int64_t at = (event.occurred_at.micros - kBaseMicros) / kMicrosPerSecond;
    text += event.source + "/" + event.message_id + " at " + std::to_string(at) + " {";
    for (const EventIdentifier& id : event.identifiers) {
      text += " " + id.identifier.value() + (id.trust == Trust::verified ? "" : "~");
    }
    text += " }";
    for (const TraitChange& trait : event.traits) {
      text += " " + trait.key + "/" + std::to_string(static_cast<int>(trait.operation)) + "=" + trait.value_json;
    }
    text += "\n";
  }
  return text;
}

TEST(Fold, EveryOrderGivesTheCustomersOfTheReference) {
  std::cout << "TRIBUTARY_MODEL_SEED=" << seed() << "\n";
  std::unique_ptr<FoldHarness> harness;
  uint32_t workspaces = 0;
  for (uint64_t number = 0; number < universes(); ++number) {
    KeyedHash index_key = key_of_universe(seed() + number);
    if (number % kUniversesPerStore == 0) harness = std::make_unique<FoldHarness>(index_key);
    std::mt19937_64 random(seed() + number);
    std::vector<Event> events = random_events(random, index_key);
    Universe universe(*harness, index_key, workspaces);
    for (int order = 0; order < kOrdersPerUniverse; ++order) {
      Arrival arrival = random_arrival(events, random);
      if (universe.wrong_after(arrival).empty()) continue;
      Arrival smallest = smallest_case(universe, arrival);
      FAIL() << "seed " << seed() << ", universe " << number << ", order " << order << "\n"
             << describe(smallest) << universe.wrong_after(smallest);
    }
    harness->log().clear();
    // Reading a whole workspace sorts the memtable, which is made to be sorted once: when it is flushed.
    ASSERT_TRUE(harness->store().flush());
  }
}

// The reference itself: a pure function of the set.
TEST(Reference, IgnoresOrderAndRepeats) {
  for (uint64_t number = 0; number < std::min<uint64_t>(universes(), 300); ++number) {
    KeyedHash index_key = key_of_universe(seed() + number);
    std::mt19937_64 random(seed() + number);
    std::vector<Event> events = random_events(random, index_key);
    Export expected = reference(events, index_key);
    Arrival arrival = random_arrival(events, random);
    ASSERT_EQ(expected, reference(arrival.events, index_key)) << "seed " << seed() << ", universe " << number;
  }
}

// A suite in which joining by arrival looks right sees nothing.
TEST(Reference, JoiningInOrderOfArrivalIsSeenToDiffer) {
  uint64_t differing = 0, refusing = 0;
  uint64_t runs = std::max<uint64_t>(universes(), 200);
  for (uint64_t number = 0; number < runs; ++number) {
    KeyedHash index_key = key_of_universe(seed() + number);
    std::mt19937_64 random(seed() + number);
    std::vector<Event> events = random_events(random, index_key);
    Export expected = reference(events, index_key);
    refusing += expected.refused_limit + expected.refused_trust > 0 ? 1 : 0;
    std::shuffle(events.begin(), events.end(), random);
    auto once = clusters_in_order_of_arrival(events);
    std::shuffle(events.begin(), events.end(), random);
    differing += once != clusters_in_order_of_arrival(events) ? 1 : 0;
  }
  std::cout << "universes " << runs << ", with refusals " << refusing << ", differing by arrival " << differing << "\n";
  EXPECT_GT(differing, runs / 5) << "seed " << seed();
  EXPECT_GT(refusing, runs / 3) << "seed " << seed();
}

}  // namespace
}  // namespace tributary::model
