// Commits group after group to the store in the directory of its argument, the same number in every family, until it
// is killed. Small write buffers make the store flush on its own all the time.
#include "tests/unit/store/state_writer.h"

#include <string>

#include "engine/store/state_store.h"

namespace tributary {
namespace {

Result<void> commit_group(StateStore& store, uint64_t lsn) {
  auto batch = store.make_batch();
  std::string number = std::to_string(lsn);
  for (size_t i = 0; i < kWrittenFamilies.size(); ++i) {
    batch->put(kWrittenFamilies[i], "last", number);
    // Families of different sizes fill their buffers at different times.
    batch->put(kWrittenFamilies[i], "row " + number, std::string(1 + 97 * i * i, 'v'));
  }
  return store.commit(*batch, AppliedState{Lsn{lsn}, Timestamp{}, lsn, 0, 0, 0});
}

int commit_for_ever(const std::string& directory) {
  StoreMemory memory(1 << 20, 2 << 20);
  auto store = StateStore::open({directory, kMicrosPerDay, false}, memory);
  if (!store) return 1;
  for (uint64_t lsn = (*store)->applied()->lsn.value() + 1;;) {
    auto committed = commit_group(**store, lsn);
    if (committed) {
      ++lsn;
    } else if (committed.error().code != ErrorCode::overloaded) {
      return 2;
    }
  }
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) { return argc == 2 ? tributary::commit_for_ever(argv[1]) : 64; }
