#include "engine/ingest/json_index.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "engine/ingest/json_text.h"

namespace tributary {

// simdjson's DOM proves the text; the positions it found on the way, one for each bracket, comma, colon and first byte
// of a scalar, are all we keep of its work. They are reached through a member that simdjson keeps public for such uses.
struct JsonIndex::Prover {
  explicit Prover(size_t text_bytes_max) : parser(text_bytes_max) {}
  simdjson::dom::parser parser;
};

namespace {

bool is_json_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The end of a scalar: white space before the next structural position is not part of it.
uint32_t scalar_end(const char* text, uint32_t next_structural) {
  while (is_json_space(text[next_structural - 1])) --next_structural;
  return next_structural;
}

JsonProof proof_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
      return JsonProof::valid;
    case simdjson::DEPTH_ERROR:
      return JsonProof::too_deep;
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return JsonProof::too_large;
    default:
      return JsonProof::invalid;
  }
}

}  // namespace

JsonIndex::JsonIndex(size_t text_bytes_max) : text_bytes_max_(text_bytes_max) {}
JsonIndex::~JsonIndex() = default;

JsonProof JsonIndex::build(std::string_view proven, std::string_view read, size_t depth_noted) {
  if (!prover_) prover_ = std::make_unique<Prover>(text_bytes_max_);
  simdjson::dom::element ignored;
  auto error = prover_->parser.parse(proven.data(), proven.size(), /*realloc_if_needed=*/false).get(ignored);
  if (error) return proof_of(error);
  read_ = read;
  has_escapes_ = std::memchr(read.data(), '\\', read.size()) != nullptr;
  const auto& found = *prover_->parser.implementation;
  index_values(found.structural_indexes.get(), found.n_structural_indexes, depth_noted);
  return JsonProof::valid;
}

void JsonIndex::index_values(const uint32_t* structurals, size_t count, size_t depth_noted) {
  if (nodes_capacity_ < count) {
    nodes_capacity_ = std::max<size_t>(count, 1024);
    nodes_ = std::make_unique_for_overwrite<Node[]>(nodes_capacity_);
  }
  deep_.clear();
  const char* text = read_.data();
  Node* nodes = nodes_.get();
  uint32_t used = 0;
  uint32_t open[1024];  // simdjson refuses what is nested deeper
  size_t depth = 0;
  for (size_t i = 0; i < count; ++i) {
    uint32_t at = structurals[i];
    switch (text[at]) {
      case ',':
      case ':':
        break;
      case '{':
      case '[':
        open[depth++] = used;
        nodes[used++].begin = at;
        if (depth > depth_noted) deep_.push_back({at, static_cast<uint32_t>(depth)});
        break;
      case '}':
      case ']': {
        Node& closed = nodes[open[--depth]];
        closed.end = at + 1;
        closed.next = used;
        break;
      }
      default: {
        uint32_t next = i + 1 < count ? structurals[i + 1] : static_cast<uint32_t>(read_.size());
        nodes[used] = {at, scalar_end(text, next), used + 1};
        ++used;
      }
    }
  }
}

size_t JsonIndex::depth_within(size_t begin, size_t end) const {
  auto first = std::lower_bound(deep_.begin(), deep_.end(), begin,
                                [](const DeepContainer& container, size_t at) { return container.begin < at; });
  size_t depth = 0;
  for (; first != deep_.end() && first->begin < end; ++first) depth = std::max<size_t>(depth, first->depth);
  return depth;
}

void JsonIndex::release(size_t bytes_kept) {
  if (prover_ && prover_->parser.capacity() > bytes_kept) prover_.reset();
  if (nodes_capacity_ > bytes_kept) {
    nodes_.reset();
    nodes_capacity_ = 0;
  }
  if (deep_.capacity() > 1024) deep_ = {};
}

std::string_view JsonValue::decoded(std::string_view quoted, std::string& scratch) const {
  return decoded_json_string(quoted.substr(1, quoted.size() - 2), scratch);
}

size_t JsonValue::size() const {
  size_t count = 0;
  for_each_member(*this, [&](const JsonValue&, const JsonValue&) { ++count; });
  for_each_element(*this, [&](const JsonValue&) { ++count; });
  return count;
}

JsonValue find_member(const JsonValue& object, std::string_view name, size_t& looked_at) {
  if (!object.is(JsonKind::object)) return {};
  JsonValue found;
  std::string scratch;
  const JsonIndex& index = *object.index_;
  const JsonIndex::Node* nodes = index.nodes_.get();
  uint32_t end = nodes[object.node_].next;
  for (uint32_t key = object.node_ + 1; key < end; key = nodes[key + 1].next) {
    ++looked_at;
    size_t length = nodes[key].end - nodes[key].begin - 2;  // without quotes
    // Most keys are of another length. An escape is never shorter than what it means.
    if (length < name.size() || (length > name.size() && !index.has_escapes_)) continue;
    if (JsonValue{&index, key}.text(scratch) == name) found = JsonValue{&index, key + 1};
  }
  return found;
}

JsonValue find_member(const JsonValue& object, std::string_view name) {
  size_t looked_at = 0;
  return find_member(object, name, looked_at);
}

}  // namespace tributary
