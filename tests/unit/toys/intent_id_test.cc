#include "toys/intent_id.h"

#include <gtest/gtest.h>

namespace tandem::toys {
namespace {

TEST(IntentIdTest, IsOrderedAsTheLogIs) {
  EXPECT_LT((IntentId{7, 1234}), (IntentId{7, 1235}));
  EXPECT_LT((IntentId{7, 1234}), (IntentId{8, 3}));
  EXPECT_LT((IntentId{9, 1}), (IntentId{10, 1})) << "numbers, not texts";
}

TEST(IntentIdTest, ReadsWhatItWrites) {
  for (const IntentId id : {IntentId{7, 1234}, IntentId{0, 0}, IntentId{UINT64_MAX, UINT64_MAX}}) {
    EXPECT_EQ(parse_intent_id(to_text(id)), id);
  }
  EXPECT_EQ(to_text({7, 1234}), "7-1234");
}

TEST(IntentIdTest, AnIntentHasOneText) {
  for (const char* text :
       {"", "-", "7", "7-", "-7", "07-1", "7-01", "7-1-1", "7--1", "+7-1", "7-1 ", " 7-1", "7-x",
        "18446744073709551616-1", "1-18446744073709551616"}) {
    const auto id = parse_intent_id(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().kind, ErrorKind::kBadInput);
  }
  EXPECT_LT(parse_intent_id(std::string(100000, '7')).error().message.size(), 100U);
}

}  // namespace
}  // namespace tandem::toys
