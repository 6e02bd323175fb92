// Requests whose bytes are made once; each use patches ids in place.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::load {

/// What the requests are about.
struct Workload {
  bool lookup = false;                         // POST /v1/profiles/lookup instead of events
  std::vector<std::string> get;                // paths to GET in turn instead of events
  size_t batch = 1;                            // events per request; 1: POST /v1/track
  uint64_t customers = 100'000;                // u-0000000000 ..
  double new_evidence = 0.1;                   // share of events whose device was never seen
  bool sequential = false;                     // customers one after the other instead of at random
  std::string event_name = "Order Completed";  // one that the catalogue does not know: nothing but an event
  size_t event_bytes = 0;                      // of one event's JSON; 0: as it is, about 600
  std::string write_key = "wk_app";
  std::string api_key = "sk_analyst";
  std::string host;     // of the Host header
  std::string webhook;  // path of a source with the connector `segment`: the same events, signed by the platform
  std::string webhook_secret;
  uint64_t seed = 1;
};

/// Hands out customers and message ids for all connections. The run id makes message ids of two runs differ.
class Population {
 public:
  Population(const Workload& workload, uint64_t run_id)
      : workload_(workload), random_(workload.seed), run_id_(run_id) {}
  uint64_t next_customer() {
    return workload_.sequential ? serial_++ % workload_.customers : random_() % workload_.customers;
  }
  bool next_is_new_device() { return static_cast<double>(random_() >> 11) * 0x1.0p-53 < workload_.new_evidence; }
  uint64_t next_message() { return message_++; }
  size_t next_path() { return path_++ % workload_.get.size(); }
  uint64_t next_noise() { return random_(); }
  uint64_t run_id() const { return run_id_; }

 private:
  const Workload& workload_;
  std::mt19937_64 random_;
  uint64_t run_id_;
  uint64_t serial_ = 0;
  uint64_t message_ = 0;
  size_t path_ = 0;
};

/// The complete bytes of one connection's requests: headers and body, of constant length but for those of `get`.
class RequestMaker {
 public:
  RequestMaker(const Workload& workload, Population& population);

  /// Patches the next customers, message ids and time into the bytes. Lifetime: until the next call.
  std::string_view next();
  size_t events() const { return events_; }
  size_t event_bytes() const { return event_bytes_; }

 private:
  struct EventPlaces {
    size_t message, user, device, time, session, order, sku, total, price;
  };

  std::string event_json() const;
  void make_gets();
  void find_places(size_t body_begin);
  void patch(const EventPlaces& places);
  void write_digits(size_t at, size_t width, uint64_t number);
  void refresh_time();
  void sign();

  const Workload& workload_;
  Population& population_;
  size_t events_ = 0;
  size_t event_bytes_ = 0;
  size_t signature_ = 0, body_ = 0;  // where they begin
  std::string bytes_;
  std::vector<std::string> gets_;  // whole requests
  std::vector<EventPlaces> places_;
  std::string time_;
  int64_t time_millis_ = -1;
};

}  // namespace tributary::load
