#include "engine/query/sql/memory_budget.h"

#include <malloc.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr sqlite3_int64 kProcessBytesMax = 1ll << 30;

struct SqlBytes {
  bool limited = false;
  bool exceeded = false;
  ptrdiff_t used = 0;  // below 0 after something older was freed
  ptrdiff_t peak = 0;
  ptrdiff_t most = 0;
};
thread_local SqlBytes sql_bytes;

bool take_sql_bytes(ptrdiff_t bytes) {
  if (sql_bytes.limited && sql_bytes.used + bytes > sql_bytes.most) {
    sql_bytes.exceeded = true;
    return false;
  }
  sql_bytes.used += bytes;
  sql_bytes.peak = std::max(sql_bytes.peak, sql_bytes.used);
  return true;
}

int sql_size(void* memory) { return memory == nullptr ? 0 : static_cast<int>(malloc_usable_size(memory)); }

void* sql_malloc(int bytes) {
  if (!take_sql_bytes(bytes)) return nullptr;
  void* memory = std::malloc(static_cast<size_t>(bytes));
  sql_bytes.used += sql_size(memory) - bytes;
  return memory;
}

void sql_free(void* memory) {
  sql_bytes.used -= sql_size(memory);
  std::free(memory);
}

void* sql_realloc(void* memory, int bytes) {
  ptrdiff_t before = sql_size(memory);
  if (!take_sql_bytes(bytes - before)) return nullptr;
  void* moved = std::realloc(memory, static_cast<size_t>(bytes));
  ptrdiff_t after = moved != nullptr ? sql_size(moved) : before;
  sql_bytes.used += after - bytes;
  return moved;
}

int sql_round_up(int bytes) { return (bytes + 7) & ~7; }
int sql_begin(void*) { return SQLITE_OK; }
void sql_end(void*) {}

bool install_once() {
  static sqlite3_mem_methods methods = {sql_malloc,   sql_free,  sql_realloc, sql_size,
                                        sql_round_up, sql_begin, sql_end,     nullptr};
  TRIBUTARY_CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
  TRIBUTARY_CHECK(sqlite3_initialize() == SQLITE_OK);
  sqlite3_hard_heap_limit64(kProcessBytesMax);
  return true;
}

}  // namespace

void install_sql_allocator() { [[maybe_unused]] static const bool kInstalled = install_once(); }

SqlMemoryBudget::SqlMemoryBudget(size_t bytes_max) {
  sql_bytes = SqlBytes{.limited = true, .most = static_cast<ptrdiff_t>(bytes_max)};
}
SqlMemoryBudget::~SqlMemoryBudget() { sql_bytes = SqlBytes{}; }

size_t SqlMemoryBudget::peak_bytes() const { return static_cast<size_t>(sql_bytes.peak); }
bool SqlMemoryBudget::was_exceeded() const { return sql_bytes.exceeded; }

}  // namespace tributary
