#include "connectors/webhook/trial.h"

#include "connectors/webhook/call_reader.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/signer.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

void write_answer(JsonOut& out, const WebhookAnswer& answer) {
  out.begin_object().key("status").number(answer.status).key("content_type").string(answer.content_type);
  out.key("body").string(valid_utf8(answer.body)).end_object();
}

void write_request(JsonOut& out, const HttpRequest& request) {
  out.begin_object().key("method").string(request.method).key("target").string(valid_utf8(request.target));
  out.key("headers").begin_object();
  for (const auto& [name, value] : request.headers) out.key(valid_utf8(name)).string(valid_utf8(value));
  out.end_object().key("body").string(valid_utf8(request.body)).end_object();
}

void write_verification(JsonOut& out, const Verification& verification) {
  out.begin_object().key("genuine").boolean(!verification.fault);
  if (verification.fault) {
    out.key("fault").string(signature_fault_name(*verification.fault));
  } else {
    out.key("secret").unsigned_number(verification.secret);
    bool weak = verification.trust == SignatureTrust::weak;
    out.key("identifiers_at_most").string(weak ? "claimed" : "verified");
  }
  if (verification.skew_micros) out.key("skew_seconds").number(*verification.skew_micros / kMicrosPerSecond);
  out.end_object();
}

void write_identifiers(JsonOut& out, const Event& event) {
  out.key("identifiers").begin_array();
  for (const EventIdentifier& member : event.identifiers) {
    out.begin_object().key("kind").string(kind_name(member.identifier.kind()));
    out.key("value").string(member.identifier.value());
    out.key("trust").string(member.trust == Trust::verified ? "verified" : "claimed").end_object();
  }
  out.end_array();
}

void write_items(JsonOut& out, const std::vector<ParsedItem>& items) {
  for (const ParsedItem& item : items) {
    out.begin_object();
    if (auto rejected = std::get_if<Rejected>(&item)) {
      out.key("rejected").string(rejection_row(rejected->code).name).key("message").string(rejected->message);
      // Of one that is too large only the beginning is kept, which is no JSON.
      bool whole = rejected->code != RejectionCode::event_too_large;
      out.key("event");
      (whole ? out.raw(rejected->raw) : out.string(valid_utf8(rejected->raw))).end_object();
      continue;
    }
    const Event& event = std::get<Event>(item);
    write_identifiers(out, event);
    out.key("occurred_at").string(format_iso8601(event.occurred_at)).key("event").raw(event.json).end_object();
  }
}

void write_events(JsonOut& out, const ReadCall& read) {
  out.key("events").begin_array();
  write_items(out, read.items);
  out.end_array();
  if (read.refused) out.key("events_refused").string(*read.refused);
  out.key("ignored").unsigned_number(read.mapped.ignored).key("unmapped").unsigned_number(read.mapped.unmapped);
  out.key("faults").begin_array();
  for (const MappingFault& fault : read.mapped.faults) {
    out.begin_object().key("message").string(fault.message).key("path").string(fault.path).end_object();
  }
  out.end_array();
}

void write_call(JsonOut& out, const ReadCall& read) {
  if (read.verification) {
    out.key("verification");
    write_verification(out, *read.verification);
  }
  if (read.handshake) {
    out.key("handshake");
    write_answer(out, *read.handshake);
  } else if (read.unreadable) {
    out.key("unreadable").string(*read.unreadable);
  } else {
    write_events(out, read);
  }
  if (read.answer) {
    out.key("answer");
    write_answer(out, *read.answer);
  }
}

}  // namespace

Result<Trial> try_call(const WebhookSource& webhook, HttpRequest request, const TrialOptions& options, Timestamp now) {
  Trial trial;
  JsonOut out(trial.json);
  out.begin_object().key("connector").string(webhook.connector->name);
  if (options.sign) {
    TRIBUTARY_TRY(sign(webhook.connector->signature, request, webhook.settings, now));
    request.body.reserve(request.body.size() + kBodyPaddingBytes);
    out.key("request");
    write_request(out, request);
  }
  WebhookEntry entry(webhook);
  KeyedHash index_key(std::string(32, 'k'));  // hashes are not shown
  auto goes_on = [](const Verification&) { return true; };
  ReadCall read;
  CallReader(options.limits, options.body_bytes_max)
      .read({entry, request, now, index_key, !options.skip_signature, goes_on}, read);
  write_call(out, read);
  out.end_object();
  bool genuine = !read.verification || !read.verification->fault;
  trial.good = genuine && !read.unreadable && !read.refused && read.mapped.faults.empty();
  return trial;
}

}  // namespace tributary
