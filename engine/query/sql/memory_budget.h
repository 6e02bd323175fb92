// What one statement may allocate inside SQLite: its own limits are of the whole process.
#pragma once

#include <cstddef>

namespace tributary {

/// Installs the allocator that counts, and sets the last stop of the whole process. Must run before anything else uses
/// SQLite; later calls do nothing. Thread: any.
void install_sql_allocator();

/// While it lives, SQLite's allocations on this thread count against `bytes_max`, and those beyond it fail. One per
/// thread at a time. What is opened under a budget is closed under it.
class SqlMemoryBudget {
 public:
  explicit SqlMemoryBudget(size_t bytes_max);
  ~SqlMemoryBudget();
  SqlMemoryBudget(const SqlMemoryBudget&) = delete;
  SqlMemoryBudget& operator=(const SqlMemoryBudget&) = delete;

  size_t peak_bytes() const;
  /// An allocation failed.
  bool was_exceeded() const;
};

}  // namespace tributary
