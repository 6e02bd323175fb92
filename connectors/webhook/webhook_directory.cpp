#include "connectors/webhook/webhook_directory.h"

#include <algorithm>

#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

constexpr int64_t kRefusalInterval = kMicrosPerSecond;
constexpr int64_t kRefusalBurst = 20;

Source believed_less(Source source) {
  source.trust = SourceTrust::browser;
  return source;
}

uint64_t digest_bits(const std::string& text) {
  std::string digest = sha256(text);
  uint64_t bits = 0;
  for (size_t i = 0; i < sizeof bits; ++i) bits = bits << 8 | static_cast<unsigned char>(digest[i]);
  return bits;
}

}  // namespace

bool RecordBudget::take(Timestamp now) {
  int64_t next = next_.load();
  while (true) {
    int64_t from = std::max(next, now.micros - slack_);
    if (from > now.micros) return false;
    if (next_.compare_exchange_weak(next, from + interval_)) return true;
  }
}

OnceTable::OnceTable() : salt_(random_bytes(16)) {}

bool OnceTable::accepts(std::string_view key, std::string_view body) {
  constexpr uint64_t kHalf = 0xffffffff;
  uint64_t key_bits = digest_bits(salt_ + std::string(key));
  uint64_t entry = (key_bits & ~kHalf) | (digest_bits(salt_ + std::string(body)) & kHalf);
  std::atomic<uint64_t>& place = seen_[key_bits % seen_.size()];
  uint64_t before = place.load();
  while (true) {
    bool same_key = before != 0 && (before & ~kHalf) == (entry & ~kHalf);
    if (same_key) return before == entry;
    if (place.compare_exchange_weak(before, entry)) return true;
  }
}

WebhookEntry::WebhookEntry(WebhookSource given)
    : webhook(std::move(given)),
      claimed_source(believed_less(webhook.source)),
      refusals(kRefusalInterval, kRefusalBurst) {}

WebhookDirectory::WebhookDirectory(std::vector<WebhookSource> sources) {
  entries_.reserve(sources.size());
  for (WebhookSource& source : sources) {
    std::string key = sha256(source.path);
    entries_.emplace_back(std::move(key), std::make_unique<WebhookEntry>(std::move(source)));
  }
  std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
}

const WebhookEntry* WebhookDirectory::find(std::string_view path) const {
  std::string key = sha256(path);
  auto at = std::lower_bound(entries_.begin(), entries_.end(), key,
                             [](const auto& entry, const std::string& wanted) { return entry.first < wanted; });
  return at != entries_.end() && at->first == key ? at->second.get() : nullptr;
}

}  // namespace tributary
