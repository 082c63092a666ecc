#include "fetch/url.h"

#include <gmock/gmock.h>
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

TEST(PercentEncode, EncodesBytesOfAnyValue) {
  EXPECT_EQ(percent_encode(std::string("\0\xff+", 3)), "%00%FF%2B");
  EXPECT_EQ(percent_encode(""), "");
}

TEST(PercentEncode, EncodesBytesOfOtherCharacters) { EXPECT_EQ(percent_encode("é"), "%C3%A9"); }

TEST(BaseUrl, TakesHostsAndPathsAndDropsSlashesAtTheEnd) {
  EXPECT_EQ(base_url("http://127.0.0.1:8080").value(), "http://127.0.0.1:8080");
  EXPECT_EQ(base_url("https://host/base//").value(), "https://host/base");
  EXPECT_EQ(base_url("http://[::1]:80").value(), "http://[::1]:80");
}

TEST(BaseUrl, TakesAHostWithItsPortForHttp) {
  EXPECT_EQ(base_url("127.0.0.1:8080").value(), "http://127.0.0.1:8080");
  EXPECT_EQ(base_url("localhost:80/base/").value(), "http://localhost:80/base");
  EXPECT_EQ(base_url("[::1]:8080").value(), "http://[::1]:8080");
}

TEST(BaseUrl, SaysWhatIsWrong) {
  EXPECT_THAT(base_url("nowhere").error().message, testing::HasSubstr("there is no port"));
  EXPECT_THAT(base_url("host:65536").error().message, testing::HasSubstr("port"));
}

TEST(BaseUrl, RefusesEverythingElse) {
  for (const char* text :
       {"", "nowhere", ":80", "host:", "host:x", "host:0", "host:65536", "ftp://host", "http://",
        "http:///path", "http://:80", "http://host:99999", "http://host?x=1", "http://host#x",
        "http://a b", "http://[::1", "http://user:secret@host", "user@host:80", "http://ho\"st"}) {
    const auto url = base_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::kConfig);
  }
}

}  // namespace
}  // namespace tandem::fetch
