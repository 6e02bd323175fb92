// What an import's input is made of, whatever the file's form.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/bulk/import_text.h"
#include "connectors/bulk/row_cutter.h"

namespace tributary {

/// One event on its way, or the reason why a part of the file is none. Reused from item to item.
struct ImportItem {
  RowPlace place;       // of the event's first row: the order of an input
  uint64_t line = 0;    // what a report names: of the first row, or of the row at fault
  std::string json;     // one JSON object; empty when `code` is set
  std::string column;   // at fault, where one is
  std::string code;     // stable; those of the server and those of the reader
  std::string message;  // in words, without values of the row: a report may be passed on
  bool good() const { return code.empty(); }

  void begin(RowPlace at) {
    place = at;
    line = at.line;
    json.clear();
    column.clear();
    code.clear();
    message.clear();
  }
  void refuse(std::string_view why, std::string_view words) {
    json.clear();
    code = why;
    message = words;
  }
};

/// Consecutive events that are still to be made.
struct ImportPart {
  RowSlice slice;                          // of their rows
  size_t first_group = 0, last_group = 0;  // or which groups of rows they are
  RowPlace next;                           // where the part behind this one begins
};

/// Makes the events of a part. Owner: one thread at a time; several makers of one input may work at once.
class EventMaker {
 public:
  virtual ~EventMaker() = default;
  /// The part outlives its items.
  virtual void begin(const ImportPart& part) = 0;
  /// False behind the part's last item.
  virtual bool next(ImportItem& item) = 0;
};

/// The events of one file, in an order that depends on the file alone: by the place of their first row.
/// Owner: one thread at a time; makers are apart. Lifetime: the text outlives it.
class ImportInput {
 public:
  explicit ImportInput(ImportText& text) : text_(text) {}
  virtual ~ImportInput() = default;
  ImportText& text() const { return text_; }
  /// Cuts off the next part, of at most `events_max` events. False at the end.
  virtual bool cut(ImportPart& part, size_t events_max) = 0;
  /// Lifetime: within the input's.
  virtual std::unique_ptr<EventMaker> make_maker() const = 0;
  /// Skips what begins before `place`, which an earlier run of the same input gave.
  virtual void seek(RowPlace place) = 0;
  virtual InputProgress progress() const { return text_.progress(); }

 private:
  ImportText& text_;
};

}  // namespace tributary
