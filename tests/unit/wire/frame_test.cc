#include "wire/frame.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

TEST(Frame, GivesBackItemsInOrder) {
  std::string message;
  append_item(message, 7, "first");
  append_item(message, 0, "");
  append_item(message, UINT64_MAX, std::string(100'000, 'x'));
  EXPECT_EQ(message.size(), 3 * kItemHeaderBytes + 5 + 100'000);

  ItemReader reader(message);
  Item item;
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(item.id, 7u);
  EXPECT_EQ(item.payload, "first");
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(item.id, 0u);
  EXPECT_EQ(item.payload, "");
  ASSERT_TRUE(reader.next(item));
  EXPECT_EQ(item.id, UINT64_MAX);
  EXPECT_EQ(item.payload.size(), 100'000u);
  EXPECT_FALSE(reader.next(item));
  EXPECT_TRUE(reader.ok());
}

TEST(Frame, AnEmptyMessageHasNoItems) {
  ItemReader reader("");
  Item item;
  EXPECT_FALSE(reader.next(item));
  EXPECT_TRUE(reader.ok());
}

TEST(Frame, SeesACutAtEveryByte) {
  std::string message;
  append_item(message, 1, "one");
  const size_t first = message.size();
  append_item(message, 2, "four");
  for (size_t size = 0; size < message.size(); ++size) {
    ItemReader reader(std::string_view(message).substr(0, size));
    Item item;
    size_t items = 0;
    while (reader.next(item)) ++items;
    EXPECT_EQ(items, size >= first ? 1u : 0u) << size;
    EXPECT_EQ(reader.ok(), size == 0 || size == first) << size;
    EXPECT_FALSE(reader.next(item));
  }
}

TEST(Frame, RefusesLengthsThatCannotBe) {
  for (const uint32_t length : {0u, 7u, 9u, UINT32_MAX}) {
    std::string message;
    ByteWriter writer(message);
    writer.u32(length);
    writer.u64(1);
    ItemReader reader(message);
    Item item;
    EXPECT_FALSE(reader.next(item)) << length;
    EXPECT_FALSE(reader.ok()) << length;
  }
}

}  // namespace
}  // namespace tandem::wire
