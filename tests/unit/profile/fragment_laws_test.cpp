// Every rule commutes and associates, with the empty fragment as neutral element: any tree of joins over any split of
// the events, in any order, gives the same bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/base/crc32c.h"
#include "tests/unit/profile/sketch.h"

namespace tributary {
namespace {

constexpr int kRounds = 10'000;

SketchedEvent random_event(std::mt19937_64& random, size_t number) {
  auto below = [&](uint64_t n) { return random() % n; };
  SketchedEvent event;
  event.message_id = "m" + std::to_string(number / 2);
  event.source = number % 2 == 0 ? "shop" : "web";
  event.at = static_cast<int64_t>(below(5));
  event.trust = below(2) == 0 ? Trust::claimed : Trust::verified;
  if (below(2) == 0) event.name = "n" + std::to_string(below(3));
  if (below(2) == 0) event.channel = "c" + std::to_string(below(3));
  event.type = static_cast<EventType>(1 + below(6));
  for (uint64_t n = below(3); n > 0; --n) {
    auto operation = static_cast<TraitOperation>(1 + below(3));
    std::string value = operation == TraitOperation::set && below(4) == 0 ? "null" : std::to_string(below(3));
    event.traits.push_back({operation, "t" + std::to_string(n) + std::to_string(below(2)), value});
  }
  return event;
}

// Joins neighbours in random pairs until one is left: a random tree.
Fragment join_in_a_random_tree(std::vector<Fragment> parts, std::mt19937_64& random) {
  while (parts.size() > 1) {
    size_t into = random() % (parts.size() - 1);
    join(parts[into], parts[into + 1]);
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(into) + 1);
  }
  return parts[0];
}

TEST(FragmentLaws, AnyTreeOfJoinsEqualsAnyOrderOfEvents) {
  for (int round = 0; round < kRounds; ++round) {
    std::mt19937_64 random(static_cast<uint64_t>(round));
    std::vector<SketchedEvent> events;
    for (size_t i = 0; i < 2 + random() % 10; ++i) events.push_back(random_event(random, i));
    std::string expected = bytes_of(fragment_of(events));
    std::shuffle(events.begin(), events.end(), random);
    std::vector<Fragment> parts(1 + random() % 5);
    for (const SketchedEvent& event : events) apply(parts[random() % parts.size()], view_of(event));
    ASSERT_EQ(bytes_of(join_in_a_random_tree(parts, random)), expected) << "seed " << round;
  }
}

TEST(FragmentLaws, EmptyIsNeutral) {
  std::mt19937_64 random(1);
  Fragment some = fragment_of({random_event(random, 0), random_event(random, 1), random_event(random, 2)});
  Fragment left;
  join(left, some);
  EXPECT_EQ(bytes_of(left), bytes_of(some));
  join(left, Fragment{});
  EXPECT_EQ(bytes_of(left), bytes_of(some));
}

// What is a maximum or a union does not change when it comes twice; counts do, and are kept exact by deduplication.
TEST(FragmentLaws, AllButCountsAreIdempotent) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 1000; ++round) {
    Fragment some = fragment_of({random_event(random, 0), random_event(random, 1)});
    Fragment twice = some;
    join(twice, some);
    EXPECT_EQ(twice.events, 2 * some.events);
    twice.events = some.events;
    twice.event_counts = some.event_counts;
    twice.counters = some.counters;
    ASSERT_EQ(bytes_of(twice), bytes_of(some));
  }
}

struct Cap {
  const char* name;
  size_t most;
  void (*put)(SketchedEvent& event, const std::string& key);
  std::vector<std::string> (*keys)(const Fragment& fragment);
};

void put_trait(SketchedEvent& event, TraitOperation operation, const std::string& key) {
  event.traits.push_back({operation, key, "1"});
}

std::vector<std::string> keys_of(const auto& list) {
  std::vector<std::string> keys;
  for (const auto& entry : list) keys.push_back(entry.key);
  return keys;
}

class Caps : public testing::TestWithParam<Cap> {};

// Above the limit those with the smallest hashes stay, complete, in whatever order and tree they came.
TEST_P(Caps, KeepTheSmallestHashesInAnyOrder) {
  const Cap& cap = GetParam();
  std::vector<std::string> keys;
  for (size_t i = 0; i < cap.most + 40; ++i) keys.push_back("key " + std::to_string(i));
  std::vector<SketchedEvent> events;
  for (size_t copy = 0; copy < 2; ++copy) {
    for (const std::string& key : keys) {
      SketchedEvent event;
      event.message_id = key + " " + std::to_string(copy);
      event.name = "one";
      cap.put(event, key);
      events.push_back(event);
    }
  }
  std::sort(keys.begin(), keys.end(), [](auto& a, auto& b) { return crc32c(a) < crc32c(b); });
  keys.resize(cap.most);
  std::sort(keys.begin(), keys.end());

  std::string expected;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::mt19937_64 random(seed);
    std::shuffle(events.begin(), events.end(), random);
    std::vector<Fragment> parts(1 + random() % 4);
    for (const SketchedEvent& event : events) apply(parts[random() % parts.size()], view_of(event));
    Fragment joined = join_in_a_random_tree(parts, random);
    EXPECT_EQ(cap.keys(joined), keys);
    if (seed == 0) expected = bytes_of(joined);
    ASSERT_EQ(bytes_of(joined), expected) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Caps,
    testing::Values(Cap{"set", kTraitsPerFragmentMax,
                        [](auto& e, auto& key) { put_trait(e, TraitOperation::set, key); },
                        [](const Fragment& f) { return keys_of(f.traits); }},
                    Cap{"set_once", kTraitsPerFragmentMax,
                        [](auto& e, auto& key) { put_trait(e, TraitOperation::set_once, key); },
                        [](const Fragment& f) { return keys_of(f.traits_once); }},
                    Cap{"increment", kTraitsPerFragmentMax,
                        [](auto& e, auto& key) { put_trait(e, TraitOperation::increment, key); },
                        [](const Fragment& f) { return keys_of(f.counters); }},
                    Cap{"channel", kChannelsPerFragmentMax, [](auto& e, auto& key) { e.channel = key; },
                        [](const Fragment& f) { return std::vector(f.channels.begin(), f.channels.end()); }},
                    Cap{"event_name", kEventNamesPerFragmentMax, [](auto& e, auto& key) { e.name = key; },
                        [](const Fragment& f) {
                          std::vector<std::string> names;
                          for (const EventCount& count : f.event_counts) {
                            EXPECT_EQ(count.count, 2u) << "an entry that stays is complete";
                            names.push_back(count.name);
                          }
                          return names;
                        }}),
    [](const auto& cap) { return std::string(cap.param.name); });

}  // namespace
}  // namespace tributary
