// Positions of every value of a JSON text that is proven valid: what the parser reads instead of a document tree,
// because an event's bytes, and its numbers above all, must come out as they came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

enum class JsonKind : uint8_t { absent, object, array, string, number, boolean, null };

class JsonIndex;
class JsonValue;

/// The member with this name, the last one when there are several, as JSON.parse has it; absent when there is none.
/// `looked_at` grows by the number of members.
JsonValue find_member(const JsonValue& object, std::string_view name, size_t& looked_at);
JsonValue find_member(const JsonValue& object, std::string_view name);

/// A handle on one value of an indexed text; default constructed it stands for "not there".
///
/// Lifetime: dies with the next build() of its index.
class JsonValue {
 public:
  JsonValue() = default;
  JsonKind kind() const;
  bool is(JsonKind wanted) const { return kind() == wanted; }
  /// The value's own bytes; of a string with its quotes. Empty when absent.
  std::string_view raw() const;
  /// A string's decoded text, any other value's own bytes. `scratch` is used only when there is an escape to decode.
  std::string_view text(std::string& scratch) const;
  /// True for absent, `null` and `""`: an SDK sends all three for "I have none".
  bool missing() const;
  /// Position of the first byte in the indexed text. The value is not absent.
  size_t begin() const;
  size_t end() const;
  /// Number of elements of an array, of members of an object; counts them.
  size_t size() const;

 private:
  friend class JsonIndex;
  std::string_view decoded(std::string_view quoted, std::string& scratch) const;
  JsonValue(const JsonIndex* index, uint32_t node) : index_(index), node_(node) {}
  template <class OnMember>
  friend void for_each_member(const JsonValue& object, OnMember on_member);
  template <class OnElement>
  friend void for_each_element(const JsonValue& array, OnElement on_element);
  friend JsonValue find_member(const JsonValue& object, std::string_view name, size_t& looked_at);

  const JsonIndex* index_ = nullptr;
  uint32_t node_ = 0;
};

enum class JsonProof { valid, invalid, too_deep, too_large };

/// Proves a text and indexes it. Owner: one thread; keeps the memory of the largest text until release().
class JsonIndex {
 public:
  /// Limits: texts over `text_bytes_max` are too_large; containers nested deeper than 1024 are too_deep.
  explicit JsonIndex(size_t text_bytes_max);
  ~JsonIndex();
  JsonIndex(const JsonIndex&) = delete;
  JsonIndex& operator=(const JsonIndex&) = delete;

  /// Proves `proven` as one JSON text (RFC 8259) in UTF-8 and indexes `read`, which has the same length and differs at
  /// most inside strings and numbers. 64 readable bytes follow the end of `proven`. Containers deeper than
  /// `depth_noted` are remembered for depth_within(). Lifetime: `read` must outlive the values.
  JsonProof build(std::string_view proven, std::string_view read, size_t depth_noted);

  JsonValue root() const { return {this, 0}; }
  std::string_view read() const { return read_; }

  /// The greatest depth of a container that begins inside [begin, end) when it is over `depth_noted`, else 0. The root
  /// container has depth 1.
  size_t depth_within(size_t begin, size_t end) const;

  /// Gives memory back when it is more than `bytes_kept` of text needs.
  void release(size_t bytes_kept);

 private:
  struct Node {
    uint32_t begin, end, next;  // next: the first node behind this value and everything in it
  };
  struct DeepContainer {
    uint32_t begin, depth;
  };
  struct Prover;

  void index_values(const uint32_t* structurals, size_t count, size_t depth_noted);

  friend class JsonValue;
  template <class OnMember>
  friend void for_each_member(const JsonValue& object, OnMember on_member);
  template <class OnElement>
  friend void for_each_element(const JsonValue& array, OnElement on_element);
  friend JsonValue find_member(const JsonValue& object, std::string_view name, size_t& looked_at);

  size_t text_bytes_max_;
  std::unique_ptr<Prover> prover_;
  std::string_view read_;
  bool has_escapes_ = false;  // a backslash anywhere: most bodies have none, and no string needs a search
  std::unique_ptr<Node[]> nodes_;
  size_t nodes_capacity_ = 0;
  std::vector<DeepContainer> deep_;
};

/// Calls on_member(key, value) in text order, duplicates included. Nothing for a value that is no object.
template <class OnMember>
void for_each_member(const JsonValue& object, OnMember on_member) {
  if (!object.is(JsonKind::object)) return;
  const JsonIndex::Node* nodes = object.index_->nodes_.get();
  for (uint32_t key = object.node_ + 1; key < nodes[object.node_].next; key = nodes[key + 1].next) {
    on_member(JsonValue{object.index_, key}, JsonValue{object.index_, key + 1});
  }
}

/// Calls on_element(value) in text order. Nothing for a value that is no array.
template <class OnElement>
void for_each_element(const JsonValue& array, OnElement on_element) {
  if (!array.is(JsonKind::array)) return;
  const JsonIndex::Node* nodes = array.index_->nodes_.get();
  for (uint32_t element = array.node_ + 1; element < nodes[array.node_].next; element = nodes[element].next) {
    on_element(JsonValue{array.index_, element});
  }
}

inline JsonKind JsonValue::kind() const {
  if (index_ == nullptr) return JsonKind::absent;
  switch (index_->read_[index_->nodes_[node_].begin]) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case 'n':
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

inline size_t JsonValue::begin() const { return index_->nodes_[node_].begin; }
inline size_t JsonValue::end() const { return index_->nodes_[node_].end; }

inline std::string_view JsonValue::raw() const {
  if (index_ == nullptr) return {};
  return {index_->read_.data() + begin(), end() - begin()};
}

inline std::string_view JsonValue::text(std::string& scratch) const {
  std::string_view bytes = raw();
  if (bytes.empty() || bytes.front() != '"') return bytes;
  if (index_->has_escapes_) return decoded(bytes, scratch);
  return {bytes.data() + 1, bytes.size() - 2};
}

inline bool JsonValue::missing() const {
  if (index_ == nullptr) return true;
  char first = index_->read_[begin()];
  return first == 'n' || (first == '"' && end() - begin() == 2);
}

}  // namespace tributary
