// A real broker for a test: a child process with a directory and a port of its own.
#pragma once

#include <string>
#include <vector>

namespace tributary {

/// A port of the loopback interface that was free a moment ago.
int free_port();

/// Where a server's program is: of PATH, /usr/sbin and /usr/bin; empty when it is not installed.
std::string find_server(const std::string& name);

/// Runs until the object dies, which kills it. The directory stays over kill() and start(), and goes with the object.
class BrokerProcess {
 public:
  /// `{dir}` and `{port}` in the arguments are replaced.
  explicit BrokerProcess(std::vector<std::string> command);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  /// Waits until the port answers; aborts the test program when it does not within 60 s.
  void start();
  void kill();  // SIGKILL
  void pause(bool stop);
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& directory() const { return directory_; }

 private:
  std::vector<std::string> command_;
  std::string directory_;
  int port_ = 0;
  int pid_ = -1;
};

}  // namespace tributary

/// For the first line of a test that needs the server.
#define TRIBUTARY_NEEDS_SERVER(name)                                                                               \
  do {                                                                                                             \
    if (tributary::find_server(name).empty()) GTEST_SKIP() << "SKIPPED LOUDLY: " << (name) << " is not installed"; \
  } while (false)
