#include "daemon/toml_file.h"

#include <gtest/gtest.h>

namespace tandem::daemon {
namespace {

TEST(TomlFileTest, KeepsOrderAndPositions) {
  const Result<TomlNode> root = parse_toml("z = 1\na = [true, 'x']\n[t]\n  k = 2.5\n", "f");
  ASSERT_TRUE(root) << root.error().message;
  ASSERT_EQ(root->members.size(), 3u);
  EXPECT_EQ(root->members[0].key, "z");
  EXPECT_EQ(root->members[1].key, "a");
  EXPECT_EQ(root->members[1].value.items[1].column, 12u);
  const TomlMember& inner = root->members[2].value.members[0];
  EXPECT_EQ(inner.line, 4u);
  EXPECT_EQ(inner.column, 3u);
  EXPECT_EQ(inner.value.column, 7u);
  EXPECT_EQ(inner.value.type_name(), "a fraction");
}

TEST(TomlFileTest, RefusesWhatIsNotToml) {
  for (const char* text : {"a", "a = ", "a = 1 b = 2", "[t", "a = 99999999999999999999",
                           "a = \"\xff\"", "a = 1\na = 2", "[a]\n[a]",
                           // Where toml++ itself believes that it cannot come to.
                           "[ = 1", "[\"", "größe = 1", "a = ä", "[ä]"}) {
    const Result<TomlNode> root = parse_toml(text, "f.toml");
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(root.error().kind, ErrorKind::kConfig);
    EXPECT_TRUE(root.error().message.starts_with("f.toml:")) << root.error().message;
  }
}

TEST(TomlFileTest, RefusesBottomlessNesting) {
  EXPECT_FALSE(parse_toml("a = " + std::string(100'000, '['), "f"));
  std::string dotted = "a";
  std::string quoted = "'a'";
  std::string tables = "a = 1";
  for (int i = 0; i < 20'000; ++i) {
    dotted += ".a";
    quoted += i % 2 == 0 ? " . \"a.\"" : ".a";
  }
  for (int i = 0; i < 40; ++i) tables = "a.b = {" + tables + "}";
  for (const std::string& text :
       {dotted + " = 1", quoted + " = 1", "[" + dotted + "]", "[[" + dotted + "]]",
        "a = {" + dotted + " = 1}", "a = [{" + dotted + " = 1}]", tables}) {
    const Result<TomlNode> root = parse_toml("# one\n" + text, "f.toml");
    ASSERT_FALSE(root) << text.substr(0, 40);
    EXPECT_TRUE(root.error().message.starts_with("f.toml:2:")) << root.error().message;
    EXPECT_NE(root.error().message.find("nested deeper than 64"), std::string::npos);
  }
}

// Dots and brackets that nest nothing.
TEST(TomlFileTest, TakesWhatOnlyLooksDeep) {
  const std::string many(1000, '.');
  const std::string open(1000, '[');
  std::string flat = "list = [";
  for (int i = 0; i < 1000; ++i) flat += "[1.5, {a.b = 2}],\n";
  flat += "]\n";
  for (int i = 0; i < 1000; ++i) flat += "[t" + std::to_string(i) + ".a]\nx.y = 1.5\n";
  for (const std::string& text :
       {flat, "a = '" + many + open + "'", "a = \"\\\"" + many + "\"", "# " + many + open,
        "a = '''\n''" + many + open + "'''''\nb = 1", "a = \"\"\"\\\"\"\"" + many + "\"\"\"\"",
        "'" + many + "' = 1", std::string("a.b.c.d.e.f = 1")}) {
    const Result<TomlNode> root = parse_toml(text, "f");
    EXPECT_TRUE(root) << root.error().message << " in " << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace tandem::daemon
