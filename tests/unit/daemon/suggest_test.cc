#include "daemon/suggest.h"

#include <gtest/gtest.h>

namespace tandem::daemon {
namespace {

const std::vector<std::string> kKeys = {"http.host", "http.port", "storage.dir"};

TEST(SuggestTest, FindsTheNearest) {
  EXPECT_EQ(suggestion("http.prot", kKeys), ", did you mean 'http.port'?");
  EXPECT_EQ(suggestion("htp.host", kKeys), ", did you mean 'http.host'?");
  EXPECT_EQ(suggestion("storagedir", kKeys), ", did you mean 'storage.dir'?");
}

TEST(SuggestTest, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(suggestion("colour", kKeys), "");
  EXPECT_EQ(suggestion("", kKeys), "");
  EXPECT_EQ(suggestion(std::string(5000, 'h'), kKeys), "");
}

}  // namespace
}  // namespace tandem::daemon
