#include "connectors/http/key_ring.h"

#include <algorithm>

#include "engine/base/keyed_hash.h"

namespace tributary {

KeyRing::KeyRing(std::vector<Source> sources, std::vector<ApiKey> api_keys)
    : sources_(std::move(sources)), api_keys_(std::move(api_keys)) {
  for (size_t i = 0; i < sources_.size(); ++i) {
    for (const std::string& key : sources_[i].write_keys) write_keys_.emplace_back(sha256(key), i);
  }
  std::sort(write_keys_.begin(), write_keys_.end());
}

const Source* KeyRing::find_write_key(std::string_view key) const {
  std::string hash = sha256(key);
  auto at = std::lower_bound(write_keys_.begin(), write_keys_.end(), hash,
                             [](const auto& entry, const std::string& wanted) { return entry.first < wanted; });
  if (at == write_keys_.end() || !equal_in_constant_time(at->first, hash)) return nullptr;
  return &sources_[at->second];
}

// A key that holds a colon (`id:secret`) is known as a whole; an empty password behind a key without one counts for
// nothing.
const Source* KeyRing::source_of(std::string_view write_key) const {
  if (write_key.empty()) return nullptr;
  if (const Source* source = find_write_key(write_key)) return source;
  if (!write_key.ends_with(':')) return nullptr;
  write_key.remove_suffix(1);
  return write_key.empty() ? nullptr : find_write_key(write_key);
}

// Every key is compared, so the time tells nothing about which one matched.
const ApiKey* KeyRing::api_key_of(std::string_view secret) const {
  std::string hash = sha256(secret);
  const ApiKey* found = nullptr;
  for (const ApiKey& key : api_keys_) {
    if (equal_in_constant_time(key.secret_sha256, hash)) found = &key;
  }
  return found;
}

}  // namespace tributary
