// What tests of consumers have in common.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "connectors/stream/consumer.h"

namespace tributary {

inline StreamSource stream_source_of(StreamKind kind, std::vector<std::string> servers,
                                     std::vector<std::string> topics) {
  StreamSource source;
  source.source.id = "feed";
  source.kind = kind;
  source.servers = std::move(servers);
  source.topics = std::move(topics);
  source.group = "tributary";
  return source;
}

/// Batches until there are `count` messages; fewer when 10 s bring no more. A failure of the test when the consumer has
/// an error.
inline std::vector<std::unique_ptr<StreamBatch>> take_messages(StreamConsumer& consumer, size_t count) {
  std::vector<std::unique_ptr<StreamBatch>> batches;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (size_t taken = 0; taken < count && std::chrono::steady_clock::now() < deadline;) {
    auto batch = consumer.next_batch(std::chrono::milliseconds(100));
    if (!batch) {
      ADD_FAILURE() << batch.error().message;
      break;
    }
    if (*batch == nullptr) continue;
    taken += (*batch)->messages.size();
    batches.push_back(std::move(*batch));
  }
  return batches;
}

inline std::vector<std::string> values_of(const std::vector<std::unique_ptr<StreamBatch>>& batches) {
  std::vector<std::string> values;
  for (const auto& batch : batches) {
    for (const StreamMessage& message : batch->messages) values.emplace_back(message.value);
  }
  return values;
}

inline void acknowledge_all(StreamConsumer& consumer, const std::vector<std::unique_ptr<StreamBatch>>& batches) {
  for (const auto& batch : batches) {
    auto done = consumer.acknowledge(*batch);
    ASSERT_TRUE(done) << done.error().message;
  }
}

inline std::vector<std::string> numbered(int first, int behind) {
  std::vector<std::string> texts;
  for (int at = first; at < behind; ++at) texts.push_back("m" + std::to_string(at));
  return texts;
}

}  // namespace tributary
