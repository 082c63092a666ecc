#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace tandem {
namespace {

TEST(Ids, AreNeverZeroAndDiffer) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t id = random_id();
    EXPECT_NE(id, 0u);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Ids, HexComesBack) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{0xdeadbeef}, UINT64_MAX}) {
    EXPECT_EQ(hex_id(id).size(), 16u);
    EXPECT_EQ(parse_hex_id(hex_id(id)), id);
  }
  EXPECT_EQ(hex_id(0xab), "00000000000000ab");
}

TEST(Ids, RefusesWhatIsNoHexId) {
  for (const char* text : {"", "1", "00000000000000AB", "000000000000000g", "00000000000000001",
                           "0x00000000000001", "-000000000000001", " 000000000000001"}) {
    const Result<uint64_t> id = parse_hex_id(text);
    ASSERT_FALSE(id.has_value()) << text;
    EXPECT_EQ(id.error().kind, ErrorKind::kBadInput);
    EXPECT_EQ(id.error().message,
              "'" + std::string(text) + "' is not an id of 16 lower-case hex digits");
  }
}

TEST(Keys, TellOfTheIndexThatTheirMakerHadHeard) {
  for (const uint64_t index : {uint64_t{0}, uint64_t{7}, UINT64_MAX}) {
    const std::string key = make_key(index);
    EXPECT_EQ(key_birth(key), index);
    EXPECT_NE(key, make_key(index));
    for (size_t at = 0; at < key.size(); ++at) {
      std::string other = key;
      other[at] = other[at] == '1' ? '2' : '1';
      EXPECT_FALSE(key_birth(other)) << other;
    }
  }
  EXPECT_EQ(made_key(5, 1 << 16), made_key(5, (1 << 16) + 1));
}

TEST(Keys, OfClientsTellOfNone) {
  EXPECT_TRUE(random_key().starts_with("r-"));
  EXPECT_NE(random_key(), random_key());
  const std::string made = make_key(5);
  for (const std::string& key :
       {std::string(), std::string("i-"), std::string("i-5"), std::string("i--5-0123456789abcdef"),
        std::string("i-5-0123456789abcdef"), std::string("i-99999999999999999999-0123456789abcdef"),
        "i-0" + made.substr(2), "c-" + made, made + "0", random_key(),
        std::string("t-1700000000000-0123456789abcdef")}) {
    EXPECT_FALSE(key_birth(key)) << key;
  }
}

}  // namespace
}  // namespace tandem
