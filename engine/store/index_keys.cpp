#include "engine/store/index_keys.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/crc32c.h"
#include "engine/store/durable_file.h"

namespace tributary {
namespace {

constexpr size_t kKeyBytes = 32;

constexpr size_t kFileBytes = kKeyBytes + sizeof(uint32_t);

// A flipped bit would make another key, under which every look-up finds nothing; so the key carries its checksum.
std::string with_checksum(std::string key) {
  uint32_t crc = masked_crc(crc32c(key));
  for (int shift = 0; shift < 32; shift += 8) key.push_back(static_cast<char>(crc >> shift));
  return key;
}

}  // namespace

IndexKeys::IndexKeys(std::string_view master) : master_(master), cursor_key_(master_.derive("cursor")) {}

IndexKeys::~IndexKeys() {
  for (Node* node = head_.load(); node != nullptr;) {
    std::unique_ptr<Node> owned(node);
    node = node->next;
  }
}

Result<std::unique_ptr<IndexKeys>> IndexKeys::open(const std::string& data_dir, bool log_exists) {
  std::string path = data_dir + "/index.key";
  if (!std::filesystem::exists(path)) {
    if (log_exists) {
      return Error{ErrorCode::corrupt, path + " is missing, but the directory holds a log that was written with it"};
    }
    TRIBUTARY_TRY(write_durable_file(data_dir, "index.key", with_checksum(random_bytes(kKeyBytes))));
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (bytes.size() != kFileBytes) {
    return Error{ErrorCode::corrupt, path + " must hold " + std::to_string(kFileBytes) + " bytes"};
  }
  std::string key = bytes.substr(0, kKeyBytes);
  if (with_checksum(key) != bytes) return Error{ErrorCode::corrupt, path + " is damaged: its checksum does not match"};
  return std::unique_ptr<IndexKeys>(new IndexKeys(key));
}

const KeyedHash& IndexKeys::of(WorkspaceId workspace) {
  Node* head = head_.load(std::memory_order_acquire);
  for (Node* node = head; node != nullptr; node = node->next) {
    if (node->workspace == workspace) return node->key;
  }
  std::string key = master_.derive("workspace " + std::to_string(workspace.value()));
  auto node = std::make_unique<Node>(Node{workspace, KeyedHash(key), head});
  // Another thread may add the same workspace first: two nodes with one key do no harm.
  while (!head_.compare_exchange_weak(node->next, node.get(), std::memory_order_acq_rel)) {
  }
  return node.release()->key;
}

}  // namespace tributary
