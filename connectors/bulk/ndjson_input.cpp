#include "connectors/bulk/ndjson_input.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/bulk/event_builder.h"
#include "engine/base/json_out.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/engine.h"
#include "engine/ingest/json_index.h"
#include "engine/ingest/json_repair.h"

namespace tributary {
namespace {

constexpr size_t kLevelsNotNoted = 1024;  // the server has the real limit on depth

RowForm line_form() {
  RowForm form;
  form.too_long_code = "event_too_large";
  form.too_long_message = "the line is longer than 1 MiB";
  return form;
}

class NdjsonMaker : public EventMaker {
 public:
  NdjsonMaker() : index_(kRowBytesMax + kBodyPaddingBytes) {}

  void begin(const ImportPart& part) override {
    slice_ = &part.slice;
    rest_ = part.slice.bytes();
    place_ = part.slice.place;
    damage_told_ = false;
  }

  bool next(ImportItem& item) override {
    if (!slice_->code.empty()) {
      item.begin(place_);
      item.refuse(slice_->code, slice_->message);
      return !std::exchange(damage_told_, true);
    }
    while (!rest_.empty()) {
      item.begin(place_);
      std::string_view line = take_line();
      if (line.empty()) continue;
      read(line, item);
      return true;
    }
    return false;
  }

 private:
  std::string_view take_line() {
    size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = trim(rest_.substr(0, end), kJsonSpace);
    size_t taken = std::min(end + 1, rest_.size());
    rest_.remove_prefix(taken);
    place_ = {place_.offset + taken, place_.line + 1};
    return line;
  }

  void read(std::string_view line, ImportItem& item) {
    item.json.reserve(line.size() + kBodyPaddingBytes);
    item.json = line;
    JsonProof proof = index_.build(item.json, item.json, kLevelsNotNoted);
    if (proof == JsonProof::invalid && is_utf8(line)) {
      repair_ = repair_json(line);
      if (!repair_.fault_at) proof = index_.build(repair_.provable, repair_.readable, kLevelsNotNoted);
    } else if (proof == JsonProof::invalid) {
      return item.refuse("invalid_utf8", "the line is not UTF-8");
    }
    if (proof != JsonProof::valid) return item.refuse("invalid_json", "the line is not JSON");
    if (line.front() != '{') return item.refuse("not_an_object", "the line is not a JSON object");
    JsonValue id = find_member(index_.root(), "messageId");
    if (id.missing()) name(line, id, item);
  }

  static void name(std::string_view line, const JsonValue& id, ImportItem& item) {
    std::string made;
    append_json_string(made, line_message_id("ndjson", item.place, line));
    if (!id.is(JsonKind::absent)) {
      item.json.replace(id.begin(), id.end() - id.begin(), made);
      return;
    }
    bool has_members = trim(line.substr(1), kJsonSpace).front() != '}';
    item.json.insert(1, "\"messageId\":" + made + (has_members ? "," : ""));
  }

  const RowSlice* slice_ = nullptr;
  std::string_view rest_;
  RowPlace place_;
  bool damage_told_ = false;
  JsonIndex index_;
  JsonRepair repair_;
};

class NdjsonInput : public ImportInput {
 public:
  explicit NdjsonInput(ImportText& text) : ImportInput(text), cutter_(text, line_form()) {}

  bool cut(ImportPart& part, size_t events_max) override {
    bool found = cutter_.cut(part.slice, events_max);
    part.next = cutter_.place();
    return found;
  }
  std::unique_ptr<EventMaker> make_maker() const override { return std::make_unique<NdjsonMaker>(); }
  void seek(RowPlace place) override { cutter_.seek(place); }

 private:
  RowCutter cutter_;
};

}  // namespace

std::unique_ptr<ImportInput> open_ndjson(ImportText& text) { return std::make_unique<NdjsonInput>(text); }

}  // namespace tributary
