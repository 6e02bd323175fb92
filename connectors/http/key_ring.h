// Which key opens what. Secrets are kept and compared as SHA-256 in constant time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace tributary {

/// Sources and API keys of one configuration. Immutable; a reload makes a new one. Thread: any.
class KeyRing {
 public:
  KeyRing(std::vector<Source> sources, std::vector<ApiKey> api_keys);

  /// The source a write key belongs to; null when no source has it. `key` may be `id:secret`; a trailing ':' (a Basic
  /// user name with an empty password) is ignored.
  const Source* source_of(std::string_view write_key) const;
  const ApiKey* api_key_of(std::string_view secret) const;
  const std::vector<Source>& sources() const { return sources_; }

 private:
  const Source* find_write_key(std::string_view key) const;

  std::vector<Source> sources_;
  std::vector<ApiKey> api_keys_;
  std::vector<std::pair<std::string, size_t>> write_keys_;  // SHA-256 of the key, index of its source; sorted
};

/// The ring in force, swapped as a whole at reload. Thread: any.
class CurrentKeyRing {
 public:
  explicit CurrentKeyRing(std::shared_ptr<const KeyRing> ring) : ring_(std::move(ring)) {}
  std::shared_ptr<const KeyRing> get() const { return std::atomic_load(&ring_); }
  void set(std::shared_ptr<const KeyRing> ring) { std::atomic_store(&ring_, std::move(ring)); }

 private:
  std::shared_ptr<const KeyRing> ring_;
};

}  // namespace tributary
