#include "engine/store/index_keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tributary {
namespace {

constexpr size_t kKeyBytes = 32;

// Durable before the first record that depends on it.
Result<void> write_key_file(const std::string& path, std::string_view key) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno_error("making " + path, errno);
  bool written = ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(fd) == 0;
  int error = errno;
  ::close(fd);
  if (!written) return errno_error("writing " + path, error);
  return {};
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
    TRIBUTARY_TRY(write_key_file(path, random_bytes(kKeyBytes)));
  }
  std::ifstream file(path, std::ios::binary);
  std::string key((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (key.size() != kKeyBytes) return Error{ErrorCode::corrupt, path + " must hold 32 bytes"};
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
