// A RocksDB memtable for keys that begin with a hash: rows come and are looked up in no order, and order is needed only
// once, when the memtable is flushed.
#pragma once

#include <cstddef>
#include <memory>

namespace rocksdb {
class MemTableRepFactory;
}

namespace tributary {

/// Two hash tables, of keys for look-ups and of prefixes for scans, and the rows in the order of their arrival. A new
/// key goes in front of its chains, a new version of a key in front of the versions. Order is made when it is asked
/// for: that of a prefix's keys by a scan, that of everything by a flush. (RocksDB's hash-linked-list memtable walks an
/// ordered chain per insertion and builds a skip list per flush, which were half of what an event cost.)
///
/// Prefix is what the family's prefix extractor takes. A scan costs as many steps as its prefix has keys here, whatever
/// the page it reads. Needs DBOptions::allow_concurrent_memtable_write off. Thread: one writer, any number of readers,
/// as RocksDB asks.
std::shared_ptr<rocksdb::MemTableRepFactory> make_hashed_memtable_factory(size_t buckets);

}  // namespace tributary
