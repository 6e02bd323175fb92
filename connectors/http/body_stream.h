// Bodies that are never whole in memory: an answer that is made while it is sent, a request that is read while it is
// worked on.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/task.h"
#include "engine/base/result.h"

namespace tributary {

/// The next bytes of an answer. Without bytes and not the last one: nothing came of some time of looking.
struct BodyPiece {
  std::string bytes;
  bool last = false;
};

/// Makes the body of an answer piece by piece. The session asks for a piece when the one before is written, so a client
/// that reads slowly holds up the producer and nobody else. Thread: the session's I/O thread; what takes long belongs
/// on another one.
class BodyProducer {
 public:
  virtual ~BodyProducer() = default;
  /// After an error the connection ends in the middle of the body: that is how the client learns of it.
  virtual Task<Result<BodyPiece>> next() = 0;
};

/// The body of a request, as it arrives. While nobody reads, the client waits. Owner: the request's session.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// At least one byte, valid until the next call; empty at the end of the body. Errors: invalid when the framing is
  /// broken, unavailable when the client has gone before the end, stopping when the server ends. An error is final.
  virtual Task<Result<std::string_view>> read() = 0;
};

}  // namespace tributary
