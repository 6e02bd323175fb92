#include "engine/store/index_keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/crc32c.h"

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

Result<void> sync_directory(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_error("opening " + directory, errno);
  int result = ::fsync(fd);
  int error = errno;
  ::close(fd);
  if (result != 0) return errno_error("syncing " + directory, error);
  return {};
}

// Durable under its name, whole or not at all, before the first record that depends on it.
Result<void> write_key_file(const std::string& directory, const std::string& path, std::string_view bytes) {
  std::string unfinished = path + ".new";
  int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno_error("making " + unfinished, errno);
  bool written = ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
  int error = errno;
  ::close(fd);
  if (!written) return errno_error("writing " + unfinished, error);
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return errno_error("making " + path, errno);
  return sync_directory(directory);
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
    TRIBUTARY_TRY(write_key_file(data_dir, path, with_checksum(random_bytes(kKeyBytes))));
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
