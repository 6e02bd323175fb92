// tributary_load: load for one HTTP server, from one thread, with little processor time of its own. Prints one JSON
// line.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "benchmarks/load/load_run.h"
#include "engine/base/json_out.h"

namespace {

using tributary::load::LoadOptions;
using tributary::load::LoadResult;

std::string decimal(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string_view request_name(const tributary::load::Workload& workload) {
  if (!workload.get.empty()) return "get";
  if (workload.lookup) return "lookup";
  return workload.batch == 1 ? "single" : "batch";
}

std::string to_json(const LoadOptions& options, const LoadResult& result) {
  std::string json;
  tributary::JsonOut out(json);
  auto per_second = [&](uint64_t count) {
    return decimal(result.seconds > 0 ? static_cast<double>(count) / result.seconds : 0);
  };
  out.begin_object().key("mode").string(options.rate > 0 ? "open" : "closed");
  out.key("request").string(request_name(options.workload));
  out.key("connections").unsigned_number(options.connections).key("batch").unsigned_number(options.workload.batch);
  if (options.rate > 0) out.key("rate").raw(decimal(options.rate));
  out.key("event_bytes").unsigned_number(result.event_bytes);
  out.key("requests").unsigned_number(result.requests).key("events").unsigned_number(result.events);
  out.key("seconds").raw(decimal(result.seconds));
  out.key("requests_per_s").raw(per_second(result.requests)).key("events_per_s").raw(per_second(result.events));
  out.key("p50_ms").raw(decimal(result.latency.quantile_ms(0.50)));
  out.key("p90_ms").raw(decimal(result.latency.quantile_ms(0.90)));
  out.key("p99_ms").raw(decimal(result.latency.quantile_ms(0.99)));
  out.key("p999_ms").raw(decimal(result.latency.quantile_ms(0.999)));
  out.key("max_ms").raw(decimal(result.latency.max_ms()));
  out.key("client_cpu_seconds").raw(decimal(result.client_cpu_seconds));
  out.key("errors").unsigned_number(result.errors);
  if (result.errors > 0) out.key("first_error").string(result.first_error);
  out.end_object();
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  LoadOptions options;
  std::string address;
  CLI::App app{"Load for a collection or look-up route: closed loop, or open loop with --rate."};
  app.add_option("address", address, "host:port; an IPv4 address")->required();
  app.add_flag("--lookup", options.workload.lookup, "look customers up instead of sending events");
  app.add_option("--get", options.workload.get,
                 "path to read about a customer instead of sending events; several in turn")
      ->excludes("--lookup");
  app.add_option("--connections", options.connections, "keep-alive connections")->check(CLI::Range(1, 20000));
  app.add_option("--batch", options.workload.batch, "events per request; 1 posts to /v1/track")
      ->check(CLI::Range(1, 10000));
  app.add_option("--rate", options.rate, "requests per second in all; latency counts from the intended time");
  app.add_option("--seconds", options.seconds, "measured time");
  app.add_option("--warmup", options.warmup_seconds, "seconds before, not measured");
  app.add_option("--requests", options.requests, "end after so many requests instead of by time");
  app.add_option("--customers", options.workload.customers, "how many customers the events are about");
  app.add_option("--new-evidence", options.workload.new_evidence, "share of events with a device never seen");
  app.add_flag("--sequential", options.workload.sequential, "customers one after the other instead of at random");
  app.add_option("--event-name", options.workload.event_name, "of the events: orders, if nothing else is asked for");
  app.add_option("--event-bytes", options.workload.event_bytes, "bytes of one event's JSON; 0: as it is");
  app.add_option("--write-key", options.workload.write_key, "of a source");
  app.add_option("--webhook", options.workload.webhook, "path of a webhook source with the connector segment");
  app.add_option("--secret", options.workload.webhook_secret, "what its calls are signed with");
  app.add_option("--api-key", options.workload.api_key, "for --lookup and --get");
  app.add_option("--seed", options.workload.seed, "of the choice of customers and devices");
  app.add_flag("--peer", options.peer, "any 2xx is right: another server than Tributary");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 64;
  }
  size_t colon = address.rfind(':');
  options.host = address.substr(0, colon);
  options.port =
      static_cast<uint16_t>(colon == std::string::npos ? 0 : std::strtoul(address.c_str() + colon + 1, nullptr, 10));
  options.workload.host = address;
  LoadResult result = tributary::load::run_load(options);
  std::printf("%s\n", to_json(options, result).c_str());
  return result.errors == 0 && result.requests > 0 ? 0 : 1;
}
