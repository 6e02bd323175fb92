#include "benchmarks/load/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace tributary::load {
namespace {

constexpr size_t kReadBytes = 64 << 10;

/// The value of Content-Length in a response head, 0 without one.
size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2);
    if (line.size() < kName.size() || ::strncasecmp(line.data(), kName.data(), kName.size()) != 0) continue;
    line.remove_prefix(kName.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    size_t length = 0;
    std::from_chars(line.data(), line.data() + line.size(), length);
    return length;
  }
  return 0;
}

}  // namespace

Connection::~Connection() { close(); }

bool Connection::open(const std::string& host, uint16_t port) {
  close();
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (descriptor_ < 0 || ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return false;
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  int one = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
  return true;
}

void Connection::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  idle_ = true;
  unsent_ = {};
  received_.clear();
  head_bytes_ = 0;
}

Progress Connection::send(std::string_view bytes) {
  idle_ = false;
  unsent_ = bytes;
  received_.clear();
  head_bytes_ = 0;
  return write_rest();
}

Progress Connection::advance() {
  if (!unsent_.empty()) {
    Progress written = write_rest();
    if (written == Progress::broken || !unsent_.empty()) return written;
  }
  return read_some();
}

Progress Connection::write_rest() {
  while (!unsent_.empty()) {
    ssize_t written = ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (written < 0) return errno == EAGAIN ? Progress::pending : Progress::broken;
    unsent_.remove_prefix(static_cast<size_t>(written));
  }
  return Progress::pending;
}

Progress Connection::read_some() {
  char buffer[kReadBytes];
  ssize_t bytes = ::recv(descriptor_, buffer, sizeof buffer, 0);
  if (bytes < 0) return errno == EAGAIN ? Progress::pending : Progress::broken;
  if (bytes == 0 || idle_) return Progress::broken;
  received_.append(buffer, static_cast<size_t>(bytes));
  if (head_bytes_ == 0 && !parse_head()) return Progress::pending;
  if (received_.size() < head_bytes_ + body_bytes_) return Progress::pending;
  body_ = std::string_view(received_).substr(head_bytes_, body_bytes_);
  idle_ = true;
  return Progress::answered;
}

bool Connection::parse_head() {
  size_t end = received_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  std::string_view head = std::string_view(received_).substr(0, end + 2);
  head_bytes_ = end + 4;
  body_bytes_ = content_length(head);
  status_ = 0;
  if (head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, status_);
  return true;
}

}  // namespace tributary::load
