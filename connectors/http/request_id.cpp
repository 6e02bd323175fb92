#include "connectors/http/request_id.h"

#include <cstdint>

#include "connectors/http/gate.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

constexpr size_t kOfferedBytesMax = 128;
constexpr size_t kPrefixCharacters = 16;   // 80 random bits per thread
constexpr size_t kCounterCharacters = 10;  // 50 bits of counter
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

struct IdMaker {
  std::string prefix = base32(Hash128::from_bytes(random_bytes(16))).substr(0, kPrefixCharacters);
  uint64_t counter = 0;
};

}  // namespace

void choose_request_id(std::string_view offered, std::string& id) {
  if (offered.size() <= kOfferedBytesMax && is_token(offered)) {
    id.assign(offered);
    return;
  }
  thread_local IdMaker maker;
  uint64_t value = ++maker.counter;
  id.assign(maker.prefix);
  id.resize(kPrefixCharacters + kCounterCharacters);
  for (size_t i = id.size(); i > kPrefixCharacters; --i, value >>= 5) id[i - 1] = kAlphabet[value & 31];
}

}  // namespace tributary
