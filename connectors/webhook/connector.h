// One connector file as values: what is read from a platform's calls, and what is answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/document/document_tree.h"
#include "connectors/webhook/condition.h"
#include "connectors/webhook/signature_rule.h"
#include "connectors/webhook/value.h"

namespace tributary {

/// A setting that a source may or must give.
struct ConnectorSetting {
  std::string name;
  std::string help;
  bool required = false;
  bool secret = false;
};

/// What is answered; without a body nothing.
struct AnswerRule {
  int status = 200;
  std::string content_type;  // empty: JSON for an object, else plain text
  std::optional<Value> body;
  std::vector<NamedValue> headers;  // one that is missing is left out
};

/// A call that is no delivery: the platform asks whether we are there.
struct HandshakeRule {
  std::string method;  // empty: any
  std::optional<Condition> when;
  bool is_signed = false;
  AnswerRule answer;
};

enum class BodyForm : uint8_t { automatic, json, form, xml };
enum class NestedForm : uint8_t { urldecode, json, base64 };

/// A text inside the document that is a document again.
struct NestedRule {
  std::vector<std::string> at;
  std::string written;
  std::vector<NestedForm> as;
};

struct DecodeRule {
  BodyForm body = BodyForm::automatic;
  std::vector<NestedRule> nested;
};

/// A JSON Pointer in which `*` stands for every element.
struct ElementPattern {
  struct Step {
    bool every = false;
    std::string name;
  };
  std::vector<Step> steps;
};

struct IdentifierRule {
  std::string kind;  // as kind_name() spells it
  bool is_user_id = false;
  Value value;
  std::optional<Value> scope;
  std::string scope_prefix;  // stands before every scope of such a kind: `shopify:` before the shop's domain
  bool claimed = false;
  std::optional<Condition> when;
};

enum class EmitType : uint8_t { track, identify, merge, privacy_erase, privacy_access };

struct EventRule {
  std::optional<Condition> when;
  bool continues = false;
  size_t line = 1;
  EmitType type = EmitType::track;
  std::optional<Value> name, time, message_id, channel, properties, traits, context;
  std::vector<IdentifierRule> identifiers;
};

struct UnmappedRule {
  std::optional<Value> name, time;
};

/// A test that stands in the file.
struct ConnectorTest {
  std::string name;
  size_t line = 1;
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;  // names lower-case
  std::vector<std::pair<std::string, std::string>> config;
  std::string body;
  DocumentNode expect;
};

/// Immutable once read; shared by sources and threads.
struct Connector {
  std::string name, title, channel;
  uint32_t version = 1;
  std::vector<ConnectorSetting> settings;
  SignatureRule signature;
  std::vector<HandshakeRule> handshakes;
  DecodeRule decode;
  std::vector<ElementPattern> each;
  std::optional<Value> message_id, time;
  std::vector<Condition> ignore;
  std::vector<IdentifierRule> identifiers;
  std::vector<EventRule> events;
  UnmappedRule unmapped;
  std::optional<AnswerRule> answer;
  std::vector<ConnectorTest> tests;
};

}  // namespace tributary
