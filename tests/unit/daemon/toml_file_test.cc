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
}

}  // namespace
}  // namespace tandem::daemon
