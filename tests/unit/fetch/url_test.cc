#include "fetch/url.h"

#include <gtest/gtest.h>

namespace tandem::fetch {
namespace {

TEST(PercentEncode, KeepsLettersAndDigits) { EXPECT_EQ(percent_encode("aZ09-_~"), "aZ09-_~"); }

TEST(PercentEncode, EncodesWhatHasAMeaningInAPath) {
  EXPECT_EQ(percent_encode("a/b c%?#"), "a%2Fb%20c%25%3F%23");
}

TEST(PercentEncode, EncodesDotsBecauseASegmentOfDotsWouldMove) {
  EXPECT_EQ(percent_encode(".."), "%2E%2E");
}

TEST(PercentEncode, EncodesBytesOfOtherCharacters) { EXPECT_EQ(percent_encode("é"), "%C3%A9"); }

TEST(BaseUrl, TakesHostsAndPathsAndDropsSlashesAtTheEnd) {
  EXPECT_EQ(base_url("http://127.0.0.1:8080").value(), "http://127.0.0.1:8080");
  EXPECT_EQ(base_url("https://host/base//").value(), "https://host/base");
  EXPECT_EQ(base_url("http://[::1]:80").value(), "http://[::1]:80");
}

TEST(BaseUrl, RefusesEverythingElse) {
  for (const char* text : {"", "127.0.0.1:8080", "ftp://host", "http://", "http:///path",
                           "http://:80", "http://host?x=1", "http://host#x", "http://a b"}) {
    const auto url = base_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::kConfig);
  }
}

}  // namespace
}  // namespace tandem::fetch
