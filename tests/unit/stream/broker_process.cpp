#include "broker_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace tributary {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool answers(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(port);
  bool open = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return open;
}

void replace(std::string& text, const std::string& name, const std::string& value) {
  for (size_t at; (at = text.find(name)) != std::string::npos;) text.replace(at, name.size(), value);
}

}  // namespace

int free_port() {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::perror("free_port");
    std::abort();
  }
  close(fd);
  return ntohs(address.sin_port);
}

std::string find_server(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string directories = std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/bin";
  for (size_t begin = 0; begin < directories.size();) {
    size_t end = std::min(directories.find(':', begin), directories.size());
    std::string file = directories.substr(begin, end - begin) + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
    begin = end + 1;
  }
  return {};
}

BrokerProcess::BrokerProcess(std::vector<std::string> command) : command_(std::move(command)), port_(free_port()) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tributary-broker-XXXXXX").string();
  directory_ = mkdtemp(pattern.data());
  command_[0] = find_server(command_[0]);
  for (std::string& argument : command_) {
    replace(argument, "{dir}", directory_);
    replace(argument, "{port}", std::to_string(port_));
  }
  start();
}

BrokerProcess::~BrokerProcess() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void BrokerProcess::start() {
  std::vector<char*> arguments;
  for (std::string& argument : command_) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const std::string log = directory_ + "/broker.log";
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // not left behind by a test that crashed
    int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!answers(port_)) {
    if (std::chrono::steady_clock::now() > deadline || waitpid(pid_, nullptr, WNOHANG) == pid_) {
      std::fprintf(stderr, "%s did not start; see %s\n", command_[0].c_str(), log.c_str());
      std::abort();
    }
    poll(nullptr, 0, 5);
  }
}

void BrokerProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void BrokerProcess::pause(bool stop) { ::kill(pid_, stop ? SIGSTOP : SIGCONT); }

}  // namespace tributary
