// Random documents through every function: mapping never crashes, what it writes is JSON the parser takes, and digits
// survive. The seed of a failure is printed; TRIBUTARY_SEED repeats it.
#include <cstdlib>
#include <random>

#include "engine/ingest/json_index.h"
#include "tests/unit/webhook_mapping/mapping_fixture.h"

namespace tributary {
namespace {

constexpr const char* kEverything = R"(
name: t
version: 1
title: T
verify: shopify
settings: [{name: k}]
decode: {nested: [{at: /a, as: [urldecode]}]}
each: [/l/*, /l/*/m/*, /o]
message_id: {first_of: [/id, {concat: [/a, ":", $outer/b]}]}
identifiers:
  - {kind: user_id, value: /id}
  - {kind: external_id/crm, scope: $root/b, value: {first_of: [/b, /l]}, trust: claimed}
ignore: [{all: [{exists: /z}, {empty: /z}]}, {matches: [/a, "^[a-f]{9}"]}]
event:
  - when: {any: [{equals: [/a, /b]}, {in: [/id, [1, x, true]]}, {prefix: [/a, /b]}]}
    continue: true
    emit:
      name: A
      message_id: {sha256: [/a, /b, /id, "", $root]}
      properties:
        t: {text: /a}
        m: {map: {over: /m, to: {a: /a, r: $root/id, i: {map: {over: /l, to: {x: ""}}}}}}
        f: {find: {in: /l, where: /a, equals: [/b, 1], take: ""}}
        l: {lookup: {of: /a, in: {x: /b, "1": {object: {o: /o}}}, else: /id}}
        p: {add_prefix: {of: {strip_prefix: {of: /a, prefix: x}}, prefix: "+"}}
        h: {hmac_sha256: {key: $config/k, of: /a}}
  - when: {exists: /n}
    emit: {name: N, properties: {n: {number: /n}, s: {sum: {over: /m, of: /n}}}}
  - when: {exists: /time}
    emit: {type: identify, time: {timestamp: {of: /time, as: auto, zone: "+08:00"}}, traits: /o}
  - when: {exists: /g}
    emit: {type: merge, identifiers: [{kind: email, value: /g}]}
)";

class RandomJson {
 public:
  explicit RandomJson(uint64_t seed) : random_(seed) {}

  std::string value(int depth) {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return "null";
      case 1:
        return below(2) ? "true" : "false";
      case 2:
      case 3:
        return number();
      case 4:
      case 5:
        return text();
      case 6:
      case 7:
        return object(depth - 1);
      default:
        return array(depth - 1);
    }
  }
  std::string object(int depth) {
    std::string out = "{" + space();
    size_t members = below(6);
    for (size_t i = 0; i < members; ++i) out += (i ? "," : "") + space() + key() + ":" + space() + value(depth);
    return out + space() + "}";
  }
  std::string array(int depth) {
    std::string out = "[";
    size_t elements = below(5);
    for (size_t i = 0; i < elements; ++i) out += (i ? "," : "") + value(depth) + space();
    return out + "]";
  }
  std::string number() {
    std::string out = below(4) ? "" : "-";
    out += std::to_string(1 + below(9));
    size_t digits = below(5) ? below(4) : below(60);
    for (size_t i = 0; i < digits; ++i) out += static_cast<char>('0' + below(10));
    if (!below(3)) out += "." + std::to_string(below(1000));
    if (!below(6)) out += (below(2) ? "e" : "E+") + std::to_string(below(500));
    return out;
  }
  size_t below(size_t end) { return static_cast<size_t>(random_() % end); }

 private:
  std::string key() {
    constexpr std::array<const char*, 14> kKeys = {"a", "b", "id",   "l", "m",       "n", "o",
                                                   "z", "g", "time", "x", "\\u0061", "",  "m~/"};
    return '"' + std::string(kKeys[below(kKeys.size())]) + '"';
  }
  std::string text() {
    constexpr std::array<const char*, 16> kParts = {
        "x",   "1",       " ",          "\\n",   "\\u4f60",        "\xe4\xbd\xa0", "\\\"",  "\\\\",
        "%20", "\\ud800", "2026-01-02", "1,234", "\\ud83d\\ude00", "\\u0000",      "12.50", "abcdef"};
    std::string out = "\"";
    for (size_t i = below(4); i > 0; --i) out += kParts[below(kParts.size())];
    return out + '"';
  }
  std::string space() { return below(8) ? "" : " \n"; }

  std::mt19937_64 random_;
};

uint64_t chosen_seed() {
  const char* given = std::getenv("TRIBUTARY_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

class RandomJsonTest : public MappingTest {};

TEST_F(RandomJsonTest, IsMappedToWhatTheParserTakes) {
  uint64_t seed = chosen_seed();
  load(kEverything);
  RandomJson random(seed);
  EventParser parser{IngestLimits{}};
  size_t events = 0, faults = 0, unread = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string body = random.below(50) ? random.object(5) : random.value(5);
    SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed) + " body " + body);
    Call call(body);
    call.config("k", "key");
    if (!mapper_.read(connector_, call.delivery())) {
      ++unread;
      continue;
    }
    mapper_.handshake(false);
    MappedDelivery mapped = mapper_.map();
    events += mapped.event_count;
    faults += mapped.faults.size();
    ASSERT_EQ(mapped.events.empty(), mapped.event_count == 0);
    if (mapped.events.empty()) continue;
    auto refused = parser.parse(mapped.events, BodyShape::batch);
    ASSERT_FALSE(refused) << refused->message << mapped.events;
    ASSERT_EQ(parser.item_count(), mapped.event_count) << mapped.events;
  }
  EXPECT_EQ(unread, 0u) << "every body is JSON. TRIBUTARY_SEED=" << seed;
  EXPECT_GT(events, 1000u);
  EXPECT_GT(faults, 100u);
}

TEST_F(RandomJsonTest, DigitsSurvive) {
  uint64_t seed = chosen_seed();
  RandomJson random(seed);
  load_rule(
      "{name: E, message_id: {concat: [m, /n]}, properties: {copy: /n, number: {number: /n}, text: {text: /n}, "
      "in: {object: {n: /n}}, list: {map: {over: /l, to: {n: /n}}}, id: {first_of: [/none, /n]}}}",
      "identifiers: [{kind: user_id, value: /n, trust: claimed}]");
  for (int i = 0; i < 5'000; ++i) {
    std::string n = random.number();
    std::string events = events_of(Call("{\"n\":" + n + ",\"l\":[{\"n\" : " + n + " }]}"));
    ASSERT_NE(events.find("\"messageId\":\"m" + n + "\""), std::string::npos) << "TRIBUTARY_SEED=" << seed << events;
    ASSERT_NE(events.find("\"id\":\"" + n + "\",\"claimed\""), std::string::npos)
        << "TRIBUTARY_SEED=" << seed << events;
    ASSERT_NE(events.find("\"properties\":{\"copy\":" + n + ",\"number\":" + n + ",\"text\":\"" + n +
                          "\",\"in\":{\"n\":" + n + "},\"list\":[{\"n\":" + n + "}],\"id\":" + n + "}"),
              std::string::npos)
        << "TRIBUTARY_SEED=" << seed << events;
  }
}

}  // namespace
}  // namespace tributary
