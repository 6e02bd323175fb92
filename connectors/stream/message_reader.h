// Messages of a broker to events: as SDKs send them, or by a mapping file like a platform's calls.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "connectors/http/message.h"
#include "connectors/stream/consumer.h"
#include "connectors/webhook/mapping.h"
#include "engine/engine.h"

namespace tributary {

/// The events of one batch on their way into the engine. Items point into its texts: it must not move.
struct ReadMessages {
  IngestRequest ingest;
  std::deque<std::string> texts;
  ReadFindings findings;
};

/// Reads batches one after the other. Owner: one thread; keeps the memory of ordinary batches.
class MessageReader {
 public:
  /// `source` outlives the reader.
  MessageReader(const StreamSource& source, const KeyedHash& index_key, const IngestLimits& limits);

  /// One item for every event, and for every message that is none: nothing of a batch is lost. `read` is fresh; the
  /// batch outlives it.
  void read(const StreamBatch& batch, Timestamp now, ReadMessages& read);

 private:
  void read_events(const StreamMessage& message, std::string_view body, bool listed, ReadMessages& read);
  void map(const StreamMessage& message, std::string_view body, ReadMessages& read);
  void name_by_place(const StreamMessage& message, std::vector<ParsedItem>& items) const;
  void reject(const StreamMessage& message, std::string why, std::string path, std::string_view raw,
              ReadMessages& read);
  HttpRequest request_of(const StreamMessage& message) const;

  const StreamSource& source_;
  const KeyedHash& index_key_;
  const IngestLimits limits_;
  EventParser parser_;
  Mapper mapper_;
  Timestamp now_;
};

}  // namespace tributary
