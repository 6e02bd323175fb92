#include "connectors/webhook/mapping.h"

#include <algorithm>
#include <utility>

#include "connectors/webhook/decode.h"
#include "connectors/webhook/digests.h"
#include "connectors/webhook/evaluation.h"
#include "connectors/webhook/json_pointer.h"
#include "connectors/webhook/node_reader.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr size_t kOutputBytesMin = 1 << 20;
constexpr size_t kKeptElements = 1024;
constexpr std::string_view kUnmappedName = "Webhook Received";
constexpr std::string_view kErasureName = "Customer Erasure Requested";
constexpr std::string_view kAccessName = "Customer Data Requested";

/// An identifier of one event.
struct MappedIdentifier {
  const IdentifierRule* rule;
  std::string scope, value;
  bool claimed;
};

/// `0` is how platforms say "nobody".
bool names_nobody(std::string_view value) { return value.empty() || value == "0"; }

/// The JSON Pointer of a value: down from the root, into whatever the value lies in.
std::string pointer_to(JsonValue from, const JsonValue& target) {
  std::string pointer;
  if (target.is(JsonKind::absent)) return pointer;
  auto holds_target = [&](const JsonValue& value) {
    return value.begin() <= target.begin() && target.end() <= value.end();
  };
  while (from.begin() != target.begin()) {
    JsonValue next;
    std::string name, scratch;
    size_t index = 0;
    for_each_element(from, [&](const JsonValue& element) {
      if (holds_target(element)) next = element, name = std::to_string(index);
      ++index;
    });
    for_each_member(from, [&](const JsonValue& key, const JsonValue& value) {
      if (holds_target(value)) next = value, name = key.text(scratch);
    });
    if (next.is(JsonKind::absent)) break;
    append_pointer_step(pointer, name);
    from = next;
  }
  return pointer;
}

}  // namespace

bool may_handshake(const Connector& connector, std::string_view method, bool verified) {
  return std::any_of(connector.handshakes.begin(), connector.handshakes.end(), [&](const HandshakeRule& rule) {
    return rule.is_signed == verified && (rule.method.empty() || rule.method == method);
  });
}

struct Mapper::State {
  explicit State(size_t body_bytes_max)
      : out_bytes_max(std::max(body_bytes_max * 4, kOutputBytesMin)), decoder(body_bytes_max) {}

  void begin_evaluation();
  bool is_weak() const;
  WebhookAnswer answer(const AnswerRule& rule);

  void find_elements(const ElementPattern& pattern, size_t step, Scope scope, JsonValue last);
  void map_element(const Scope& scope, bool known);
  bool is_ignored(const Scope& scope);
  bool write_events(const Scope& scope);
  void fail(std::string message);
  bool has_fault() const { return !own_fault.empty() || !evaluation.fault().empty(); }
  void keep_fault(const Scope& scope);

  void write_event(const EventRule& rule, const Scope& scope);
  void write_unmapped(const Scope& scope, bool known);
  void write_key(std::string_view name);
  void write_text(std::string_view name, std::string_view text);
  void write_track_name(const std::optional<Value>& name, std::string_view otherwise, const Scope& scope);
  void write_message_id(const std::optional<Value>& own, const Scope& scope);
  void write_time(const std::optional<Value>& own, const Scope& scope);
  void write_channel(const std::optional<Value>& own, const Scope& scope);
  void write_object(std::string_view name, const std::optional<Value>& value, const Scope& scope);
  void write_context(const std::optional<Value>& context, bool with_identifiers, const Scope& scope);
  void write_identifier(const MappedIdentifier& identifier, std::string_view value_name);

  void gather(const std::vector<IdentifierRule>& rules, const Scope& scope);
  void gather(const IdentifierRule& rule, const Scope& scope);
  void add_identifier(const IdentifierRule& rule, std::string_view scope, std::string_view value, bool claimed);

  size_t out_bytes_max;
  DocumentDecoder decoder;
  Evaluation evaluation;
  const Connector* connector = nullptr;
  std::optional<WebhookDelivery> delivery;
  std::vector<Scope> elements;
  std::vector<MappedIdentifier> identifiers;  // of the event being written
  std::string own_fault;                      // of the element being mapped
  bool stopped = false;                       // there is too much of something: no further element is mapped
  std::string out;
  std::vector<bool> reached;
  MappedDelivery mapped;
};

Mapper::Mapper(size_t body_bytes_max) : state_(std::make_unique<State>(body_bytes_max)) {}
Mapper::~Mapper() = default;

const std::vector<bool>& Mapper::rules_reached() const { return state_->reached; }

Result<void> Mapper::read(const Connector& connector, const WebhookDelivery& delivery) {
  State& state = *state_;
  state.connector = &connector;
  state.delivery.emplace(delivery);
  auto decoded = state.decoder.decode(connector.decode, delivery.request.header("content-type"), delivery.body);
  state.begin_evaluation();
  return decoded;
}

void Mapper::State::begin_evaluation() { evaluation.begin(*delivery, decoder.root(), out_bytes_max); }

/// True when the signature makes nothing of a body more than a claim. A rule that covers less than the body is weak.
bool Mapper::State::is_weak() const { return connector->signature.trust == SignatureTrust::weak; }

std::string numbered_place(std::string_view place, size_t index) {
  std::string name(place);
  if (index > 0) name += '#' + std::to_string(index);
  return name;
}

// -- answers ----------------------------------------------------------------------------------------------------------

std::optional<WebhookAnswer> Mapper::handshake(bool verified) {
  State& state = *state_;
  for (const HandshakeRule& rule : state.connector->handshakes) {
    if (rule.is_signed != verified) continue;
    if (!rule.method.empty() && rule.method != state.delivery->request.method) continue;
    state.evaluation.begin_element();
    Scope document{state.decoder.root(), {}};
    if (!rule.when || state.evaluation.holds(*rule.when, document)) return state.answer(rule.answer);
  }
  return std::nullopt;
}

WebhookAnswer Mapper::State::answer(const AnswerRule& rule) {
  begin_evaluation();  // a delivery that was too much to map is answered like the others
  Scope document{decoder.root(), {}};
  Found body = rule.body ? evaluation.read(*rule.body, document) : Found{};
  WebhookAnswer made;
  made.status = rule.status;
  made.body = body.bytes;
  made.content_type = body.kind == Found::Kind::json ? "application/json" : "text/plain; charset=utf-8";
  if (!rule.content_type.empty()) made.content_type = rule.content_type;
  for (const NamedValue& header : rule.headers) {
    Found value = evaluation.read(header.value, document);
    if (!value.blank()) made.headers.emplace_back(header.name, value.bytes);
  }
  return made;
}

WebhookAnswer Mapper::success_answer(size_t accepted, size_t duplicate, size_t rejected) {
  if (state_->connector->answer) return state_->answer(*state_->connector->answer);
  WebhookAnswer made;
  JsonOut json(made.body);
  json.begin_object().key("success").boolean(true);
  json.key("accepted").unsigned_number(accepted).key("duplicate").unsigned_number(duplicate);
  json.key("rejected").unsigned_number(rejected).end_object();
  return made;
}

// -- elements ---------------------------------------------------------------------------------------------------------

MappedDelivery Mapper::map() {
  State& state = *state_;
  Scope document{state.decoder.root(), {}};
  state.mapped = {};
  state.out = "[";
  state.stopped = false;
  state.reached.assign(state.connector->events.size(), false);
  state.elements.clear();
  for (const ElementPattern& pattern : state.connector->each) state.find_elements(pattern, 0, document, {});
  if (state.connector->each.empty()) state.elements.push_back(document);
  if (state.elements.empty()) state.map_element(document, false);
  for (size_t i = 0; i < state.elements.size() && !state.stopped; ++i) {
    state.map_element(state.elements[i], true);
  }
  if (state.elements.size() > kKeptElements) state.elements = {};
  MappedDelivery mapped = std::move(state.mapped);
  if (mapped.event_count == 0) return mapped;
  state.out += ']';
  state.out.reserve(state.out.size() + kBodyPaddingBytes);
  mapped.events = std::move(state.out);
  return mapped;
}

/// `last`: the element that the `*` before stands at.
void Mapper::State::find_elements(const ElementPattern& pattern, size_t step, Scope scope, JsonValue last) {
  for (; step < pattern.steps.size(); ++step) {
    if (pattern.steps[step].every) {
      for_each_of(scope.element, [&](const JsonValue& element) {
        if (elements.size() > kMappedEventsMax || !evaluation.spend(1)) return;
        find_elements(pattern, step + 1, Scope{element, last}, element);
      });
      return;
    }
    size_t steps = 0;
    scope.element = value_at(scope.element, pattern.steps[step].name, steps);
    evaluation.spend(steps);
  }
  if (!scope.element.is(JsonKind::absent) && !scope.element.is(JsonKind::null)) elements.push_back(scope);
}

/// `known`: an element of the file's patterns, or the document where there are none. Otherwise the document in which
/// no pattern found anything.
void Mapper::State::map_element(const Scope& scope, bool known) {
  size_t out_before = out.size(), events_before = mapped.event_count, unmapped_before = mapped.unmapped;
  if (!evaluation.exhausted()) evaluation.begin_element();
  own_fault.clear();
  if (is_ignored(scope)) {
    ++mapped.ignored;
  } else if (!known || !write_events(scope)) {
    write_unmapped(scope, known);
  }
  bool too_many = elements.size() > kMappedEventsMax && &scope == &elements.back();
  if (too_many || mapped.event_count > kMappedEventsMax) fail("more than 10,000 events in one delivery");
  if (!has_fault()) return;
  stopped = too_many || mapped.event_count > kMappedEventsMax || evaluation.exhausted();
  keep_fault(scope);
  out.resize(out_before);
  mapped.event_count = events_before;
  mapped.unmapped = unmapped_before;
}

bool Mapper::State::is_ignored(const Scope& scope) {
  return std::any_of(connector->ignore.begin(), connector->ignore.end(),
                     [&](const Condition& condition) { return evaluation.holds(condition, scope); });
}

/// False when no rule knows the element.
bool Mapper::State::write_events(const Scope& scope) {
  bool known = false;
  for (size_t i = 0; i < connector->events.size() && !has_fault(); ++i) {
    const EventRule& rule = connector->events[i];
    if (rule.when && !evaluation.holds(*rule.when, scope)) continue;
    known = true;
    write_event(rule, scope);
    if (!has_fault()) reached[i] = true;
    if (!rule.continues) break;
  }
  return known;
}

void Mapper::State::fail(std::string message) {
  if (own_fault.empty()) own_fault = std::move(message);
}

void Mapper::State::keep_fault(const Scope& scope) {
  // When mapping stops the rest of the document is not looked at: all of it is what was not mapped.
  JsonValue element = stopped ? decoder.root() : scope.element;
  JsonValue at = stopped || evaluation.fault().empty() ? element : evaluation.fault_at();
  if (at.is(JsonKind::absent)) at = element;
  MappingFault fault;
  fault.message = evaluation.fault().empty() ? own_fault : evaluation.fault();
  fault.path = pointer_to(decoder.root(), at);
  fault.element = element.raw();
  mapped.faults.push_back(std::move(fault));
}

// -- events -----------------------------------------------------------------------------------------------------------

void Mapper::State::write_key(std::string_view name) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
}

void Mapper::State::write_text(std::string_view name, std::string_view text) {
  write_key(name);
  append_json_string(out, text);
}

void Mapper::State::write_event(const EventRule& rule, const Scope& scope) {
  bool is_merge = rule.type == EmitType::merge;
  identifiers.clear();
  gather(connector->identifiers, scope);
  gather(rule.identifiers, scope);
  if (is_merge && identifiers.size() != 2) {
    return fail("a merge needs exactly two identifiers, found " + std::to_string(identifiers.size()));
  }
  if (out.size() > 1) out += ',';
  out += '{';
  switch (rule.type) {
    case EmitType::identify:
      write_text("type", "identify");
      break;
    case EmitType::merge:
      write_text("type", "merge");
      break;
    case EmitType::track:
      write_track_name(rule.name, "", scope);
      break;
    case EmitType::privacy_erase:
      write_track_name(rule.name, kErasureName, scope);
      break;
    case EmitType::privacy_access:
      write_track_name(rule.name, kAccessName, scope);
      break;
  }
  write_message_id(rule.message_id, scope);
  write_time(rule.time, scope);
  write_channel(rule.channel, scope);
  if (is_merge) {
    write_key("mergeProperties");
    out += '[';
    write_identifier(identifiers[0], "value");
    out += ',';
    write_identifier(identifiers[1], "value");
    out += ']';
  }
  write_context(rule.context, !is_merge, scope);
  write_object("properties", rule.properties, scope);
  write_object("traits", rule.traits, scope);
  out += '}';
  ++mapped.event_count;
}

void Mapper::State::write_unmapped(const Scope& scope, bool known) {
  identifiers.clear();
  if (known) gather(connector->identifiers, scope);
  if (out.size() > 1) out += ',';
  out += '{';
  write_track_name(connector->unmapped.name, kUnmappedName, scope);
  write_message_id(std::nullopt, scope);
  write_time(connector->unmapped.time, scope);
  write_channel(std::nullopt, scope);
  write_context(std::nullopt, true, scope);
  write_key("properties");
  bool is_object = scope.element.is(JsonKind::object);
  if (!is_object) out += "{\"value\":";
  out += scope.element.raw();
  out += is_object ? "}" : "}}";
  if (out.size() > out_bytes_max) fail("the events would take too many bytes");
  ++mapped.event_count;
  ++mapped.unmapped;
}

void Mapper::State::write_track_name(const std::optional<Value>& name, std::string_view otherwise, const Scope& scope) {
  write_text("type", "track");
  Found found = name ? evaluation.read(*name, scope) : Found{};
  std::string_view text = found.blank() || found.kind == Found::Kind::json ? otherwise : found.bytes;
  if (text.empty()) return fail("the name of the event is missing");
  write_text("event", text);
}

void Mapper::State::write_message_id(const std::optional<Value>& own, const Scope& scope) {
  const std::optional<Value>& value = own ? own : connector->message_id;
  Found found = value ? evaluation.read(*value, scope) : Found{};
  if (!found.blank()) return write_text("messageId", trim(found.bytes, kJsonSpace));
  if (!delivery->place.empty()) return write_text("messageId", numbered_place(delivery->place, mapped.event_count));
  write_text("messageId", "sha256:" + hex_text(sha256(scope.element.raw())));
}

void Mapper::State::write_time(const std::optional<Value>& own, const Scope& scope) {
  Found found = own ? evaluation.read(*own, scope) : Found{};
  if (found.blank() && connector->time) found = evaluation.read(*connector->time, scope);
  if (found.blank()) return write_text("timestamp", format_iso8601(delivery->received_at));
  if (found.kind != Found::Kind::text || !parse_iso8601(found.bytes)) {
    return fail("time: expected an ISO 8601 text or `timestamp`, got " + shown_text(found.bytes));
  }
  write_text("timestamp", found.bytes);
}

void Mapper::State::write_channel(const std::optional<Value>& own, const Scope& scope) {
  Found found = own ? evaluation.read(*own, scope) : Found{};
  const std::string& usual = delivery->settings.channel.empty() ? connector->channel : delivery->settings.channel;
  std::string_view channel = found.kind == Found::Kind::text && !found.blank() ? found.bytes : usual;
  if (!channel.empty()) write_text("channel", channel);
}

void Mapper::State::write_object(std::string_view name, const std::optional<Value>& value, const Scope& scope) {
  if (!value) return;
  size_t before = out.size();
  write_key(name);
  size_t begin = out.size();
  bool written = evaluation.write(*value, scope, out);
  if (!written || out[begin] != '{') out.resize(before);
}

void Mapper::State::write_context(const std::optional<Value>& context, bool with_identifiers, const Scope& scope) {
  auto user = std::find_if(identifiers.begin(), identifiers.end(), [](const MappedIdentifier& identifier) {
    return identifier.rule->is_user_id && !identifier.claimed;
  });
  if (with_identifiers && user != identifiers.end()) {
    write_text("userId", user->scope.empty() ? user->value : user->scope + ':' + user->value);
  }
  write_key("context");
  if (context && evaluation.write(*context, scope, out)) {
    out.pop_back();
  } else {
    out += '{';
  }
  write_key("webhook");
  out += '{';
  write_text("connector", connector->name);
  out += '}';
  if (with_identifiers && !identifiers.empty()) {
    write_key("externalId");
    out += '[';
    for (size_t i = 0; i < identifiers.size(); ++i) {
      if (i > 0) out += ',';
      write_identifier(identifiers[i], "id");
    }
    out += ']';
  }
  out += '}';
}

// -- identifiers ------------------------------------------------------------------------------------------------------

void Mapper::State::write_identifier(const MappedIdentifier& identifier, std::string_view value_name) {
  out += '{';
  write_text("type", identifier.rule->kind);
  if (!identifier.scope.empty()) write_text("scope", identifier.scope);
  write_text(value_name, identifier.value);
  if (identifier.claimed) {
    write_key("claimed");
    out += "true";
  }
  out += '}';
}

void Mapper::State::gather(const std::vector<IdentifierRule>& rules, const Scope& scope) {
  for (const IdentifierRule& rule : rules) {
    if (!rule.when || evaluation.holds(*rule.when, scope)) gather(rule, scope);
  }
}

void Mapper::State::gather(const IdentifierRule& rule, const Scope& scope) {
  Found account = rule.scope ? evaluation.read(*rule.scope, scope) : Found{};
  if (rule.scope && (account.blank() || account.kind == Found::Kind::json)) return;
  std::string prefixed;
  if (rule.scope && !account.bytes.starts_with(rule.scope_prefix)) {
    prefixed = rule.scope_prefix + std::string(account.bytes);
    account.bytes = prefixed;
  }
  Found value = evaluation.read(rule.value, scope);
  bool claimed = rule.claimed || is_weak();
  auto add = [&](const Found& found) {
    if (found.kind != Found::Kind::text && found.kind != Found::Kind::number) return;
    add_identifier(rule, account.bytes, found.bytes, claimed);
  };
  if (value.kind != Found::Kind::json) return add(value);
  for_each_element(evaluation.locate(rule.value, scope),
                   [&](const JsonValue& element) { add(evaluation.read(element)); });
}

void Mapper::State::add_identifier(const IdentifierRule& rule, std::string_view scope, std::string_view value,
                                   bool claimed) {
  value = trim(value, kJsonSpace);
  if (names_nobody(value)) return;
  for (MappedIdentifier& known : identifiers) {
    if (known.rule->kind != rule.kind || known.scope != scope || known.value != value) continue;
    known.claimed = known.claimed && claimed;
    return;
  }
  if (identifiers.size() == kIdentifiersPerEventMax) {
    return fail("more than " + std::to_string(kIdentifiersPerEventMax) + " identifiers");
  }
  identifiers.push_back({&rule, std::string(scope), std::string(value), claimed});
}

}  // namespace tributary
