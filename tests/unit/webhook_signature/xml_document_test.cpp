// XML as the JSON that mappings read.
#include "connectors/webhook/xml_document.h"

#include <gtest/gtest.h>

#include <chrono>

#include "engine/ingest/json_index.h"

namespace tributary::testing {
namespace {

std::string json_of(const std::string& xml) {
  auto json = xml_to_json(xml);
  if (!json) return "refused";
  EXPECT_GE(json->capacity(), json->size() + 64);
  JsonIndex index(json->size() + 1024);
  EXPECT_EQ(index.build(*json, *json, 0), JsonProof::valid) << *json;
  return *json;
}

TEST(XmlDocument, ElementsAreMembers) {
  EXPECT_EQ(json_of("<xml><A>1</A><B><![CDATA[a<b&c]]></B></xml>"), R"({"A":"1","B":"a<b&c"})");
  EXPECT_EQ(json_of("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n<xml>\n <A> 1 </A>\n</xml>\n"),
            R"({"A":" 1 "})");
  EXPECT_EQ(json_of("\xEF\xBB\xBF<xml><A/></xml>"), R"({"A":""})");
  EXPECT_EQ(json_of("<xml><A>9223372036854775807</A></xml>"), R"({"A":"9223372036854775807"})");
  EXPECT_EQ(json_of("<xml/>"), "{}");
  EXPECT_EQ(json_of("<xml>text</xml>"), "\"text\"");
}

TEST(XmlDocument, RepeatedSiblingsAreAnArray) {
  EXPECT_EQ(json_of("<x><i>1</i><o/><i><j>2</j></i></x>"), R"({"i":["1",{"j":"2"}],"o":""})");
}

TEST(XmlDocument, AttributesAndMixedText) {
  EXPECT_EQ(json_of("<x a=\"1\"><i b='&lt;'>t</i></x>"), R"({"@a":"1","i":{"@b":"<","#text":"t"}})");
  EXPECT_EQ(json_of("<x>a<i>1</i>b</x>"), R"({"#text":"ab","i":"1"})");
}

TEST(XmlDocument, EntitiesThatXmlKnows) {
  EXPECT_EQ(json_of("<x><a>&amp;&lt;&gt;&quot;&apos;&#20320;&#x597d;</a></x>"), R"({"a":"&<>\"'你好"})");
  EXPECT_EQ(json_of("<x><a><![CDATA[&e;]]></a><!-- &f; --></x>"), R"({"a":"&e;"})");
  EXPECT_EQ(json_of("<x><a>&e;</a></x>"), "refused");
  EXPECT_EQ(json_of("<x a=\"&e;\"/>"), "refused");
  EXPECT_EQ(json_of("<x><a>a & b</a></x>"), "refused");
}

TEST(XmlDocument, NoDocumentType) {
  EXPECT_EQ(json_of("<!DOCTYPE x><x><a>1</a></x>"), "refused");
  EXPECT_EQ(json_of("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x><a>&e;</a></x>"), "refused");
  EXPECT_EQ(json_of("<x><!DOCTYPE y><a>1</a></x>"), "refused");
  EXPECT_EQ(json_of("<!doctype x><x/>"), "refused");
}

TEST(XmlDocument, WhatIsNoDocument) {
  for (const char* xml :
       {"", "text", "<x>", "<x></y>", "<x/><y/>", "{}", "<x>\x01</x>", "<x>\xff</x>", "<x", "<![CDATA["}) {
    EXPECT_EQ(json_of(xml), "refused") << xml;
  }
  EXPECT_EQ(json_of(std::string("<x>\0</x>", 8)), "refused");
}

TEST(XmlDocument, ReferencesWithoutAnEndAreNotSearchedForOneEach) {
  std::string xml = "<x>";
  while (xml.size() < (4 << 20)) xml += "&#";
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(json_of(xml), "refused");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << "it took minutes";
  EXPECT_EQ(json_of("<x>&quot;&amp;&#65;</x>"), R"("\"&A")");
  EXPECT_EQ(json_of("<x>&quot </x>"), "refused");
}

TEST(XmlDocument, DepthIsLimited) {
  auto nested = [](size_t levels) {
    std::string open, close;
    for (size_t i = 0; i < levels; ++i) open += "<a>", close += "</a>";
    return open + "t" + close;
  };
  EXPECT_NE(json_of(nested(kXmlLevelsMax)), "refused");
  EXPECT_EQ(json_of(nested(kXmlLevelsMax + 1)), "refused");
  EXPECT_EQ(json_of(nested(100'000)), "refused");
}

}  // namespace
}  // namespace tributary::testing
