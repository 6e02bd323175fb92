// The secret under which identifiers become hashes: one key per workspace, derived from one file.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/base/keyed_hash.h"
#include "engine/base/result.h"
#include "engine/base/strong_id.h"

namespace tributary {

/// Made once with the data directory and never changed: every look-up depends on it. Thread: any.
class IndexKeys {
 public:
  /// Reads `<data_dir>/index.key` (32 bytes and their masked CRC-32C, little-endian; mode 0600), or makes it when the
  /// directory holds no log yet.
  /// Errors: corrupt when a log is there and its key is missing, has the wrong size or does not match its checksum.
  static Result<std::unique_ptr<IndexKeys>> open(const std::string& data_dir, bool log_exists);

  ~IndexKeys();

  /// Valid as long as this object.
  const KeyedHash& of(WorkspaceId workspace);
  /// For signing what leaves the process and comes back: cursors.
  const KeyedHash& cursor_key() const { return cursor_key_; }

 private:
  // An append-only list: a workspace is added on its first use and never removed, so readers never wait.
  struct Node {
    WorkspaceId workspace;
    KeyedHash key;
    Node* next;
  };
  explicit IndexKeys(std::string_view master);

  KeyedHash master_;
  KeyedHash cursor_key_;
  std::atomic<Node*> head_{nullptr};
};

}  // namespace tributary
