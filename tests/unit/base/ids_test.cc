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

TEST(Keys, CarryTheirBirth) {
  const std::string key = make_key(1'700'000'000'123);
  EXPECT_EQ(key_birth_ms(key), 1'700'000'000'123);
  EXPECT_NE(make_key(5), make_key(5));
  EXPECT_EQ(key_birth_ms(make_key(0)), 0);
  EXPECT_TRUE(is_made_key(key));
  for (size_t at = 2; at < key.size(); ++at) {
    std::string other = key;
    other[at] = other[at] == '1' ? '2' : '1';
    EXPECT_FALSE(is_made_key(other)) << other;
  }
}

TEST(Keys, OfClientsHaveNoBirth) {
  for (const char* key : {"", "t-", "t-5", "t-5-", "t-x-0000000000000001", "t--5-0000000000000001",
                          "t-5-000000000000001", "t-5-00000000000000011", "order-5",
                          "t-99999999999999999999-0000000000000001"}) {
    EXPECT_EQ(key_birth_ms(key), -1) << key;
  }
}

}  // namespace
}  // namespace tandem
