#include "connectors/bulk/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace tributary {
namespace {

Result<std::string_view> map_descriptor(int descriptor, const std::string& context) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return errno_error(context, errno);
  if (!S_ISREG(status.st_mode)) {
    return Error(ErrorCode::invalid, context + ": not a regular file");
  }
  if (status.st_size == 0) return std::string_view{};
  auto size = static_cast<size_t>(status.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (memory == MAP_FAILED) return errno_error(context, errno);
  ::madvise(memory, size, MADV_SEQUENTIAL);
  return std::string_view(static_cast<const char*>(memory), size);
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  std::string context = "opening " + path;
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    int failure = errno;
    Error error = errno_error(context, failure);
    if (failure == ENOENT) error.code = ErrorCode::not_found;
    return error;
  }
  auto mapped = of_descriptor(descriptor, context);
  ::close(descriptor);
  return mapped;
}

Result<MappedFile> MappedFile::of_descriptor(int descriptor, const std::string& context) {
  auto mapped = map_descriptor(descriptor, context);
  if (!mapped) return mapped.error();
  return MappedFile(*mapped);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace tributary
