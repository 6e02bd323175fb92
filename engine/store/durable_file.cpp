#include "engine/store/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace tributary {
namespace {

Result<void> sync_directory(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_error("opening " + directory, errno);
  int result = ::fsync(fd);
  int error = errno;
  ::close(fd);
  if (result != 0) return errno_error("syncing " + directory, error);
  return {};
}

}  // namespace

Result<void> write_durable_file(const std::string& directory, const std::string& name, std::string_view bytes) {
  std::string path = directory + "/" + name;
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

}  // namespace tributary
