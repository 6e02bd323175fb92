// Random universes through the real fold in random orders, groups and restarts: the customers that come out must be
// those of the batch reference, every time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <set>

#include "tests/model/arrival.h"
#include "tests/model/audit.h"
#include "tests/model/random_world.h"
#include "tests/model/reference.h"
#include "tests/model/rulebook.h"
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

// One way for a world to become known: its order with repeats, and the draws that cut it into groups.
struct Arrival {
  Steps steps;
  uint64_t draws = 0;
};

template <class Part>
void add_with_repeats(Steps& steps, const std::vector<Part>& parts, std::mt19937_64& random) {
  steps.insert(steps.end(), parts.begin(), parts.end());
  for (size_t repeats = random() % (parts.size() / 2 + 1); repeats > 0; --repeats) {
    steps.push_back(parts[random() % parts.size()]);
  }
}

// Mostly the rules are there first. In a third of the arrivals they change on the way, from whatever rules to those of
// the world.
void add_rules(Steps& steps, const World& world, std::mt19937_64& random) {
  auto insert = [&](size_t place, const Rules& rules) {
    steps.insert(steps.begin() + static_cast<ptrdiff_t>(place), rules);
    return place + 1;
  };
  if (random() % 3 != 0) {
    if (world.rules != default_rules()) insert(0, world.rules);
    return;
  }
  size_t place = random() % 2 == 0 ? 0 : insert(0, random_rules(random, world.events));
  for (uint64_t changes = random() % 2; changes > 0; --changes) {
    place += random() % (steps.size() - place + 1);
    place = insert(place, random_rules(random, world.events));
  }
  place += random() % (steps.size() - place + 1);
  insert(place, world.rules);
}

Arrival random_arrival(const World& world, const KeyedHash& index_key, std::mt19937_64& random) {
  Arrival arrival{{}, random()};
  Steps steps;
  add_with_repeats(steps, world.events, random);
  add_with_repeats(steps, world.assertions, random);
  std::shuffle(steps.begin(), steps.end(), random);
  arrival.steps = with_evidence_first(steps, index_key);
  add_rules(arrival.steps, world, random);
  for (size_t i = 0; i < arrival.steps.size(); ++i) {
    auto* event = std::get_if<Event>(&arrival.steps[i]);
    if (event != nullptr) event->received_at = Timestamp{kBaseMicros + static_cast<int64_t>(i) * kMicrosPerSecond};
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
    try {
      return what_is_wrong(arrival);
    } catch (const std::exception& failure) {
      return failure.what();
    }
  }

 private:
  std::string what_is_wrong(const Arrival& arrival) {
    workspace_ = WorkspaceId{++workspaces_};
    std::span<const Step> steps(arrival.steps);
    std::mt19937_64 draws(arrival.draws);
    AppliedState before = harness_.fold_unit().applied();
    harness_.restart(random_options(draws));
    harness_.set_sweeps_at_once(draws() % 2 == 0);
    size_t group_max = draws() % 2 == 0 ? 1 + draws() % 8 : 1 + draws() % steps.size();
    std::set<std::string> ids;
    size_t accepted = 0;
    for (size_t told = 0; told < steps.size();) {
      size_t count = group_of(steps.subspan(told), 1 + draws() % group_max);
      accepted += tell(harness_, workspace_, steps.subspan(told, count));
      told += count;
      if (draws() % 10 == 0) harness_.restart(random_options(draws));
      if (draws() % 16 == 0 && told < steps.size()) {
        if (std::string wrong = wrong_now(steps.first(told), ids); !wrong.empty()) return "on the way: " + wrong;
      }
    }
    if (std::string wrong = wrong_now(steps, ids); !wrong.empty()) return wrong;
    if (accepted != distinct_events(steps)) return "accepted " + std::to_string(accepted) + " events";
    if (std::string wrong = wrong_rows(before); !wrong.empty()) return wrong;
    return wrong_ids(steps, ids);
  }

  static size_t distinct_events(std::span<const Step> steps) {
    std::set<std::pair<std::string, std::string>> messages;
    for (const Event& event : world_after(steps).events) messages.emplace(event.source, event.message_id);
    return messages.size();
  }

  std::string wrong_now(std::span<const Step> told, std::set<std::string>& ids) {
    World world = world_after(told);
    Export expected = reference(world, index_key_);
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

  // Every id ever given out is the hash of an identifier that some customer holds, or that is blocked by now.
  std::string wrong_ids(std::span<const Step> steps, const std::set<std::string>& ids) const {
    std::set<Hash128> known;
    for (const auto& [id, customer] : got_.customers) {
      for (const IdentifierLine& line : customer.identifiers) {
        Hash128 plain = identifier_hash(index_key_, *parse_kind(line.kind), line.value);
        known.insert(line.from ? generation_hash(plain, Timestamp{*line.from}) : plain);
      }
    }
    World world = world_after(steps);
    Rulebook rules(world.rules);
    for (const Identifier& identifier : identifiers_of(world)) {
      if (rules.blocked(identifier)) known.insert(identifier_hash(index_key_, identifier));
    }
    for (const Assertion& cut : world.assertions) {
      if (cut.subject != AssertionSubject::cut || !rules.blocked(cut.identifiers[0].identifier)) continue;
      known.insert(generation_hash(cut.identifiers[0].hash, cut.cut_at));
    }
    for (const std::string& id : ids) {
      if (!known.contains(CustomerId::parse(id)->anchor)) return "id " + id + " names no identifier of any customer";
    }
    return "";
  }

  FoldHarness& harness_;
  const KeyedHash& index_key_;
  uint32_t& workspaces_;
  WorkspaceId workspace_;
  Export got_;
};

// Leaves steps out as long as the rest still goes wrong.
Arrival smallest_case(Universe& universe, Arrival failing, const KeyedHash& index_key) {
  for (size_t i = 0; i < failing.steps.size();) {
    Arrival smaller = failing;
    smaller.steps.erase(smaller.steps.begin() + static_cast<ptrdiff_t>(i));
    smaller.steps = with_evidence_first(smaller.steps, index_key);
    if (!smaller.steps.empty() && !universe.wrong_after(smaller).empty()) {
      failing = std::move(smaller);
    } else {
      ++i;
    }
  }
  return failing;
}

/// The universes are divided, so that processes may share them: see CMakeLists.txt.
constexpr uint64_t kShares = 4;
class EveryOrder : public testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Fold, EveryOrder, testing::Range(uint64_t{0}, kShares));

TEST_P(EveryOrder, GivesTheCustomersOfTheReference) {
  std::cout << "TRIBUTARY_MODEL_SEED=" << seed() << "\n";
  std::unique_ptr<FoldHarness> harness;
  uint32_t workspaces = 0;
  uint64_t first = universes() * GetParam() / kShares, behind = universes() * (GetParam() + 1) / kShares;
  for (uint64_t number = first; number < behind; ++number) {
    KeyedHash index_key = key_of_universe(seed() + number);
    if ((number - first) % kUniversesPerStore == 0) harness = std::make_unique<FoldHarness>(index_key);
    std::mt19937_64 random(seed() + number);
    World world = random_world(random, index_key);
    Universe universe(*harness, index_key, workspaces);
    for (int order = 0; order < kOrdersPerUniverse; ++order) {
      Arrival arrival = random_arrival(world, index_key, random);
      if (universe.wrong_after(arrival).empty()) continue;
      Arrival smallest = smallest_case(universe, arrival, index_key);
      FAIL() << "seed " << seed() << ", universe " << number << ", order " << order << "\n"
             << describe(smallest.steps) << universe.wrong_after(smallest);
    }
    harness->log().clear();
    // Reading a whole workspace sorts the memtable, which is made to be sorted once: when it is flushed.
    ASSERT_TRUE(harness->store().flush());
  }
}

// The world of each universe of this run, with its key.
void for_each_world(uint64_t most, const std::function<void(const World&, const KeyedHash&, std::mt19937_64&)>& see) {
  for (uint64_t number = 0; number < most; ++number) {
    KeyedHash index_key = key_of_universe(seed() + number);
    std::mt19937_64 random(seed() + number);
    World world = random_world(random, index_key);
    see(world, index_key, random);
    if (testing::Test::HasFatalFailure()) return;
  }
}

uint64_t control_runs() { return std::max<uint64_t>(std::min<uint64_t>(universes(), 2000), 300); }

// The reference itself: a pure function of the set.
TEST(Reference, IgnoresOrderAndRepeats) {
  for_each_world(300, [](const World& world, const KeyedHash& index_key, std::mt19937_64& random) {
    Export expected = reference(world, index_key);
    Arrival arrival = random_arrival(world, index_key, random);
    ASSERT_EQ(expected, reference(world_after(arrival.steps), index_key)) << "seed " << seed();
  });
}

TEST(RandomRules, HaveNoMistakes) {
  for_each_world(control_runs(), [](const World& world, const KeyedHash&, std::mt19937_64&) {
    ASSERT_EQ(mistakes_of(world.rules), std::vector<std::string>{}) << "seed " << seed();
  });
}

// A suite in which joining by arrival looks right sees nothing.
TEST(Reference, JoiningInOrderOfArrivalIsSeenToDiffer) {
  uint64_t differing = 0, refusing = 0, runs = control_runs();
  for_each_world(runs, [&](const World& world, const KeyedHash& index_key, std::mt19937_64& random) {
    Export expected = reference(world, index_key);
    refusing += expected.refused_limit + expected.refused_trust > 0 ? 1 : 0;
    World other = world;
    std::shuffle(other.events.begin(), other.events.end(), random);
    auto once = clusters_in_order_of_arrival(other);
    std::shuffle(other.events.begin(), other.events.end(), random);
    differing += once != clusters_in_order_of_arrival(other) ? 1 : 0;
  });
  std::cout << "universes " << runs << ", with refusals " << refusing << ", differing by arrival " << differing << "\n";
  EXPECT_GT(differing, runs / 5) << "seed " << seed();
  EXPECT_GT(refusing, runs / 3) << "seed " << seed();
}

// A rule left out of the world. The random worlds must have other customers then, or they say nothing about it.
struct Omission {
  const char* name;
  std::function<void(World&)> leave_out;
  uint64_t differing_percent_min;  // far below what is usual: chance must not fail a run
  friend void PrintTo(const Omission& omission, std::ostream* out) { *out << omission.name; }
};

class Omissions : public testing::TestWithParam<Omission> {};

TEST_P(Omissions, IsSeenToDiffer) {
  uint64_t differing = 0, runs = control_runs();
  for_each_world(runs, [&](const World& world, const KeyedHash& index_key, std::mt19937_64&) {
    World without = world;
    GetParam().leave_out(without);
    differing += reference(world, index_key).customers != reference(without, index_key).customers ? 1 : 0;
  });
  std::cout << "universes " << runs << ", differing " << differing << "\n";
  EXPECT_GT(differing * 100, runs * GetParam().differing_percent_min) << "seed " << seed();
}

INSTANTIATE_TEST_SUITE_P(Of, Omissions,
                         testing::Values(Omission{"Limits",
                                                  [](World& world) {
                                                    for (auto& [kind, rule] : world.rules.kinds) rule.limit = 0;
                                                  },
                                                  20},
                                         Omission{"Windows",
                                                  [](World& world) {
                                                    for (auto& [kind, rule] : world.rules.kinds) rule.windows.clear();
                                                  },
                                                  10},
                                         Omission{"NewestOwners",
                                                  [](World& world) {
                                                    for (auto& [kind, rule] : world.rules.kinds)
                                                      rule.owner = OwnerPolicy::oldest;
                                                  },
                                                  5},
                                         Omission{"Claims",
                                                  [](World& world) { world.rules.claims = ClaimsPolicy::fill; }, 5},
                                         Omission{"Thresholds", [](World& world) { world.rules.hubs.clear(); }, 20},
                                         Omission{"BlockedValues",
                                                  [](World& world) {
                                                    world.rules.blocked = {};
                                                    world.rules.blocked_of_kind.clear();
                                                  },
                                                  10},
                                         Omission{"MustLinks",
                                                  [](World& world) {
                                                    for (Assertion& decided : world.assertions) {
                                                      if (decided.pair == PairState::must)
                                                        decided.pair = PairState::none;
                                                    }
                                                  },
                                                  4},
                                         Omission{"CannotLinks",
                                                  [](World& world) {
                                                    for (Assertion& decided : world.assertions) {
                                                      if (decided.pair == PairState::cannot)
                                                        decided.pair = PairState::none;
                                                    }
                                                  },
                                                  1},
                                         Omission{"Retractions",
                                                  [](World& world) {
                                                    for (Assertion& decided : world.assertions)
                                                      decided.evidence_state = EvidenceState::live;
                                                  },
                                                  5},
                                         Omission{"Cuts",
                                                  [](World& world) {
                                                    std::erase_if(world.assertions, [](const Assertion& decided) {
                                                      return decided.subject == AssertionSubject::cut;
                                                    });
                                                  },
                                                  8},
                                         Omission{"DecisionsAboutHubs",
                                                  [](World& world) {
                                                    for (Assertion& decided : world.assertions)
                                                      decided.hub = HubState::automatic;
                                                  },
                                                  3}),
                         [](const auto& omission) { return std::string(omission.param.name); });

}  // namespace
}  // namespace tributary::model
