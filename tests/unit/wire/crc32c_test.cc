#include "wire/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tandem::wire {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
  std::string rising;
  for (char c = 0; c < 32; ++c) rising += c;
  const std::string falling(rising.rbegin(), rising.rend());
  std::string read_command(48, '\0');
  read_command[0] = 0x01;
  read_command[1] = static_cast<char>(0xc0);
  read_command[16] = 0x14;
  read_command[22] = 0x04;
  read_command[27] = 0x14;
  read_command[31] = 0x18;
  read_command[32] = 0x28;
  read_command[40] = 0x02;
  for (const auto version : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(version(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(version(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(version(rising, 0), 0x46dd794eu);
    EXPECT_EQ(version(falling, 0), 0x113fdb5cu);
    EXPECT_EQ(version(read_command, 0), 0xd9963a56u);
    EXPECT_EQ(version("123456789", 0), 0xe3069283u);
    EXPECT_EQ(version("", 0), 0u);
  }
}

TEST(Crc32c, BothVersionsAgreeAtEverySizeAndOffset) {
  std::mt19937_64 random(7);
  std::string data(600, '\0');
  for (char& c : data) c = static_cast<char>(random());
  for (size_t offset = 0; offset < 9; ++offset) {
    for (size_t size = 0; size + offset <= data.size(); ++size) {
      const std::string_view part = std::string_view(data).substr(offset, size);
      ASSERT_EQ(crc32c(part), crc32c_portable(part)) << offset << " " << size;
    }
  }
}

TEST(Crc32c, ContinuesFromASeed) {
  const std::string data = "a row of bytes that is cut anywhere";
  for (size_t cut = 0; cut <= data.size(); ++cut) {
    const std::string_view view = data;
    EXPECT_EQ(crc32c(view.substr(cut), crc32c(view.substr(0, cut))), crc32c(data));
    EXPECT_EQ(crc32c_portable(view.substr(cut), crc32c_portable(view.substr(0, cut))),
              crc32c(data));
  }
}

TEST(Crc32c, SeesEveryFlippedBit) {
  std::string data = "a record of the log";
  const uint32_t whole = crc32c(data);
  for (size_t bit = 0; bit < data.size() * 8; ++bit) {
    data[bit / 8] = static_cast<char>(data[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(crc32c(data), whole) << bit;
    data[bit / 8] = static_cast<char>(data[bit / 8] ^ (1 << (bit % 8)));
  }
}

}  // namespace
}  // namespace tandem::wire
