#include "connectors/document/document_tree.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tributary {
namespace {

std::string refusal_of(std::string_view text) {
  auto parsed = parse_document(text);
  auto mistake = std::get_if<DocumentMistake>(&parsed);
  if (mistake == nullptr) return "";
  return std::to_string(mistake->line) + ":" + std::to_string(mistake->column) + ": " + mistake->message;
}

DocumentNode tree_of(std::string_view text) {
  EXPECT_EQ(refusal_of(text), "") << text;
  auto parsed = parse_document(text);
  auto root = std::get_if<DocumentNode>(&parsed);
  return root ? *root : DocumentNode{};
}

/// `{a=[1,2],b=~}` with places: `a@1:2`.
std::string sketch(const DocumentNode& node, bool places = false) {
  auto at = places ? "@" + std::to_string(node.line) + ":" + std::to_string(node.column) : std::string();
  if (node.kind == DocumentNode::Kind::null) return "~" + at;
  if (node.kind == DocumentNode::Kind::scalar) return node.text + at;
  bool map = node.kind == DocumentNode::Kind::map;
  std::string out = map ? "{" : "[";
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out += map && i % 2 == 1 ? "=" : ",";
    out += sketch(node.children[i], places);
  }
  return out + (map ? "}" : "]") + at;
}

std::string repeated(std::string_view part, size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += part;
  out.resize(bytes);
  return out;
}

TEST(DocumentTree, ReadsYamlWithPlaces) {
  EXPECT_EQ(sketch(tree_of("a: [1, x y]\nb:\n  c: 'd'  # why\n  e:\n"), true),
            "{a@1:1=[1@1:5,x y@1:8]@1:4,b@2:1={c@3:3=d@3:6,e@4:3=~@4:3}@3:3}@1:1");
}

TEST(DocumentTree, TellsQuotedScalars) {
  DocumentNode list = tree_of("[1, '1', \"1\", one, '']");
  std::string quoted;
  for (const DocumentNode& item : list.children) quoted += item.quoted ? 'q' : 'p';
  EXPECT_EQ(quoted, "pqqpq");
  EXPECT_TRUE(tree_of("|\n  1\n").quoted) << "a block of text";
}

TEST(DocumentTree, ReadsJsonWithTabsAndWithoutBlanks) {
  EXPECT_EQ(
      sketch(tree_of("{\n\t\"kinds\":\t{\"user_id\":{\"limits\":[{\"count\":1},\n\t\t{\"window\":\"7d\"}]}}\r\n}\n")),
      "{kinds={user_id={limits=[{count=1},{window=7d}]}}}");
  EXPECT_EQ(sketch(tree_of(R"({"a":[],"b":{},"c":null,"d":true,"e":"null"})")), "{a=[],b={},c=~,d=true,e=null}");
}

TEST(DocumentTree, ReadsEveryEscapeOfJson) {
  EXPECT_EQ(sketch(tree_of(R"({"a":"\"\\\/\b\f\n\r\t\u0001\u00e9\u4e2d"})")),
            "{a=\"\\/\b\f\n\r\t\x01\xc3\xa9\xe4\xb8\xad}");
  EXPECT_EQ(sketch(tree_of(R"(["not JSON's place for them: {\"a\": 1}"])")), "[not JSON's place for them: {\"a\": 1}]");
  EXPECT_EQ(tree_of(R"({"a":"\u0000"})").children[1].text, std::string(1, '\0'));
  EXPECT_EQ(sketch(tree_of(R"({"x: #y":"- {[ & * ! | > % @ `"})")), "{x: #y=- {[ & * ! | > % @ `}");
}

TEST(DocumentTree, ReadsCharactersBeyondTheBmpInTheirPlaces) {
  EXPECT_EQ(sketch(tree_of(R"({"a":["\ud83d\ude00","\uD83D\uDE00x"],"b":1})"), true),
            "{a@1:2=[\xf0\x9f\x98\x80@1:7,\xf0\x9f\x98\x80x@1:22]@1:6,b@1:39=1@1:43}@1:1");
  EXPECT_EQ(sketch(tree_of("{\"a\":\"\\\\ud83d\\\\ude00\"}")), "{a=\\ud83d\\ude00}") << "an escaped backslash";
  EXPECT_EQ(refusal_of(R"({"a":"\ud83d\ude00", "b":"\ud83d"})"), "1:33: not valid YAML: invalid unicode: 55357");
}

TEST(DocumentTree, RefusesWhatNoDocumentNeeds) {
  EXPECT_EQ(refusal_of(""), "1:1: nothing but blanks; {} stands for a document that is empty");
  EXPECT_EQ(refusal_of("# all of it\n"), "1:1: nothing but blanks; {} stands for a document that is empty");
  EXPECT_EQ(refusal_of("a: &x 1\n"), "1:4: anchors are not taken; quote a text that begins with &");
  EXPECT_EQ(refusal_of("a: &x {b: 1}\nc: *x\n"), "1:4: anchors are not taken; quote a text that begins with &");
  EXPECT_EQ(refusal_of("a: *x\n"), "1:4: not valid YAML: the referenced anchor is not defined");
  EXPECT_EQ(refusal_of("a: !!str 1\n"), "1:4: tags are not taken");
  EXPECT_EQ(refusal_of("a: 1\n---\nb: 1\n"), "2:1: something behind the end of the document");
  EXPECT_EQ(refusal_of("{} x"), "1:4: something behind the end of the document");
  EXPECT_EQ(refusal_of("a: 1\nb: \x04\n"), "2:4: a control character; write it as an escape");
  EXPECT_EQ(refusal_of("a: \xff\n"), "1:4: not UTF-8");
  EXPECT_EQ(refusal_of("{\"a\":"), "1:1: not valid YAML: end of map flow not found");
  EXPECT_EQ(refusal_of(std::string(kDocumentBytesMax + 1, ' ')), "1:1: longer than 1 MiB");
  EXPECT_EQ(refusal_of(std::string(16, '[') + std::string(16, ']')), "");
  EXPECT_EQ(refusal_of(std::string(17, '[') + std::string(17, ']')), "1:17: nested deeper than 16 levels");
}

TEST(DocumentTree, CopiesAliasesWhereTheyAreTaken) {
  auto copied = [](std::string_view text) {
    auto parsed = parse_document(text, Aliases::copied);
    auto mistake = std::get_if<DocumentMistake>(&parsed);
    return mistake != nullptr ? mistake->message : sketch(std::get<DocumentNode>(parsed));
  };
  EXPECT_EQ(copied("a: &x {b: &y 1}\nc: *x\nd: [*y, *x]\n"), "{a={b=1},c={b=1},d=[1,{b=1}]}");
  EXPECT_EQ(copied("a: &x [1, *x]\n"), "an alias of what it stands in");
  EXPECT_EQ(copied("a: &x [[[[[[[[1]]]]]]]]\nb: [[[[[[[[*x]]]]]]]]\n"), "nested deeper than 16 levels");
  std::string laughs = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n";
  for (int i = 1; i < 12; ++i) {
    std::string name = "a" + std::to_string(i), of = "*a" + std::to_string(i - 1);
    laughs += name + ": &" + name + " [" + of;
    for (int j = 1; j < 10; ++j) laughs += ", " + of;
    laughs += "]\n";
  }
  EXPECT_EQ(copied(laughs), "more than 250,000 values");
}

TEST(DocumentTree, AnEntryIsFoundByItsKeyAlone) {
  auto parsed = parse_document("{a: b, b: c, list: [b, d]}");
  const DocumentNode& map = std::get<DocumentNode>(parsed);
  ASSERT_NE(find_entry(map, "b"), nullptr);
  EXPECT_EQ(find_entry(map, "b")->text, "c");
  EXPECT_EQ(find_entry(map, "c"), nullptr);
  EXPECT_EQ(find_entry(*find_entry(map, "list"), "b"), nullptr);
}

TEST(DocumentTree, HostileTextsEndSoon) {
  for (std::string_view part :
       {"[",     "{",   "- ",  "? ",     "a: ",   ": ",      ",",       "]",
        "\"",    "'",   "\n",  "#\n",    "&a ",   "*a ",     "!a ",     "%X\n",
        "---\n", "|\n", "a\n", "a: b\n", "{a: [", "[\"a\":", "- - a\n", "\"\\ud83d\\ude00\","}) {
    for (const char* before : {"", "[", "{a: ", "a: \""}) {
      auto begin = std::chrono::steady_clock::now();
      parse_document(before + repeated(part, 200'000));
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << before << part;
    }
  }
  EXPECT_EQ(refusal_of("[" + repeated(",", 300'000) + "]").substr(2), "250001: more than 250,000 values");
}

}  // namespace
}  // namespace tributary
