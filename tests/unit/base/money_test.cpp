#include "engine/base/money.h"

#include <gtest/gtest.h>

#include <limits>

namespace tributary {
namespace {

std::string amount_text(std::string_view text) {
  auto amount = parse_amount(text);
  return amount ? to_text(*amount) : "none";
}

std::optional<int64_t> minor(std::string_view text, std::string_view currency) {
  auto amount = parse_amount(text);
  return amount ? to_minor(*amount, currency) : std::nullopt;
}

TEST(Currency, IsThreeLettersInAnyCase) {
  EXPECT_EQ(parse_currency("usd "), "USD");
  EXPECT_EQ(parse_currency(" CnY"), "CNY");
  for (const char* text : {"", " ", "US", "USDT", "U$D", "12A", "u sd", "￥", "人民币"}) {
    EXPECT_EQ(parse_currency(text), std::nullopt) << text;
  }
}

TEST(Currency, MinorDigits) {
  for (const char* code : {"CNY", "USD", "EUR", "ABC", ""}) EXPECT_EQ(minor_digits(code), 2) << code;
  for (const char* code : {"BIF", "CLP", "JPY", "KRW", "UGX", "VND", "XPF"}) EXPECT_EQ(minor_digits(code), 0) << code;
  for (const char* code : {"BHD", "IQD", "JOD", "KWD", "TND"}) EXPECT_EQ(minor_digits(code), 3) << code;
  for (const char* code : {"CLF", "UYW"}) EXPECT_EQ(minor_digits(code), 4) << code;
}

TEST(Amount, KeepsItsPlaces) {
  EXPECT_EQ(amount_text("12.00"), "12.00");
  EXPECT_EQ(amount_text(" -0.05 "), "-0.05");
  EXPECT_EQ(amount_text("0.30000000000000004"), "0.30000000000000004");
}

TEST(Amount, ExponentsAreExact) {
  EXPECT_EQ(amount_text("1e2"), "100");
  EXPECT_EQ(amount_text("1E+2"), "100");
  EXPECT_EQ(amount_text("1.5E-3"), "0.0015");
  EXPECT_EQ(amount_text("-2.50e1"), "-25.0");
  EXPECT_EQ(amount_text("12e0"), "12");
  EXPECT_EQ(amount_text("1e-18"), "0.000000000000000001");
  EXPECT_EQ(amount_text("100e-20"), "0.000000000000000001");
  EXPECT_EQ(amount_text("0e99"), "0");
  EXPECT_EQ(amount_text("0.00e-99"), "0");
}

TEST(Amount, OtherTextIsNone) {
  for (const char* text : {"", " ", "e5", "1e", "1e+", "1e+-5", "1e-+5", "1e5.0", "1e 5", "1e5e5", "1,50", "$5",
                           "0x1p3", "NaN", "Infinity", "12.00 CNY", "1\t2"}) {
    EXPECT_EQ(amount_text(text), "none") << text;
  }
}

TEST(Amount, HugeOnesAreNone) {
  std::string nines(36, '9');
  EXPECT_EQ(amount_text(nines), nines);
  EXPECT_EQ(amount_text("1e35"), "1" + std::string(35, '0'));
  for (const std::string& text : {nines + "9", nines + "e1", std::string("1e36"), std::string("10e36"),
                                  std::string("1e400"), std::string("1e99999999999")}) {
    EXPECT_EQ(amount_text(text), "none") << text;
  }
  EXPECT_EQ(amount_text("0." + std::string(18, '1')), "0." + std::string(18, '1'));
}

TEST(Amount, WhatAFloatLeftBehindOnlyDecidesRounding) {
  EXPECT_EQ(amount_text("5.551115123125783e-17"), "0.000000000000000056");
  EXPECT_EQ(amount_text("0.30000000000000004"), "0.30000000000000004");
  EXPECT_EQ(amount_text("0." + std::string(19, '1')), "0." + std::string(18, '1'));
  EXPECT_EQ(amount_text("1e-400"), "0.000000000000000001");
  EXPECT_EQ(amount_text("0e-400"), "0");
  EXPECT_EQ(minor("0.005", "CNY"), 0);
  EXPECT_EQ(minor("0.0050000000000000001", "CNY"), 1);
  EXPECT_EQ(minor("0.00500000000000000000000000000000000000000001", "CNY"), 1);
  EXPECT_EQ(minor("-0.0050000000000000001", "CNY"), -1);
  EXPECT_EQ(minor("0.0049999999999999999999", "CNY"), 0);
  EXPECT_EQ(minor("1.0150000000000000000", "CNY"), 102);
  EXPECT_EQ(minor("1.0249999999999999999", "CNY"), 102);
}

// What is kept as text is read by parse_decimal() again.
TEST(Amount, WhatIsReadReadsBack) {
  for (const char* text : {"1e35", "9.99e30", "123456789012345678e17", "1e-18", "-1e-18", "100e-20"}) {
    auto amount = parse_amount(text);
    ASSERT_TRUE(amount) << text;
    EXPECT_TRUE(parse_decimal(to_text(*amount))) << text;
  }
}

TEST(Minor, DigitsOfEveryCurrencyListed) {
  EXPECT_EQ(minor_unit_digits("AED"), 2);
  EXPECT_EQ(minor_unit_digits("ZWL"), 2);
  EXPECT_EQ(minor_unit_digits("ISK"), 0);
  EXPECT_EQ(minor_unit_digits("TND"), 3);
  EXPECT_EQ(minor_unit_digits("UYW"), 4);
  for (const char* none : {"", "US", "USDX", "D E", "XAU", "AFN ALL"}) {
    EXPECT_EQ(minor_unit_digits(none), std::nullopt) << none;
  }
}

TEST(Minor, PlacesOfTheCurrency) {
  EXPECT_EQ(minor("12.34", "CNY"), 1234);
  EXPECT_EQ(minor("12", "CNY"), 1200);
  EXPECT_EQ(minor("1e2", "CNY"), 10'000);
  EXPECT_EQ(minor("500", "JPY"), 500);
  EXPECT_EQ(minor("500.4", "JPY"), 500);
  EXPECT_EQ(minor("1.5", "KWD"), 1500);
  EXPECT_EQ(minor("1.2345", "KWD"), 1234);
  EXPECT_EQ(minor("0.0001", "CLF"), 1);
}

TEST(Minor, SurplusDigitsAreRoundedHalfToEven) {
  EXPECT_EQ(minor("0.005", "CNY"), 0);
  EXPECT_EQ(minor("0.015", "CNY"), 2);
  EXPECT_EQ(minor("0.025", "CNY"), 2);
  EXPECT_EQ(minor("0.0250000001", "CNY"), 3);
  EXPECT_EQ(minor("0.0249999999", "CNY"), 2);
  EXPECT_EQ(minor("-0.005", "CNY"), 0);
  EXPECT_EQ(minor("-0.015", "CNY"), -2);
  EXPECT_EQ(minor("-0.025", "CNY"), -2);
  EXPECT_EQ(minor("-0.0250000001", "CNY"), -3);
  EXPECT_EQ(minor("0.5", "JPY"), 0);
  EXPECT_EQ(minor("1.5", "JPY"), 2);
  EXPECT_EQ(minor("29.990000000000002", "USD"), 2999);
}

TEST(Minor, BeyondSixtyFourBitsIsNothing) {
  EXPECT_EQ(minor("92233720368547758.07", "CNY"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(minor("-92233720368547758.08", "CNY"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(minor("92233720368547758.074", "CNY"), std::numeric_limits<int64_t>::max());
  for (const std::string& text : {std::string("92233720368547758.08"), std::string("92233720368547758.075"),
                                  std::string("-92233720368547758.09"), std::string(36, '9')}) {
    EXPECT_EQ(minor(text, "CNY"), std::nullopt) << text;
  }
}

TEST(DivideHalfEven, BothSigns) {
  EXPECT_EQ(divide_half_even(5, 2), 2);
  EXPECT_EQ(divide_half_even(7, 2), 4);
  EXPECT_EQ(divide_half_even(-5, 2), -2);
  EXPECT_EQ(divide_half_even(-7, 2), -4);
  EXPECT_EQ(divide_half_even(1, 2), 0);
  EXPECT_EQ(divide_half_even(-1, 2), 0);
  EXPECT_EQ(divide_half_even(5, 3), 2);
  EXPECT_EQ(divide_half_even(4, 3), 1);
  EXPECT_EQ(divide_half_even(-5, 3), -2);
  EXPECT_EQ(divide_half_even(0, 3), 0);
  WideInteger most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(divide_half_even(most * most, most), std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace tributary
