#include "config/settings.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

constexpr int64_t kKiB = 1ll << 10, kMiB = 1ll << 20, kGiB = 1ll << 30, kTiB = 1ll << 40;
constexpr int64_t kSecond = kMicrosPerSecond, kHour = kMicrosPerHour, kDay = kMicrosPerDay;

constexpr std::string_view kDuplicateActionWords = "merge review off";

using T = SettingType;

// A row's accessor: where in the Target the value lives.
#define TRIBUTARY_FIELD(target, member) [](target& t) { return SettingField(&t.member); }
#define AT(member) TRIBUTARY_FIELD(Config, member)

std::vector<Setting<Config>> make_config_settings() {
  return {
      {"data_dir", T::text, AT(engine.data_dir),
       "Directory of the log and the state. One process at a time may use it; relative paths start at the working "
       "directory."},
      {"io_threads", T::integer, AT(io_threads), "Threads that serve connections. 0: one less than cores, at least 1.",
       0, 256},
      {"partitions", T::integer, AT(engine.partitions),
       "Slices of the state, one fold thread each; a workspace lives in one. A store keeps the number it was made "
       "with.",
       1, 64},

      {"server.listen", T::listen, AT(server.listen),
       "Address of collection and queries. Port 0 takes a free one, named in the ready line."},
      {"server.public_url", T::url, AT(public_url),
       "Base URL that SDKs are told to send to, such as https://events.example.com. Empty: the Host of each request."},
      {"server.trusted_proxies", T::address, AT(server.trusted_proxies),
       "Addresses or networks of proxies whose X-Forwarded-For counts, such as 10.0.0.0/8."},
      {"server.tls.certificate_file", T::text, AT(server.tls_certificate_file),
       "PEM file with the certificate chain. With it and the key file the listener speaks https only."},
      {"server.tls.key_file", T::text, AT(server.tls_key_file), "PEM file with the private key."},

      {"ops.listen", T::listen, AT(ops.listen),
       "Address of /livez, /readyz and /metrics. Anyone who reaches it may read them: keep it on loopback or a private "
       "network."},

      {"ingest.max_body_bytes", T::size, AT(ingest.body_bytes_max),
       "Body as received, compressed or not; beyond: 413 payload_too_large.", kKiB, kGiB},
      {"ingest.max_decompressed_bytes", T::size, AT(ingest.decompressed_bytes_max),
       "Body after decompression, which stops here; beyond: 413 payload_too_large.", kKiB, kGiB},
      {"ingest.max_event_bytes", T::size, AT(ingest.event_bytes_max),
       "Source text of one event; beyond: item error event_too_large.", 1 * kKiB, 16 * kMiB},
      {"ingest.max_batch_events", T::integer, AT(ingest.batch_events_max),
       "Events in one request; beyond: 413 too_many_events. 0: limited by bytes only.", 0, 1'000'000},
      {"ingest.max_json_depth", T::integer, AT(ingest.json_depth_max),
       "Nesting of one event; beyond: item error too_deep.", 4, 512},
      {"ingest.max_identifier_bytes", T::size, AT(ingest.identifier_bytes_max),
       "One identifier after trimming; beyond: item error invalid_field.", 16, 64 * kKiB},
      {"ingest.max_properties", T::integer, AT(ingest.properties_max),
       "Members of properties or traits; beyond: item error too_many_properties. 0: off.", 0, 1'000'000},
      {"ingest.max_errors_listed", T::integer, AT(ingest.errors_listed_max),
       "Errors named in one answer; counts stay exact.", 0, 1'000'000},
      {"ingest.segment_strict", T::boolean, AT(segment_strict),
       "Segment's own limits: 32KiB per event, 500KiB per body, 2500 events per request."},

      {"time.max_future", T::duration, AT(ingest.future_micros_max),
       "An event may be dated this far after its receipt; later ones are moved back to it.", 0, 366 * kDay},
      {"time.max_past_public", T::duration, AT(ingest.public_past_micros_max),
       "An event of a source with trust browser may be dated this far before its receipt; earlier ones are moved to "
       "it, so that a public key cannot claim to be the oldest. 0: no limit.",
       0, 36600 * kDay},
      {"dedup.window", T::duration, AT(engine.dedup_window_micros),
       "A message id seen again within this time counts as duplicate; later it is a new event.", 1 * kSecond,
       3660 * kDay},

      {"http.drain_limit_bytes", T::size, AT(server.drain_bytes_max),
       "Body bytes read and dropped after a refusal, so that the client can read the answer.", 0, kGiB},
      {"http.max_start_line_bytes", T::size, AT(server.start_line_bytes_max), "Request line; beyond: 414.", 256, kMiB},
      {"http.max_header_bytes", T::size, AT(server.header_bytes_max), "Header block; beyond: 431.", kKiB, 4 * kMiB},
      {"http.max_headers", T::integer, AT(server.headers_max), "Header lines; beyond: 431.", 8, 10'000},
      {"http.max_connections", T::integer, AT(server.connections_max), "Open connections; beyond: refused.", 1,
       1'000'000},
      {"http.max_connections_per_address", T::integer, AT(server.connections_per_address_max),
       "Open connections of one address. 0: no limit.", 0, 1'000'000},
      {"http.max_bytes_in_flight", T::size, AT(server.bytes_in_flight_max),
       "Bytes of all requests being read or answered; beyond: 503 overloaded.", kMiB, kTiB},
      {"http.max_requests_per_connection", T::integer, AT(server.requests_per_connection_max),
       "Then the connection is closed. 0: no limit.", 0, 1'000'000'000},
      {"http.header_timeout", T::duration, AT(server.header_timeout), "Time to send a complete header.", kSecond,
       kHour},
      {"http.body_timeout", T::duration, AT(server.body_timeout), "Time to send a complete body.", kSecond, kHour},
      {"http.idle_timeout", T::duration, AT(server.idle_timeout), "Time a connection may wait between requests.",
       kSecond, kDay},
      {"http.write_timeout", T::duration, AT(server.write_timeout), "Time to take an answer.", kSecond, kHour},
      {"http.request_timeout", T::duration, AT(server.request_timeout),
       "Time from the complete request to its answer; then the connection is closed.", kSecond, kHour},
      {"http.linger_timeout", T::duration, AT(server.linger_timeout),
       "Time a client has to read the last answer of a connection.", kSecond, kHour},
      {"http.min_body_bytes_per_second", T::integer, AT(server.body_bytes_per_second_min),
       "A body that comes more slowly than this is given up.", 0, 1'000'000'000},

      {"log.segment_bytes", T::size, AT(engine.log.segment_bytes), "Size of one log file, written in advance.", kMiB,
       kGiB},
      {"log.spare_segments", T::integer, AT(engine.log.spare_segments), "Log files kept ready.", 1, 64},
      {"log.max_group_bytes", T::size, AT(engine.log.group_bytes_max), "Bytes made durable by one sync.", 64 * kKiB,
       kGiB},
      {"log.max_group_records", T::integer, AT(engine.log.group_records_max), "Records made durable by one sync.", 1,
       1'000'000},
      {"log.max_queue_bytes", T::size, AT(engine.log.queue_bytes_max),
       "Bytes waiting for the log; beyond: 503 overloaded.", kMiB, kTiB},
      {"log.max_queue_records", T::integer, AT(engine.log.queue_records_max),
       "Records waiting for the log; beyond: 503 overloaded.", 1, 100'000'000},
      {"log.seal", T::boolean, AT(engine.log.seal),
       "Compress full log files. Retention deletes compressed ones only, so it needs this."},
      {"log.retention_bytes", T::size, AT(engine.log.retention_bytes),
       "Old log files beyond this size are deleted, and their events leave the timelines. 0: keep everything."},
      {"log.retention_age", T::duration, AT(engine.log.retention_micros),
       "Log files older than this are deleted. 0: keep everything."},
      {"log.disk_low_bytes", T::size, AT(engine.log.disk_low_bytes),
       "Below this much free space events are refused with 503 disk_full until space returns. 0: 2 % of the disk, at "
       "least "
       "512MiB."},
      {"log.ballast_bytes", T::size, AT(engine.log.ballast_bytes),
       "A file that is given up when space runs out, so that what is in memory can still be written. 0: none.", 0,
       kTiB},

      {"state.front_table_bytes", T::size, AT(engine.front_table_bytes), "Memory for identifiers and profiles in use.",
       kMiB, 16 * kTiB},
      {"state.block_cache_bytes", T::size, AT(engine.block_cache_bytes), "Memory for blocks of the state's files.",
       kMiB, 16 * kTiB},
      {"state.write_buffer_bytes", T::size, AT(engine.write_buffer_bytes),
       "Changes of the state kept in memory before they are written.", kMiB, kTiB},
      {"state.flush_interval", T::duration, AT(engine.state_flush_micros),
       "The state is written at least this often; a restart folds what the log has since.", 100'000, kHour},
      {"state.max_fold_queue_events", T::integer, AT(engine.fold_queue_events_max),
       "Durable events waiting to be folded; beyond: 503 overloaded.", 1, 100'000'000},
      {"state.max_fold_queue_bytes", T::size, AT(engine.fold_queue_bytes_max),
       "Bytes of durable events waiting to be folded; beyond: 503 overloaded.", kMiB, kTiB},

      {"profile.time_zone", T::text, AT(profile.time_zone),
       "Where a day begins for figures that count days, a name such as Europe/Berlin."},
      {"profile.base_currency", T::text, AT(profile.base_currency),
       "The one currency that sums are of, such as CNY; orders in others are counted apart. Empty: of each customer "
       "the "
       "currency of most orders."},
      {"profile.rfm_window", T::duration, AT(profile.rfm_window_micros),
       "Orders that recency, frequency and monetary value look at, back from now. 0: all.", 0, 36600 * kDay},
      {.path = "profile.rfm_scoring",
       .type = T::word,
       .field = AT(profile.rfm_scoring),
       .help = "By what recency, frequency and money are scored. fixed: by the same thresholds always. quintiles: by "
               "comparison with all buyers, as they were when that was last computed. auto: by quintiles as soon as "
               "there are 100 buyers.",
       .words = "auto fixed quintiles"},
      {.path = "profile.rfm_basis",
       .type = T::word,
       .field = AT(profile.rfm_basis),
       .help = "What monetary value is: the sum of the orders in the window, or what one of them is worth on average.",
       .words = "total average"},
      {"profile.rfm_recompute_at", T::text, AT(profile.rfm_recompute_at),
       "Time of day, in the zone above, at which quintiles and the usual gap between orders are computed anew. off: "
       "only by POST /v1/rfm/scale."},
      {"profile.expected_order_gap", T::duration, AT(profile.expected_gap_micros),
       "Time between two orders that is expected of customers who ordered on fewer than three days; less than 7d "
       "counts as 7d. 0: the median of all customers in the last 365 days, and 30d until that was computed.",
       0, 36600 * kDay},
      {"profile.status_by_rule", T::boolean, AT(profile.status_by_rule),
       "The status of customers follows from their orders, talks and silence. false: every change takes an approved "
       "request."},
      {"profile.changes", T::boolean, AT(profile.changes),
       "Changes of stage and of scores are noticed when they come, and told by GET /v1/changes."},
      {"profile.lifecycle.growth_orders", T::integer, AT(profile.lifecycle.growth_orders),
       "Orders from which on a customer is in the stage growth; before, in acquisition.", 1, 1'000'000},
      {"profile.lifecycle.mature_orders", T::integer, AT(profile.lifecycle.mature_orders),
       "Orders from which on a customer is mature.", 1, 1'000'000},
      {"profile.lifecycle.decline_after", T::duration, AT(profile.lifecycle.decline_micros),
       "Time without an order after which a customer declines, at the earliest.", kDay, 36600 * kDay},
      {"profile.lifecycle.decline_gaps", T::integer, AT(profile.lifecycle.decline_gaps),
       "Nor does it before so many of its own usual gaps between order days have passed. 0: they play no part.", 0, 10},
      {"profile.features_declared", T::integer, AT(profile.features_declared),
       "How many features the product has, so that a profile tells which share of them a customer used. 0: it does "
       "not.",
       0, 1'000'000},
      {"profile.membership_tiers", T::text, AT(profile.membership_tiers),
       "Tiers of customers whom no program told of one: names, and what was spent on orders in 365 days at least, in "
       "whole units of the base currency. Empty: they have none."},
      {"profile.rules", T::text, AT(profile.rules_file),
       "File with the library of tags, as config/profile.yaml describes it; relative paths start at the working "
       "directory. Empty: the library holds what people proposed and approved."},
      {"profile.computed_traits", T::text, AT(profile.computed_traits_file),
       "File that declares traits which are computed from events, as config/computed_traits.yaml describes them; "
       "relative paths start at the working directory. What events of before say for a new one is read from the log at "
       "the next start. Empty: none."},

      {"webhooks.connectors", T::text, AT(webhooks.connectors_dir),
       "Folder with connector files of your own, NAME.yaml, as config/connectors/README.md describes them. One of the "
       "same name replaces a shipped one. Empty: none."},
      {"webhooks.max_body_bytes", T::size, AT(webhooks.body_bytes_max), "Body of one call of a platform.", kKiB, kGiB},

      {"shutdown.announce", T::duration, AT(shutdown_announce),
       "After SIGTERM readiness is red for this long before the listener closes, so that a balancer can turn away. The "
       "whole stop may take 8 seconds more: give the supervisor as long.",
       0, 5 * kSecond},

      {"identity.duplicate_search_every", T::duration, AT(identity.duplicate_search_micros),
       "How often customers whose base records say that they are one are searched for, when something happened since. "
       "0: only when somebody asks.",
       0, 366 * kDay},
      {.path = "identity.duplicates.d1",
       .type = T::word,
       .field = AT(identity.duplicates[0]),
       .help = "What comes of two customers with the same name, contact and phone.",
       .words = kDuplicateActionWords},
      {.path = "identity.duplicates.d2",
       .type = T::word,
       .field = AT(identity.duplicates[1]),
       .help = "The same name but for a region in brackets and the legal form, the same contact and phone.",
       .words = kDuplicateActionWords},
      {.path = "identity.duplicates.d3",
       .type = T::word,
       .field = AT(identity.duplicates[2]),
       .help = "The same contact and phone, other names.",
       .words = kDuplicateActionWords},
      {.path = "identity.duplicates.d4",
       .type = T::word,
       .field = AT(identity.duplicates[3]),
       .help = "The same name and phone, other contacts.",
       .words = kDuplicateActionWords},
      {.path = "identity.duplicates.d5",
       .type = T::word,
       .field = AT(identity.duplicates[4]),
       .help = "The same name and contact, and one phone is missing.",
       .words = kDuplicateActionWords},
      // Last: the sample goes on with the workspaces of this section.
      {"identity.rules", T::text, AT(identity.rules_file),
       "File with the rules by which identifiers become customers, as config/identity.yaml describes them; relative "
       "paths start at the working directory. Empty: the rules in force stay, which are the defaults until somebody "
       "changes them."},
      {.path = "identity.apply",
       .type = T::word,
       .field = AT(identity.apply),
       .help =
           "What a start does when the file says other rules than those in force. auto: the file's hold from then on, "
           "also where people have changed the rules since. propose: the log says that they differ, and people decide.",
       .words = "auto propose"},
  };
}

#undef AT
#define AT(member) TRIBUTARY_FIELD(SourceItem, member)

std::vector<Setting<SourceItem>> make_source_settings() {
  return {
      {.path = "id",
       .type = T::text,
       .field = AT(id),
       .help = "Name of the source in answers, timelines and metrics: 1 to 64 of A-Z a-z 0-9 _ . -",
       .required = true,
       .example = "web"},
      {.path = "name",
       .type = T::text,
       .field = AT(name),
       .help = "Name for people. Empty: the id.",
       .example = "Web shop"},
      {.path = "workspace",
       .type = T::text,
       .field = AT(workspace),
       .help = "Tenant: events, identifiers and customers of two workspaces never meet.",
       .required = true,
       .example = "default"},
      {.path = "kind",
       .type = T::word,
       .field = AT(kind),
       .help = "Where events come from: a site or an app with an SDK, a platform that calls a webhook, or a broker.",
       .words = kAllKinds,
       .example = "sdk"},
      {.path = "enabled",
       .type = T::boolean,
       .field = AT(enabled),
       .help = "false: its events are refused with 404 source_disabled.",
       .example = "true"},
      {.path = "default_country",
       .type = T::country,
       .field = AT(default_country),
       .help = "Country of phone numbers without one, such as CN.",
       .example = "CN"},
      {.path = "order_namespace",
       .type = T::text,
       .field = AT(order_namespace),
       .help =
           "Whose order numbers its events carry: sources of one shop share a name, so that an order is one. Empty: "
           "the id of the source. It is part of an order's name when an event is read: a later change is for later "
           "events.",
       .example = "shop"},
      {.path = "channel",
       .type = T::text,
       .field = AT(channel),
       .help = "Channel of its events that do not say theirs: website, app, mini_program, store and so on, as GET "
               "/v1/channels lists them. Of a webhook or a mapping: in place of the connector's. Empty: what the SDK's "
               "library tells.",
       .example = "website"},
      {.path = "tracking_plan",
       .type = T::text,
       .field = AT(tracking_plan),
       .help = "File with the events it is to send and what their properties hold, as config/plans/example.yaml shows. "
               "Empty: none.",
       .example = "config/plans/example.yaml"},
      {.path = "write_keys",
       .type = T::secrets,
       .field = AT(write_keys),
       .help = "Keys that open the source; two let a key be replaced without a gap. Public when trust is browser.",
       .required = true,
       .example = "[wk_change_me]",
       .kind = kSdkKind},
      {.path = "trust",
       .type = T::word,
       .field = AT(trust),
       .help =
           "browser: the key is public, so identifiers are claimed. server: the key is secret, so they are verified. "
           "Default: browser for an SDK, server for a broker.",
       .words = "browser server",
       .example = "browser",
       .kind = kKindsWithTrust},
      {.path = "allowed_origins",
       .type = T::text_list,
       .field = AT(allowed_origins),
       .help = "Origins of pages that may send, such as https://shop.example.com. Empty: every origin.",
       .example = "[]",
       .kind = kSdkKind},
      {.path = "sdk_http_config",
       .type = T::json,
       .field = AT(sdk_http_config),
       .help = "A map served to browser SDKs as httpConfig, which steers their retries.",
       .example = "{rateLimitConfig: {enabled: true, maxRetryCount: 100}}",
       .kind = kSdkKind},
      {.path = "connector",
       .type = T::text,
       .field = AT(connector),
       .help = "The platform: a connector that `tributary webhook list` shows, or a file of webhooks.connectors.",
       .required = true,
       .example = "shopify",
       .kind = kWebhookKind},
      {.path = "secrets",
       .type = T::secrets,
       .field = AT(secrets),
       .help = "What the platform signs with, the newest first; two let a secret be replaced without a gap.",
       .example = "[change_me]",
       .kind = kWebhookKind},
      {.path = "path",
       .type = T::text,
       .field = AT(path),
       .help = "Last part of the address the platform calls: /v1/webhooks/PATH. Empty: the id. It must not be "
               "guessable where the platform doesn't sign.",
       .example = "shop-4f0c9a7e21d8",
       .kind = kWebhookKind},
      {.path = "public_url",
       .type = T::url,
       .field = AT(public_url),
       .help = "Scheme and host as the platform calls them, such as https://cdp.example.com; needed where a signature "
               "covers the address. Empty: server.public_url.",
       .example = "https://cdp.example.com",
       .kind = kWebhookKind},
      {.path = "settings",
       .type = T::json,
       .field = AT(settings),
       .help = "A map of what the connector wants to know, such as app_id; a secret x may be x_file.",
       .example = "{}",
       .kind = kKindsWithConnector},
      {.path = "servers",
       .type = T::text_list,
       .field = AT(servers),
       .help = "Where the broker listens, as host:port; of a cluster some of its members.",
       .required = true,
       .example = "[\"127.0.0.1:9092\"]",
       .kind = kStreamKinds},
      {.path = "topics",
       .type = T::text_list,
       .field = AT(topics),
       .help =
           "What is read: topics of Kafka, where ^... is a pattern, subjects of NATS, topic filters of MQTT, queues "
           "of RabbitMQ, streams of Redis.",
       .required = true,
       .example = "[orders]",
       .kind = kStreamKinds},
      {.path = "group",
       .type = T::text,
       .field = AT(group),
       .help =
           "Under which name the broker remembers how far this was read: consumer group of Kafka and Redis, durable "
           "consumer of NATS, client id of MQTT, consumer tag of RabbitMQ. Another name reads from the beginning.",
       .required = true,
       .example = "tributary",
       .kind = kStreamKinds},
      {.path = "mapping",
       .type = T::text,
       .field = AT(mapping),
       .help = "The connector file by which messages become events, such as cloudevents or a file of "
               "webhooks.connectors. Empty: they are events, or batches of them, as SDKs send them.",
       .example = "cloudevents",
       .kind = kStreamKinds},
      {.path = "username",
       .type = T::text,
       .field = AT(username),
       .help = "For the broker.",
       .example = "tributary",
       .kind = kStreamKinds},
      {.path = "password",
       .type = T::secret,
       .field = AT(password),
       .help = "For the broker.",
       .example = "change_me",
       .kind = kStreamKinds},
      {.path = "tls",
       .type = T::boolean,
       .field = AT(tls),
       .help = "Whether the broker is spoken to over TLS; its certificate is always checked.",
       .example = "false",
       .kind = kStreamKinds},
      {.path = "ca_file",
       .type = T::text,
       .field = AT(ca_file),
       .help = "File of the authorities that may sign the broker's certificate, as PEM. Empty: those of the system.",
       .example = "",
       .kind = kStreamKinds},
      {.path = "certificate_file",
       .type = T::text,
       .field = AT(certificate_file),
       .help = "File of our own certificate, as PEM, where the broker asks for one.",
       .example = "",
       .kind = kStreamKinds},
      {.path = "key_file",
       .type = T::text,
       .field = AT(key_file),
       .help = "File of the key of certificate_file, as PEM.",
       .example = "",
       .kind = kStreamKinds},
      {.path = "options",
       .type = T::json,
       .field = AT(options),
       .help = "What else the kind of broker knows, see its section of the README; of Kafka every setting of "
               "librdkafka.",
       .example = "{}",
       .kind = kStreamKinds},
  };
}

#undef AT
#define AT(member) TRIBUTARY_FIELD(IdentifierPathItem, member)

std::vector<Setting<IdentifierPathItem>> make_identifier_path_settings() {
  return {
      {.path = "kind",
       .type = T::text,
       .field = AT(kind),
       .help = "What stands there: member_card, email, external_id/crm and so on.",
       .required = true,
       .example = "member_card"},
      {.path = "path",
       .type = T::text,
       .field = AT(path),
       .help = "Where: names of members joined by dots, the first traits, properties or context. The value is a text "
               "or a number; traits are also those of the context.",
       .required = true,
       .example = "traits.loyalty.card"},
      {.path = "scope",
       .type = T::text,
       .field = AT(scope),
       .help = "Programme, app or shop whose numbers these are, put in front of each that does not carry it. Needed by "
               "member_card (plus), wechat_openid (an app id), marketplace_buyer/shopify (shopify:shop.example), "
               "social_id/line (line:provider) and their like; external_id may have one.",
       .example = "plus"},
      {.path = "trust",
       .type = T::word,
       .field = AT(trust),
       .help = "How far the place can be trusted, never more than the source. Default: claimed in properties, because "
               "what people type there may name somebody else; in other places like the source.",
       .words = "claimed verified",
       .example = "claimed"},
  };
}

#undef AT
#define AT(member) TRIBUTARY_FIELD(ApiKeyItem, member)

std::vector<Setting<ApiKeyItem>> make_api_key_settings() {
  return {
      {.path = "id",
       .type = T::text,
       .field = AT(id),
       .help = "Name of the key: 1 to 64 of A-Z a-z 0-9 _ . -",
       .required = true,
       .example = "analyst"},
      {.path = "workspace",
       .type = T::text,
       .field = AT(workspace),
       .help = "Tenant whose customers it may read.",
       .required = true,
       .example = "default"},
      {.path = "role",
       .type = T::word,
       .field = AT(role),
       .help = "What it may do.",
       .words = "analyst admin",
       .required = true,
       .example = "analyst"},
      {.path = "secret",
       .type = T::secret,
       .field = AT(secret),
       .help = "Sent as Authorization: Bearer. Only its SHA-256 is kept in memory.",
       .required = true,
       .example = "sk_change_me"},
  };
}

#undef AT
#define AT(member) TRIBUTARY_FIELD(WorkspaceRulesItem, member)

std::vector<Setting<WorkspaceRulesItem>> make_workspace_rules_settings() {
  return {
      {.path = "rules",
       .type = T::text,
       .field = AT(rules),
       .help = "File with the rules of this workspace. Empty: no file, whatever stands above.",
       .example = "config/identity.yaml"},
      {.path = "apply",
       .type = T::word,
       .field = AT(apply),
       .help = "As above, for this workspace.",
       .words = "auto propose",
       .example = "propose"},
  };
}

#undef AT
#undef TRIBUTARY_FIELD

// A default outside its own bounds would make the sample a mistake.
template <class Target>
std::vector<Setting<Target>> checked(std::vector<Setting<Target>> settings) {
  Target defaults;
  for (const Setting<Target>& setting : settings) {
    bool number = setting.type == T::integer || setting.type == T::size || setting.type == T::duration;
    int64_t value = number_of(setting.field(defaults));
    if (number && (value < setting.min || value > setting.max)) {
      check_failed(__FILE__, __LINE__, "default within its bounds", std::string(setting.path));
    }
  }
  return settings;
}

}  // namespace

const std::vector<Setting<Config>>& config_settings() {
  static const auto settings = checked(make_config_settings());
  return settings;
}

bool is_one_of(std::string_view word, std::string_view words) {
  const std::vector<std::string> all = split_words(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

const std::vector<Setting<SourceItem>>& source_settings() {
  static const auto settings = checked(make_source_settings());
  return settings;
}

const std::vector<Setting<IdentifierPathItem>>& identifier_path_settings() {
  static const auto settings = checked(make_identifier_path_settings());
  return settings;
}

const std::vector<Setting<ApiKeyItem>>& api_key_settings() {
  static const auto settings = checked(make_api_key_settings());
  return settings;
}

const std::vector<Setting<WorkspaceRulesItem>>& workspace_rules_settings() {
  static const auto settings = checked(make_workspace_rules_settings());
  return settings;
}

std::vector<std::string> split_words(std::string_view words) {
  std::vector<std::string> out;
  for (size_t start = 0; start < words.size();) {
    size_t end = std::min(words.find(' ', start), words.size());
    out.emplace_back(words.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

int64_t number_of(const SettingField& field) {
  return std::visit(Overloaded{
                        [](std::string*) { return int64_t{0}; },
                        [](std::vector<std::string>*) { return int64_t{0}; },
                        [](std::chrono::seconds* value) { return int64_t{value->count()} * kMicrosPerSecond; },
                        [](std::chrono::milliseconds* value) { return int64_t{value->count()} * 1000; },
                        [](auto* value) { return static_cast<int64_t>(*value); },
                    },
                    field);
}

std::string spell(SettingType type, const SettingField& field) {
  if (auto text = std::get_if<std::string*>(&field)) return **text;
  if (auto flag = std::get_if<bool*>(&field)) return **flag ? "true" : "false";
  if (auto list = std::get_if<std::vector<std::string>*>(&field)) {
    std::string out = "[";
    for (const std::string& item : **list) out += (out.size() > 1 ? ", " : "") + item;
    return out + "]";
  }
  if (type == SettingType::size) return format_size(number_of(field));
  if (type == SettingType::duration) return format_duration(number_of(field));
  return std::to_string(number_of(field));
}

}  // namespace tributary
