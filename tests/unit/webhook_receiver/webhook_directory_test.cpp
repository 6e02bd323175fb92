// What is remembered between calls, and which source one belongs to.
#include "connectors/webhook/webhook_directory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tributary {
namespace {

TEST(RecordBudget, LetsABurstThroughAndThenOnePerInterval) {
  RecordBudget budget(1'000'000, 20);
  Timestamp now{1'700'000'000'000'000};
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += budget.take(now);
  EXPECT_EQ(taken, 20);
  EXPECT_FALSE(budget.take(Timestamp{now.micros + 999'999}));
  EXPECT_TRUE(budget.take(Timestamp{now.micros + 1'000'000}));
  EXPECT_FALSE(budget.take(Timestamp{now.micros + 1'000'000}));
}

TEST(RecordBudget, SilenceSavesNoMoreThanOneBurst) {
  RecordBudget budget(1'000'000, 3);
  Timestamp now{1'700'000'000'000'000};
  EXPECT_TRUE(budget.take(now));
  now.micros += 3'600'000'000;
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += budget.take(now);
  EXPECT_EQ(taken, 3);
}

TEST(RecordBudget, ThreadsShareIt) {
  RecordBudget budget(1'000'000, 50);
  std::atomic<int> taken{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) taken += budget.take(Timestamp{1'700'000'000'000'000});
      });
    }
  }
  EXPECT_EQ(taken, 50);
}

TEST(OnceTable, AKeyComesWithOneBody) {
  OnceTable once;
  EXPECT_TRUE(once.accepts("token", "body"));
  EXPECT_TRUE(once.accepts("token", "body")) << "a repeat";
  EXPECT_FALSE(once.accepts("token", "another body"));
  EXPECT_TRUE(once.accepts("token", "body")) << "the first one still counts";
  EXPECT_TRUE(once.accepts("another token", "another body"));
  EXPECT_TRUE(once.accepts("", ""));
}

TEST(OnceTable, ManyKeysDisplaceEachOtherAndNeverRefuseTheirOwn) {
  OnceTable once;
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(once.accepts(std::to_string(i), "a")) << i;
  int forgotten = 0;
  for (int i = 19'000; i < 20'000; ++i) forgotten += once.accepts(std::to_string(i), "b");
  EXPECT_LT(forgotten, 500) << "the latest are mostly remembered";
}

TEST(OnceTable, OfTwoBodiesAtOnceOneIsRefused) {
  for (int round = 0; round < 200; ++round) {
    OnceTable once;
    std::atomic<int> accepted{0}, ready{0};
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
          for (++ready; ready < 2;) std::this_thread::yield();
          accepted += once.accepts("token", t == 0 ? "a" : "b");
        });
      }
    }
    EXPECT_EQ(accepted, 1);
  }
}

WebhookSource source_at(const std::string& path) {
  WebhookSource source;
  source.source.id = "id-of-" + path;
  source.source.trust = SourceTrust::server;
  source.path = path;
  return source;
}

TEST(WebhookDirectory, FindsByTheWholePath) {
  std::vector<WebhookSource> sources;
  for (int i = 0; i < 100; ++i) sources.push_back(source_at("path-" + std::to_string(i)));
  WebhookDirectory directory(std::move(sources));
  for (int i = 0; i < 100; ++i) {
    const WebhookEntry* entry = directory.find("path-" + std::to_string(i));
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->webhook.source.id, "id-of-path-" + std::to_string(i));
  }
  for (const char* unknown : {"", "path", "path-", "path-100", "PATH-1", "path-1/", "id-of-path-1"}) {
    EXPECT_EQ(directory.find(unknown), nullptr) << unknown;
  }
  EXPECT_EQ(WebhookDirectory({}).find("path-1"), nullptr);
}

TEST(WebhookDirectory, KnowsEachSourceBelievedLess) {
  std::vector<WebhookSource> sources{source_at("a")};
  WebhookDirectory directory(std::move(sources));
  const WebhookEntry* entry = directory.find("a");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->webhook.source.trust, SourceTrust::server);
  EXPECT_EQ(entry->claimed_source.trust, SourceTrust::browser);
  EXPECT_EQ(entry->claimed_source.id, entry->webhook.source.id);
}

TEST(CurrentWebhooks, OneThatIsInUseOutlivesItsReplacement) {
  auto made = [](const char* path) {
    return std::make_shared<const WebhookDirectory>(std::vector<WebhookSource>{source_at(path)});
  };
  CurrentWebhooks current(made("old"));
  auto in_use = current.get();
  const WebhookEntry* entry = in_use->find("old");
  current.set(made("new"));
  EXPECT_EQ(current.get()->find("old"), nullptr);
  EXPECT_NE(current.get()->find("new"), nullptr);
  EXPECT_EQ(entry->webhook.path, "old");
}

}  // namespace
}  // namespace tributary
