// A byte stream to one broker, for protocols that we speak ourselves.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include "connectors/stream/option_check.h"
#include "connectors/stream/stream_source.h"
#include "engine/base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace tributary {

using BrokerDeadline = std::chrono::steady_clock::time_point;

/// TCP, or TLS 1.2 and later where the certificate must be valid and of this host. Every call ends in time; only the
/// look-up of a name takes as long as the system's resolver does. SIGPIPE is ignored by the process.
///
/// Owner: one thread. After any error it is of no use. All errors: unavailable.
class BrokerSocket {
 public:
  static Result<std::unique_ptr<BrokerSocket>> connect(const ServerAddress& address, const StreamTls& tls,
                                                       BrokerDeadline deadline);
  ~BrokerSocket();
  BrokerSocket(const BrokerSocket&) = delete;
  BrokerSocket& operator=(const BrokerSocket&) = delete;

  /// Waits for the first bytes; 0 when none came in time.
  Result<size_t> read(char* into, size_t room, std::chrono::milliseconds patience);
  /// Writes everything.
  Result<void> write(std::string_view bytes, std::chrono::milliseconds patience);
  /// Waits without reading; the error when the other side goes meanwhile.
  Result<void> rest(std::chrono::milliseconds patience);

 private:
  struct SslDeleter {
    void operator()(ssl_st* ssl) const;
    void operator()(ssl_ctx_st* context) const;
  };
  struct Step {
    size_t bytes = 0;    // moved
    short wait_for = 0;  // of poll(2), when nothing was moved
  };

  explicit BrokerSocket(int fd) : fd_(fd) {}
  Result<void> start_tls(const ServerAddress& address, const StreamTls& tls, BrokerDeadline deadline);
  Result<Step> read_step(char* into, size_t room);
  Result<Step> write_step(std::string_view bytes);
  Result<Step> after_tls(int result, std::string_view doing) const;

  int fd_;
  std::unique_ptr<ssl_ctx_st, SslDeleter> context_;
  std::unique_ptr<ssl_st, SslDeleter> ssl_;
};

}  // namespace tributary
