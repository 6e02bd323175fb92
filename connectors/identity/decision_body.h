// Bodies that decide about identity: assertions, rules, and previews of both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/query/query_parameters.h"
#include "engine/engine.h"

namespace tributary {

/// An identifier as a member of a body names it.
struct NamedIdentifier {
  std::string member;  // `a`, `b`, `identifier`, `assertions/3/a`
  LookupQuery lookup;
};

/// An assertion before its identifiers were looked for: `identifiers` is empty, and id and author are when the body has
/// none.
struct AssertionDraft {
  Assertion assertion;
  std::vector<NamedIdentifier> named;  // two distinct members of a pair, one otherwise
};

/// `{"type","a","b"}` or `{"type","identifier"}`, with `evidence`, `from`, `reason`, `author` and `id`.
Parsed<AssertionDraft> assertion_body(std::string_view body);

/// A member of a body as it stands there.
struct RawPart {
  std::string_view text;
  size_t line = 1, column = 1;  // of its first byte in the body
};

/// `{"based_on","rules","reason"}`, with `author` and `id`.
struct RulesDraft {
  uint32_t based_on = 0;
  Decision decision;
  RawPart rules;  // points into the body
};
Parsed<RulesDraft> rules_body(std::string_view body);

/// `{"rules","assertions","samples"}`: assertions need no reason here.
struct PreviewDraft {
  std::optional<RawPart> rules;  // points into the body
  std::vector<AssertionDraft> assertions;
  size_t samples = 20;
};
Parsed<PreviewDraft> preview_body(std::string_view body);

/// `{"customer_id"}` or `{"identifier"}`, with `reason`, `author`, `id` and `dry_run`.
struct ErasureDraft {
  std::optional<CustomerId> customer;
  std::optional<NamedIdentifier> named;  // when there is no customer
  Decision decision;
  bool dry_run = false;
};
Parsed<ErasureDraft> erasure_body(std::string_view body);

/// `{"reason"}`, with `author` and `id`.
Parsed<Decision> lift_body(std::string_view body);

/// `{"reason","author","id"}`, each of which may be missing, and so may the body.
Parsed<Decision> answer_body(std::string_view body);

constexpr size_t kDecisionIdBytesMax = 64;
constexpr size_t kAuthorBytesMax = 200;
constexpr size_t kReasonBytesMax = 1000;
constexpr size_t kPreviewSamplesMax = 200;
constexpr size_t kPreviewAssertionsMax = 100;

}  // namespace tributary
