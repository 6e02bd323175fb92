#include "engine/log/segment.h"

namespace tributary {

Error damaged_record(const std::string& path, Lsn lsn, uint64_t offset) {
  return {ErrorCode::corrupt, "reading record " + std::to_string(lsn.value()) + " in " + path + ": damaged at offset " +
                                  std::to_string(offset)};
}

std::vector<RecordView> collect_records(RecordScanner& scanner, Lsn from, Lsn to, size_t bytes_max) {
  std::vector<RecordView> records;
  while (scanner.next_lsn() < from) {
    if (!scanner.skip()) return records;
  }
  size_t bytes = 0;
  while (scanner.next_lsn() <= to) {
    auto record = scanner.next();
    if (!record) break;
    bytes += record->view.payload.size();
    records.push_back(record->view);
    if (bytes >= bytes_max) break;
  }
  return records;
}

}  // namespace tributary
