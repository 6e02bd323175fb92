#include "engine/fold/clock_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace tributary {
namespace {

Hash128 key(uint64_t number) {
  Hash128 hash;
  // Spread over the prefix, as keyed hashes are.
  uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15ull;
  std::memcpy(hash.bytes.data(), &mixed, sizeof mixed);
  return hash;
}

TEST(ClockCache, FindsWhatWasInserted) {
  ClockCache<std::string> cache(10'000);
  EXPECT_EQ(cache.find(key(1)), nullptr);
  EXPECT_EQ(cache.insert(key(1), "one", 3), "one");
  ASSERT_NE(cache.find(key(1)), nullptr);
  EXPECT_EQ(*cache.find(key(1)), "one");
  EXPECT_EQ(cache.size(), 1u);
}

TEST(ClockCache, NothingGoesBeforeEvict) {
  ClockCache<int> cache(0);
  int& first = cache.insert(key(0), 0, 100);
  for (int i = 1; i < 1000; ++i) cache.insert(key(static_cast<uint64_t>(i)), i, 100);
  EXPECT_EQ(&first, cache.find(key(0)));
  EXPECT_EQ(cache.size(), 1000u);
  cache.evict();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(ClockCache, EvictKeepsWithinItsBytes) {
  ClockCache<int> cache(5'000);
  for (int i = 0; i < 1000; ++i) cache.insert(key(static_cast<uint64_t>(i)), i, 100);
  cache.evict();
  EXPECT_LE(cache.bytes(), 5'000u);
  EXPECT_GT(cache.bytes(), 4'000u);
  EXPECT_GT(cache.size(), 20u);
}

TEST(ClockCache, WhatIsUsedStays) {
  ClockCache<int> cache(20'000);
  for (int i = 0; i < 3000; ++i) {
    cache.insert(key(static_cast<uint64_t>(i)), i, 100);
    ASSERT_NE(cache.find(key(0)), nullptr) << "after " << i << " others";
    cache.evict();
  }
  EXPECT_EQ(cache.find(key(1)), nullptr);
}

TEST(ClockCache, ResizeCounts) {
  ClockCache<int> cache(10'000);
  cache.insert(key(1), 1, 100);
  size_t before = cache.bytes();
  cache.resize(key(1), 600);
  EXPECT_EQ(cache.bytes(), before + 500);
  cache.resize(key(1), 0);
  EXPECT_EQ(cache.bytes(), before - 100);
  cache.erase(key(1));
  EXPECT_EQ(cache.bytes(), 0u);
  cache.erase(key(1));
  EXPECT_EQ(cache.size(), 0u);
}

// Against a map that forgets nothing: what the cache gives back is always the latest value, and bytes are exact.
TEST(ClockCache, AgreesWithAMapOverRandomOperations) {
  std::mt19937_64 random(7);
  ClockCache<uint64_t> cache(30'000);
  std::map<uint64_t, uint64_t> truth;
  for (uint64_t step = 0; step < 200'000; ++step) {
    uint64_t number = random() % 500;
    uint64_t* found = cache.find(key(number));
    if (found != nullptr) {
      ASSERT_EQ(*found, truth.at(number));
    }
    switch (random() % 4) {
      case 0:
      case 1:
        if (found == nullptr) {
          cache.insert(key(number), step, random() % 200);
        } else {
          *found = step;
        }
        truth[number] = step;
        break;
      case 2:
        cache.erase(key(number));
        break;
      default:
        if (random() % 10 == 0) cache.evict();
        if (uint64_t* kept = cache.find(key(number))) cache.resize(key(number), *kept % 300);
    }
  }
  for (uint64_t number = 0; number < 500; ++number) cache.erase(key(number));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace tributary
