// What holds for every value of a kind: two different valid values never become one, and a normalised value is its own
// image. Each test states in a few lines of its own when two spellings mean the same value, and compares. A failure
// prints the seed.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <random>

#include "engine/ingest/event_parser.h"
#include "engine/ingest/json_text.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

IdentifierKind kind(std::string_view name) { return *parse_kind(name); }

using Random = std::mt19937;

const std::string& pick(const std::vector<std::string>& pieces, Random& random) {
  return pieces[random() % pieces.size()];
}

std::string some_text(const std::vector<std::string>& pieces, size_t pieces_max, Random& random) {
  std::string text;
  for (size_t n = 1 + random() % pieces_max; n > 0; --n) text += pick(pieces, random);
  return text;
}

/// ASCII for the full-width forms U+FF01..FF5E, as its own definition has it and not as a library does.
std::string half_width(std::string_view text) {
  std::string result;
  for_each_code_point(text, [&](char32_t c) { append_utf8(result, c >= 0xff01 && c <= 0xff5e ? c - 0xfee0 : c); });
  return result;
}

std::string with_case(std::string text, int (*change)(int)) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(change(c));
  }
  return text;
}
int lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }
int upper(int c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }

std::string without_outer_spaces(const std::string& text) {
  size_t begin = text.find_first_not_of(' '), end = text.find_last_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, end + 1 - begin);
}

/// Draws texts, and demands that those that become one value mean one value by `meaning`. With `fold`, those of one
/// meaning must also become one value.
struct Injectivity {
  std::string kind_name;
  std::function<std::string(Random&)> draw;
  std::function<std::string(const std::string&)> meaning;
  bool fold = true;

  void check(uint32_t seed) const {
    Random random(seed);
    std::map<std::string, std::string> meaning_of, value_of;
    for (int round = 0; round < 15'000; ++round) {
      std::string raw = draw(random), meant = meaning(raw);
      NormalisedValue value = normalise_identifier(kind(kind_name), raw, "CN");
      if (!value.identifier) continue;
      const std::string& text = value.identifier->value();
      ASSERT_EQ(meaning_of.emplace(text, meant).first->second, meant)
          << kind_name << ": '" << raw << "' became '" << text << "', seed " << seed;
      if (!fold) continue;
      ASSERT_EQ(value_of.emplace(meant, text).first->second, text) << kind_name << ": '" << raw << "', seed " << seed;
    }
    EXPECT_GT(meaning_of.size(), 500u) << kind_name << ", seed " << seed;
    EXPECT_LT(meaning_of.size(), 14'500u) << kind_name << ": too few texts meet to tell, seed " << seed;
  }
};

// Texts that one might take for each other.
const std::vector<std::string> kAlike = {"a", "A",  "ａ", "ä",  "a\u0308", "0", "O",      "o",      "1", "l", "I",
                                         "ß", "ss", "ﬁ",  "fi", "-",       "–", "\u200b", "\u200d", "K", "K", "é"};

TEST(DifferentValues, StayApartInVerbatimKinds) {
  for (const char* name :
       {"user_id", "anonymous_id", "external_id/crm", "push_token", "ga_client_id", "wechat_unionid"}) {
    Injectivity{name,
                [](Random& random) {
                  std::string text = some_text(kAlike, 3, random);
                  bool spaced = random() % 2;
                  return (spaced ? " " : "") + std::string("id-xyz") + text + (random() % 2 ? "  " : "");
                },
                without_outer_spaces}
        .check(std::random_device{}());
  }
}

TEST(DifferentValues, OfDevicesDifferInMoreThanTheCaseOfAUuid) {
  auto draw = [](Random& random) {
    static const std::vector<std::string> kDigits = {"a", "A", "b", "B", "0"};
    auto some = [&](size_t count) {
      std::string text;
      while (count-- > 0) text += count < 1 ? pick(kDigits, random) : "7";
      return text;
    };
    std::string last = random() % 4 == 0 ? "g" : "";  // then it is no UUID, and its case counts
    return some(8) + "-" + some(4) + "-4" + some(3) + "-8" + some(3) + "-" + some(12 - last.size()) + last;
  };
  auto meaning = [](const std::string& raw) { return raw.ends_with('g') ? raw : with_case(raw, lower); };
  Injectivity{"device_id", draw, meaning}.check(std::random_device{}());
}

std::string card_meaning(const std::string& raw) {
  std::string text = half_width(raw), result;
  for_each_code_point(text, [&](char32_t c) {
    if (c == 0x3000 || c == 0x2013 || std::string_view(" -./_").find(static_cast<char>(c)) != std::string::npos) return;
    append_utf8(result, c);
  });
  return with_case(result, upper);
}

const std::vector<std::string> kOnCards = {"0", "O", "o", "１", "1", "l", "I",  "B",  "8", "ｂ",
                                           " ", "-", "–", ".",  "/", "_", "　", "Ｏ", "０"};

TEST(DifferentValues, OfCardsDifferInMoreThanWidthCaseAndSeparators) {
  auto card = [](Random& random) { return "7x" + some_text(kOnCards, 6, random); };
  Injectivity{"customer_no", card, card_meaning}.check(std::random_device{}());
  Injectivity{"member_card", [&](Random& random) { return (random() % 2 ? "club:" : "Club:") + card(random); },
              [](const std::string& raw) { return raw.substr(0, 5) + card_meaning(raw.substr(5)); }}
      .check(std::random_device{}());
}

TEST(DifferentValues, OfPlatformsDifferByAccountOrId) {
  const std::vector<std::string> accounts = {"a", "b", "A", "a.b", "ab"},
                                 ids = {"1", "2", "12", "01", "1a", "1A", "a-1"};
  auto scoped = [&](std::string_view platform) {
    return [=](Random& random) {
      return std::string(platform) + "x" + some_text(accounts, 3, random) + ":" + some_text(ids, 4, random);
    };
  };
  auto itself = [](const std::string& raw) { return raw; };
  for (const char* name : {"social_id/line", "marketplace_buyer/youzan"}) {
    std::string platform = std::string(name).substr(std::string(name).find('/') + 1) + ":";
    Injectivity{name, scoped(platform), itself}.check(std::random_device{}());
  }
  Injectivity{"wechat_openid", scoped(""), itself}.check(std::random_device{}());
  auto shop_lower = [](const std::string& raw) {
    return with_case(raw.substr(0, raw.rfind(':')), lower) + raw.substr(raw.rfind(':'));
  };
  Injectivity{"marketplace_buyer/shopify", scoped("shopify:"), shop_lower}.check(std::random_device{}());
}

/// Case and width mean nothing, an international domain is its ASCII form, and programs wrap addresses.
std::string email_meaning(const std::string& raw) {
  std::string text = with_case(half_width(raw), lower);
  if (text.starts_with("mailto:")) text.erase(0, 7);
  if (text.starts_with('<')) text = text.substr(1, text.size() - 2);
  size_t idn = text.rfind("bücher");
  if (idn != std::string::npos && idn > text.find('@')) text.replace(idn, 7, "xn--bcher-kva");
  if (text.ends_with('.')) text.pop_back();
  return text;
}

TEST(DifferentValues, OfEmailDifferInMoreThanCaseWidthAndIdnForm) {
  const std::vector<std::string> local = {"a", "A", "ａ", "b.", "+", "-",      "_", "1",
                                          "l", "ß", "ss", "\"", "x", "bücher", "'"};
  const std::vector<std::string> domains = {
      "x.example",  "X.Example",  "ｘ.example",  "bücher.example", "xn--bcher-kva.example", "bucher.example",
      "x.example.", "xx.example", "x-x.example", "straße.example", "strasse.example"};
  auto draw = [&](Random& random) {
    std::string address = "j" + some_text(local, 3, random) + "@" + pick(domains, random);
    if (random() % 6 == 0) address = "<" + address + ">";
    if (random() % 6 == 0) address = "mailto:" + address;
    return address;
  };
  // A quoted local part keeps its case, so that one meaning can have two values.
  Injectivity{"email", draw, email_meaning, false}.check(std::random_device{}());
}

/// Texts that tests already have: addresses, and phone numbers with their countries.
std::vector<std::pair<std::string, std::string>> recorded_phones() {
  std::ifstream file(std::string(TRIBUTARY_TEST_DATA) + "/data/phone/numbers.tsv");
  std::vector<std::pair<std::string, std::string>> phones;
  for (std::string line; std::getline(file, line);) {
    size_t first = line.find('\t'), second = line.find('\t', first + 1);
    if (second == std::string::npos) continue;
    phones.emplace_back(line.substr(0, first), line.substr(first + 1, second - first - 1));
  }
  return phones;
}

TEST(NormalisedValues, OfRecordedPhonesAreTheirOwnImagesInEveryCountry) {
  size_t values = 0;
  for (const auto& [country, text] : recorded_phones()) {
    NormalisedValue once = normalise_identifier(kind("phone"), text, country);
    if (!once.identifier) continue;
    ++values;
    for (const std::string& elsewhere : {country, std::string("US"), std::string()}) {
      NormalisedValue twice = normalise_identifier(kind("phone"), once.identifier->value(), elsewhere);
      ASSERT_TRUE(twice.identifier) << text << " " << country << " " << twice.reason;
      EXPECT_EQ(*twice.identifier, *once.identifier) << text << " " << country;
      EXPECT_EQ(twice.claimed_only, once.claimed_only) << text << " " << country;
    }
  }
  EXPECT_GT(values, 5'000u);
}

}  // namespace
}  // namespace tributary
