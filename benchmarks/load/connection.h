#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tributary::load {

/// What came of one step of a connection.
enum class Progress { pending, answered, broken };

/// A non-blocking keep-alive connection with one request under way at most.
class Connection {
 public:
  Connection() = default;
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Connects (blocking: this is not measured). False when nobody listens.
  bool open(const std::string& host, uint16_t port);
  void close();
  int descriptor() const { return descriptor_; }
  bool idle() const { return idle_; }

  /// Begins a request; `bytes` live until it is answered.
  Progress send(std::string_view bytes);
  /// Goes on when the socket is ready.
  Progress advance();
  bool wants_to_write() const { return !unsent_.empty(); }

  // Of the last answer.
  int status() const { return status_; }
  std::string_view body() const { return body_; }

 private:
  Progress write_rest();
  Progress read_some();
  bool parse_head();

  int descriptor_ = -1;
  bool idle_ = true;
  std::string_view unsent_;
  std::string received_;
  size_t head_bytes_ = 0;
  size_t body_bytes_ = 0;
  int status_ = 0;
  std::string_view body_;
};

}  // namespace tributary::load
