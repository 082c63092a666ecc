#include "consulhost/address.h"

#include <gtest/gtest.h>

namespace tandem::consulhost {
namespace {

TEST(AddressTest, TakesHostAndPortForHttp) {
  const auto address = parse_address("127.0.0.1:8500");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->url, "http://127.0.0.1:8500");
  EXPECT_EQ(address->unix_socket, "");
  EXPECT_EQ(address->name, "127.0.0.1:8500");
}

TEST(AddressTest, TakesHttps) {
  const auto address = parse_address("https://consul.example:8501/");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->url, "https://consul.example:8501");
  EXPECT_EQ(address->name, "https://consul.example:8501");
}

TEST(AddressTest, TakesTheAbsolutePathOfASocket) {
  const auto address = parse_address("unix:///run/consul.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->url, "http://localhost");
  EXPECT_EQ(address->unix_socket, "/run/consul.sock");
  EXPECT_EQ(address->name, "unix:///run/consul.sock");
}

TEST(AddressTest, RefusesWhatCannotBeOne) {
  for (const std::string& bad :
       {std::string(""), std::string("consul"), std::string("ftp://x:1"), std::string("unix://"),
        std::string("unix://run/x"), std::string("unix:///"), std::string("http://u@h:1"),
        "unix:///" + std::string(107, 'x')}) {
    const auto address = parse_address(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().kind, ErrorKind::kConfig);
  }
}

}  // namespace
}  // namespace tandem::consulhost
