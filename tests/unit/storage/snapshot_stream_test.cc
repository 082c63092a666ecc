#include "storage/snapshot_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/snapshot_format.h"

namespace tandem::storage {
namespace {

using testing::HasSubstr;

SnapshotHeader header() {
  SnapshotHeader made;
  made.lineage = 0xfedcba9876543210;
  made.group = "rides-db";
  made.index = 42;
  made.epoch = 3;
  made.created_ms = 1700000000456;
  return made;
}

std::string snapshot(size_t rows) {
  SnapshotLines lines;
  std::string text;
  lines.header(header(), text);
  for (size_t i = 0; i < rows; ++i) lines.row("{\"n\":" + std::to_string(i) + "}", text);
  lines.trailer(text);
  return text;
}

// In pieces of that size.
Result<size_t> take(SnapshotStream& stream, std::string_view text, size_t piece) {
  size_t taken = 0;
  while (taken < text.size()) {
    const auto took = stream.add(text.substr(taken, piece));
    if (!took) return took;
    if (*took == 0) break;
    taken += *took;
  }
  return taken;
}

// What is said of it; empty: all of it is good.
std::string said_of(std::string_view text, size_t piece = 7, SnapshotStream::Rows rows = {}) {
  SnapshotStream stream(std::move(rows));
  const auto taken = take(stream, text, piece);
  if (!taken) return taken.error().message;
  const Status whole = stream.end();
  if (!whole) return whole.error().message;
  return *taken == text.size() ? "" : "more follows";
}

TEST(SnapshotStreamTest, TakesAWholeSnapshotInPiecesOfAnySize) {
  const std::string text = snapshot(20);
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    SnapshotStream stream({});
    ASSERT_EQ(take(stream, text, piece).value(), text.size());
    ASSERT_TRUE(stream.end());
    EXPECT_EQ(stream.header(), header());
    EXPECT_EQ(stream.rows(), 20u);
    EXPECT_EQ(stream.bytes(), text.size());
  }
}

TEST(SnapshotStreamTest, LeavesWhatFollowsToTheNextOne) {
  const std::string both = snapshot(2) + snapshot(3);
  SnapshotStream first({});
  const size_t taken = first.add(both).value();
  EXPECT_EQ(taken, snapshot(2).size());
  EXPECT_TRUE(first.whole());
  EXPECT_EQ(first.add("x").value(), 0u);
  SnapshotStream second({});
  EXPECT_EQ(second.add(std::string_view(both).substr(taken)).value(), snapshot(3).size());
  EXPECT_TRUE(second.end());
}

TEST(SnapshotStreamTest, AnyFlippedByteIsNoticed) {
  const std::string text = snapshot(3);
  for (size_t at = 0; at < text.size(); ++at) {
    for (const int bit : {0, 3, 6}) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_NE(said_of(damaged), "") << "byte " << at << " bit " << bit;
    }
  }
}

TEST(SnapshotStreamTest, AnyCutIsNoticed) {
  const std::string text = snapshot(3);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(said_of(text.substr(0, size)), "") << size;
  }
  EXPECT_EQ(said_of(""), "it is empty");
  EXPECT_THAT(said_of(text.substr(0, text.rfind("{\"rows"))),
              HasSubstr("ends after line 4, without a trailer"));
  EXPECT_THAT(said_of(text.substr(0, text.size() - 1)), HasSubstr("in the middle of line 5"));
}

TEST(SnapshotStreamTest, SaysWhatItIsWhereItIsNone) {
  EXPECT_THAT(said_of("{\"format\":\"tandem-export-1\",\"group\":\"rides-db\"}\n"),
              HasSubstr("it is no backup"));
  std::string later = snapshot(1);
  later.replace(later.find("snapshot-1"), 10, "snapshot-2");
  EXPECT_THAT(said_of(later), HasSubstr("'tandem-snapshot-2', this program reads"));
}

TEST(SnapshotStreamTest, ARowThatCannotBeRestoredIsNamedByItsLine) {
  const auto rows = [] {
    return SnapshotStream::Rows{[](std::string_view row) -> Status {
                                  if (row == "{\"n\":2}") return fail(ErrorKind::kCorrupt, "two");
                                  return {};
                                },
                                [] { return Status(); }};
  };
  EXPECT_EQ(said_of(snapshot(2), 7, rows()), "");
  EXPECT_EQ(said_of(snapshot(5), 7, rows()), "line 4 cannot be restored: two");
  // The damage is what is wrong, where there is some.
  std::string damaged = snapshot(5);
  damaged[damaged.find("{\"n\":4}") + 5] = '5';
  EXPECT_EQ(said_of(damaged, 7, rows()),
            "it is damaged: the checksum of lines 1 to 6 is wrong; line 4: two");
  EXPECT_EQ(said_of(snapshot(1), 7, {{}, [] { return Status(fail(ErrorKind::kCorrupt, "all")); }}),
            "its rows cannot be restored: all");
}

}  // namespace
}  // namespace tandem::storage
