#include "wire/entry.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

const Entry kEntry{.type = EntryType::kCommand,
                   .index = 0x0102030405060708,
                   .epoch = 9,
                   .time_ms = -5,
                   .request_id = "key",
                   .payload = std::string("{\"a\":\0}", 7)};

std::string encoded(const Entry& entry) {
  std::string out;
  encode_entry(entry, out);
  return out;
}

TEST(Entry, ComesBackAsItWas) {
  Entry open;
  open.type = EntryType::kOpen;
  open.index = open.epoch = 1;
  const std::string bytes = encoded(kEntry) + encoded(open);
  EXPECT_EQ(bytes.size(), encoded_size(kEntry) + encoded_size(open));
  ByteReader reader(bytes);
  Entry back;
  ASSERT_TRUE(decode_entry(reader, back));
  EXPECT_EQ(back, kEntry);
  ASSERT_TRUE(decode_entry(reader, back));
  EXPECT_EQ(back, open);
  EXPECT_TRUE(reader.done());
}

TEST(Entry, HasTheLayoutThatIsWrittenDown) {
  const std::string bytes = encoded(kEntry);
  EXPECT_EQ(bytes.substr(0, 9), "\x02\x08\x07\x06\x05\x04\x03\x02\x01");
  EXPECT_EQ(bytes.substr(25, 7), std::string("\x03\0\0\0key", 7));
}

TEST(Entry, SeesACutAtEveryByte) {
  const std::string bytes = encoded(kEntry);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader(std::string_view(bytes).substr(0, size));
    Entry back;
    EXPECT_FALSE(decode_entry(reader, back)) << size;
  }
}

TEST(Entry, RefusesUnknownTypes) {
  std::string bytes = encoded(kEntry);
  for (const char type : {'\0', '\3', '\xff'}) {
    bytes[0] = type;
    ByteReader reader(bytes);
    Entry back;
    EXPECT_FALSE(decode_entry(reader, back));
  }
}

TEST(Entry, RefusesALengthBeyondTheEnd) {
  std::string bytes = encoded(kEntry);
  for (size_t i = 25; i < 29; ++i) bytes[i] = '\xff';
  ByteReader reader(bytes);
  Entry back;
  EXPECT_FALSE(decode_entry(reader, back));
}

}  // namespace
}  // namespace tandem::wire
