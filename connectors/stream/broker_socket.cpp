#include "connectors/stream/broker_socket.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace tributary {
namespace {

using std::chrono::milliseconds;

Error socket_lost(std::string_view doing, std::string_view why) {
  return Error(ErrorCode::unavailable, fmt::format("{}: {}", doing, why));
}

Error socket_lost_errno(std::string_view doing, int number) {
  return socket_lost(doing, std::generic_category().message(number));
}

milliseconds left_until(BrokerDeadline deadline) {
  auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(0), milliseconds(INT_MAX));
}

// What poll(2) says; 0 when it was too late.
Result<short> wait_ready(int fd, short events, BrokerDeadline deadline) {
  for (;;) {
    pollfd entry{fd, events, 0};
    int ready = poll(&entry, 1, static_cast<int>(left_until(deadline).count()));
    if (ready >= 0) return entry.revents;
    if (errno != EINTR) return socket_lost_errno("waiting for the broker", errno);
  }
}

std::string tls_reason() {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown TLS error" : reason;
}

Result<int> connect_one(const addrinfo& address, BrokerDeadline deadline) {
  int fd = socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  if (fd < 0) return socket_lost_errno("opening a socket", errno);
  int failed = connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (failed == EINPROGRESS) {
    Result<short> ready = wait_ready(fd, POLLOUT, deadline);
    socklen_t bytes = sizeof failed;
    if (!ready || *ready == 0) {
      failed = ETIMEDOUT;
    } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &bytes) != 0) {
      failed = errno;
    }
  }
  if (failed != 0) {
    close(fd);
    return socket_lost_errno("connecting", failed);
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  return fd;
}

Result<int> connect_any(const ServerAddress& address, BrokerDeadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int code = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (code != 0) return socket_lost("looking up the name", gai_strerror(code));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, &freeaddrinfo);
  Result<int> fd = socket_lost("connecting", "the name has no address");
  for (const addrinfo* one = found; one != nullptr && !fd; one = one->ai_next) fd = connect_one(*one, deadline);
  return fd;
}

Result<void> configure(SSL_CTX* context, const StreamTls& tls) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  int loaded = tls.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                   : SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr);
  if (loaded != 1) return socket_lost(fmt::format("reading authorities {}", tls.ca_file), tls_reason());
  if (tls.certificate_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, tls.certificate_file.c_str()) != 1)
    return socket_lost(fmt::format("reading certificate {}", tls.certificate_file), tls_reason());
  const std::string& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return socket_lost(fmt::format("reading key {}", key), tls_reason());
  return {};
}

// An address is compared with the certificate's addresses and is no server name: RFC 6066 section 3.
bool expect_host(SSL* ssl, const std::string& host) {
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1) return true;
  ERR_clear_error();
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

void BrokerSocket::SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void BrokerSocket::SslDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<std::unique_ptr<BrokerSocket>> BrokerSocket::connect(const ServerAddress& address, const StreamTls& tls,
                                                            BrokerDeadline deadline) {
  Result<int> fd = connect_any(address, deadline);
  if (!fd) return fd.error();
  std::unique_ptr<BrokerSocket> made(new BrokerSocket(*fd));
  if (tls.enabled) TRIBUTARY_TRY(made->start_tls(address, tls, deadline));
  return made;
}

BrokerSocket::~BrokerSocket() {
  if (ssl_) SSL_shutdown(ssl_.get());  // says that it ends, waits for no answer
  ERR_clear_error();
  close(fd_);
}

Result<void> BrokerSocket::start_tls(const ServerAddress& address, const StreamTls& tls, BrokerDeadline deadline) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return socket_lost("setting up TLS", tls_reason());
  TRIBUTARY_TRY(configure(context_.get(), tls));
  ssl_.reset(SSL_new(context_.get()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), fd_) != 1 || !expect_host(ssl_.get(), address.host))
    return socket_lost("setting up TLS", tls_reason());
  for (;;) {
    int result = SSL_connect(ssl_.get());
    if (result == 1) return {};
    if (long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
      return socket_lost("verifying the broker's certificate", X509_verify_cert_error_string(verdict));
    Result<Step> step = after_tls(result, "agreeing on TLS");
    if (!step) return step.error();
    Result<short> ready = wait_ready(fd_, step->wait_for, deadline);
    if (!ready) return ready.error();
    if (*ready == 0) return socket_lost("agreeing on TLS", "the broker does not answer");
  }
}

Result<BrokerSocket::Step> BrokerSocket::after_tls(int result, std::string_view doing) const {
  const int number = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step{0, POLLIN};
    case SSL_ERROR_WANT_WRITE:
      return Step{0, POLLOUT};
    case SSL_ERROR_ZERO_RETURN:
      return socket_lost(doing, "the broker closed the connection");
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return number == 0 ? socket_lost(doing, "the broker closed the connection") : socket_lost_errno(doing, number);
    default:
      return socket_lost(doing, tls_reason());
  }
}

Result<BrokerSocket::Step> BrokerSocket::read_step(char* into, size_t room) {
  constexpr std::string_view kDoing = "reading from the broker";
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    int got = SSL_read(ssl_.get(), into, static_cast<int>(std::min<size_t>(room, INT_MAX)));
    if (got <= 0) return after_tls(got, kDoing);
    return Step{static_cast<size_t>(got), 0};
  }
  ssize_t got = recv(fd_, into, room, 0);
  if (got > 0) return Step{static_cast<size_t>(got), 0};
  if (got == 0) return socket_lost(kDoing, "the broker closed the connection");
  if (errno == EAGAIN || errno == EINTR) return Step{0, POLLIN};
  return socket_lost_errno(kDoing, errno);
}

Result<BrokerSocket::Step> BrokerSocket::write_step(std::string_view bytes) {
  constexpr std::string_view kDoing = "writing to the broker";
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    int put = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX)));
    if (put <= 0) return after_tls(put, kDoing);
    return Step{static_cast<size_t>(put), 0};
  }
  ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) return Step{static_cast<size_t>(put), 0};
  if (errno == EAGAIN || errno == EINTR) return Step{0, POLLOUT};
  return socket_lost_errno(kDoing, errno);
}

Result<size_t> BrokerSocket::read(char* into, size_t room, milliseconds patience) {
  const BrokerDeadline deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    Result<Step> step = read_step(into, room);
    if (!step) return step.error();
    if (step->bytes > 0 || patience <= milliseconds(0)) return step->bytes;
    Result<short> ready = wait_ready(fd_, step->wait_for, deadline);
    if (!ready) return ready.error();
    if (*ready == 0) return size_t{0};
  }
}

Result<void> BrokerSocket::write(std::string_view bytes, milliseconds patience) {
  const BrokerDeadline deadline = std::chrono::steady_clock::now() + patience;
  while (!bytes.empty()) {
    Result<Step> step = write_step(bytes);
    if (!step) return step.error();
    bytes.remove_prefix(step->bytes);
    if (step->bytes > 0) continue;
    Result<short> ready = wait_ready(fd_, step->wait_for, deadline);
    if (!ready) return ready.error();
    if (*ready == 0) return socket_lost("writing to the broker", "it takes nothing");
  }
  return {};
}

Result<void> BrokerSocket::rest(milliseconds patience) {
  Result<short> ready = wait_ready(fd_, POLLRDHUP, std::chrono::steady_clock::now() + patience);
  if (!ready) return ready.error();
  if (*ready != 0) return socket_lost("waiting for room", "the broker closed the connection");
  return {};
}

}  // namespace tributary
