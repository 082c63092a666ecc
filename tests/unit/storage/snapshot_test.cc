#include "storage/snapshot.h"

#include "storage/log_fixture.h"
#include "storage/snapshot_format.h"
#include "wire/crc32c.h"

namespace tandem::storage {
namespace {

SnapshotHeader header(uint64_t index) {
  SnapshotHeader made;
  made.lineage = 0xfedcba9876543210;
  made.group = "rides-db";
  made.index = index;
  made.epoch = 3;
  made.record_crc = 0x0badcafe;
  made.time_ms = 1700000000123;
  made.created_ms = 1700000000456;
  return made;
}

class SnapshotTest : public LogFixture {
 protected:
  void write(uint64_t index, size_t rows) {
    auto writer = SnapshotWriter::create(kDirectory, header(index), disk_);
    ASSERT_TRUE(writer);
    for (size_t i = 0; i < rows; ++i) ASSERT_TRUE((*writer)->add_row(row(i)));
    const Status finished = (*writer)->finish();
    ASSERT_TRUE(finished) << finished.error().message;
  }
  static std::string row(size_t i) {
    return "{\"n\":" + std::to_string(i) + ",\"text\":\"" + std::string(i % 300, 'x') + "\"}";
  }
  static std::string path(uint64_t index) {
    return std::string(kDirectory) + "/" + snapshot_name(index);
  }
};

TEST_F(SnapshotTest, GivesBackWhatWasWritten) {
  write(42, 5000);
  disk_.crash();
  auto reader = SnapshotReader::open(path(42), disk_);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->header(), header(42));
  EXPECT_EQ((*reader)->rows(), 5000u);
  std::string line;
  for (size_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE((*reader)->next_row(line).value());
    ASSERT_EQ(line, row(i));
  }
  EXPECT_FALSE((*reader)->next_row(line).value());
}

TEST_F(SnapshotTest, AnEmptyStateHasASnapshotToo) {
  write(1, 0);
  auto reader = SnapshotReader::open(path(1), disk_);
  ASSERT_TRUE(reader) << reader.error().message;
  std::string line;
  EXPECT_FALSE((*reader)->next_row(line).value());
}

// What opening it, reading its rows or verifying it says: the last two are of one mind.
Status read_all(const std::string& path, Disk& disk) {
  const auto reader = SnapshotReader::open(path, disk);
  if (!reader) return fail(reader.error());
  const Status verified = (*reader)->verify([] { return false; });
  std::string line;
  Result<bool> more = true;
  while (more && *more) more = (*reader)->next_row(line);
  EXPECT_EQ(more.has_value(), verified.has_value());
  return verified;
}

TEST_F(SnapshotTest, AnyCutOrFlippedByteIsNoticed) {
  write(7, 3);
  const auto saved = disk_.contents();
  EXPECT_TRUE(read_all(path(7), disk_));
  const size_t size = disk_.content(path(7)).size();
  const size_t header_bytes = disk_.content(path(7)).find('\n') + 1;
  for (size_t at = 0; at < size; ++at) {
    disk_.restore(saved);
    disk_.content(path(7)).resize(at);
    auto cut = SnapshotReader::open(path(7), disk_);
    ASSERT_FALSE(cut) << at;
    ASSERT_EQ(cut.error().kind, ErrorKind::kCorrupt) << at;
    disk_.restore(saved);
    disk_.content(path(7))[at] ^= 1;
    if (at < header_bytes) {
      ASSERT_FALSE(SnapshotReader::open(path(7), disk_)) << at;
    }
    const Status flipped = read_all(path(7), disk_);
    ASSERT_FALSE(flipped) << at;
    ASSERT_EQ(flipped.error().kind, ErrorKind::kCorrupt) << at;
  }
}

TEST_F(SnapshotTest, ItsRowsAreReadByWhoWantsThemAlone) {
  write(7, 5000);
  const size_t middle = disk_.content(path(7)).size() / 2;
  disk_.content(path(7))[middle] ^= 1;
  const auto reader = SnapshotReader::open(path(7), disk_);
  ASSERT_TRUE(reader) << "nobody has looked at the rows";
  EXPECT_EQ((*reader)->header(), header(7));
  EXPECT_FALSE((*reader)->verified());
  EXPECT_EQ((*reader)->verify([] { return true; }).error().kind, ErrorKind::kTimeout);
  EXPECT_EQ((*reader)->verify([] { return false; }).error().kind, ErrorKind::kCorrupt);
  EXPECT_FALSE((*reader)->verified());
  disk_.content(path(7))[middle] ^= 1;
  EXPECT_TRUE((*reader)->verify([] { return false; }));
  EXPECT_TRUE((*reader)->verified());
}

// As versions before this one wrote it.
TEST_F(SnapshotTest, AHeaderWithoutAChecksumIsTrustedWithAllOfTheFile) {
  write(7, 3);
  std::string& file = disk_.content(path(7));
  const size_t seal = file.find(",\"crc32c\"");
  file.erase(seal, file.find('}', seal) - seal);
  file.erase(file.rfind('\n', file.size() - 2) + 1);
  file += encode_snapshot_trailer({3, wire::crc32c(file)}) + "\n";
  const auto reader = SnapshotReader::open(path(7), disk_);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE((*reader)->verified());
  EXPECT_EQ((*reader)->header(), header(7));
  file[file.find("\"n\":1") + 4] = '7';
  EXPECT_EQ(SnapshotReader::open(path(7), disk_).error().kind, ErrorKind::kCorrupt);
}

TEST_F(SnapshotTest, WhatIsSetAsideIsNeitherListedNorPrunedForAnother) {
  for (const uint64_t index : {5U, 9U, 30U, 41U}) write(index, 1);
  for (const uint64_t index : {41U, 5U, 30U})
    ASSERT_TRUE(set_snapshot_aside(kDirectory, index, disk_));
  const auto left = list_snapshots(kDirectory, disk_);
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ((*left)[0].index, 9u);
  const auto names = disk_.list(kDirectory);
  EXPECT_EQ(names->size(), 3u) << "the newest two of those that were set aside";
  EXPECT_FALSE(set_snapshot_aside(kDirectory, 5, disk_)) << "it is gone";
}

TEST_F(SnapshotTest, ASealedOneCanBeReadBackBeforeItHasItsName) {
  auto writer = SnapshotWriter::create(kDirectory, header(7), disk_);
  ASSERT_TRUE((*writer)->add_row("{\"n\":1}"));
  ASSERT_TRUE((*writer)->seal());
  EXPECT_TRUE(list_snapshots(kDirectory, disk_)->empty());
  auto reader = (*writer)->read_back();
  ASSERT_TRUE(reader);
  std::string row;
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE((*reader)->next_row(row).value());
    EXPECT_EQ(row, "{\"n\":1}");
    EXPECT_FALSE((*reader)->next_row(row).value());
    (*reader)->rewind();
  }
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(list_snapshots(kDirectory, disk_)->size(), 1u);
}

TEST_F(SnapshotTest, PruningKeepsTheNewest) {
  for (const uint64_t index : {1U, 2U, 3U, 4U}) write(index, 1);
  auto reading = SnapshotReader::open(path(1), disk_);
  ASSERT_TRUE(prune_snapshots(kDirectory, 2, disk_));
  const auto left = list_snapshots(kDirectory, disk_);
  ASSERT_EQ(left->size(), 2u);
  EXPECT_EQ((*left)[0].index, 4u);
  EXPECT_EQ((*left)[1].index, 3u);
  std::string line;
  EXPECT_TRUE((*reading)->next_row(line).value());  // one that is being read stays readable
}

TEST_F(SnapshotTest, AnUnfinishedOneLeavesNothing) {
  {
    auto writer = SnapshotWriter::create(kDirectory, header(8), disk_);
    ASSERT_TRUE((*writer)->add_row("{}"));
  }
  EXPECT_TRUE(disk_.contents().empty());
}

TEST_F(SnapshotTest, LeftoversOfADeadProcessAreRemoved) {
  write(5, 1);
  auto writer = SnapshotWriter::create(kDirectory, header(8), disk_);
  auto receiver = SnapshotReceiver::create(kDirectory, 9, 0, disk_);
  ASSERT_TRUE(remove_unfinished_snapshots(kDirectory, disk_));
  EXPECT_EQ(disk_.contents().size(), 1u);
}

TEST_F(SnapshotTest, AFullDiskIsAnErrorAndLeavesNothing) {
  disk_.set_capacity(1000);
  {
    auto writer = SnapshotWriter::create(kDirectory, header(8), disk_);
    for (size_t i = 0; i < 100; ++i) (*writer)->add_row(row(i));
    const Status finished = (*writer)->finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().kind, ErrorKind::kNoSpace);
  }
  EXPECT_TRUE(disk_.contents().empty());
}

TEST_F(SnapshotTest, OneThatDoesNotFitIsNotBegun) {
  disk_.set_capacity(1000);
  EXPECT_TRUE(SnapshotReceiver::create(kDirectory, 8, 1000, disk_));
  const auto receiver = SnapshotReceiver::create(kDirectory, 8, 1001, disk_);
  ASSERT_FALSE(receiver);
  EXPECT_EQ(receiver.error().kind, ErrorKind::kNoSpace);
  EXPECT_TRUE(disk_.contents().empty());
}

TEST_F(SnapshotTest, TravelsInPieces) {
  write(42, 1000);
  auto reader = SnapshotReader::open(path(42), disk_);
  auto receiver = SnapshotReceiver::create("other", 42, 0, disk_);
  ASSERT_TRUE(receiver);
  EXPECT_EQ((*receiver)->write(10, "x").error().kind, ErrorKind::kBadInput);
  while ((*receiver)->have_bytes() < (*reader)->size_bytes()) {
    const uint64_t offset = (*receiver)->have_bytes();
    const auto piece = (*reader)->read_raw(offset, 1000);
    ASSERT_TRUE((*receiver)->write(offset, *piece));
    ASSERT_TRUE((*receiver)->write(offset, *piece));  // came twice
  }
  const auto received = (*receiver)->finish();
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(*received, header(42));
  EXPECT_EQ(disk_.content("other/" + snapshot_name(42)), disk_.content(path(42)));
}

TEST_F(SnapshotTest, OneThatIsGivenUpLateTakesNothingFromTheNext) {
  write(42, 10);
  auto late = SnapshotReceiver::create("other", 42, 0, disk_);
  auto receiver = SnapshotReceiver::create("other", 42, 0, disk_);
  ASSERT_TRUE((*receiver)->write(0, disk_.content(path(42))));
  late->reset();
  EXPECT_TRUE((*receiver)->finish());
}

TEST_F(SnapshotTest, ADamagedOneIsNotInstalled) {
  write(42, 10);
  const std::string bytes = disk_.content(path(42));
  auto receiver = SnapshotReceiver::create("other", 42, 0, disk_);
  ASSERT_TRUE((*receiver)->write(0, bytes.substr(0, bytes.size() - 1)));
  EXPECT_EQ((*receiver)->finish().error().kind, ErrorKind::kCorrupt);
  auto wrong_index = SnapshotReceiver::create("other", 43, 0, disk_);
  ASSERT_TRUE((*wrong_index)->write(0, bytes));
  EXPECT_EQ((*wrong_index)->finish().error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(list_snapshots("other", disk_)->empty());
}

TEST_F(SnapshotTest, ALogContinuesItOnlyWhereTheChainFits) {
  open();
  append_durably(1, 20);
  SnapshotHeader snapshot = header(10);
  snapshot.epoch = 1;
  snapshot.record_crc = log_->crc_at(10);
  EXPECT_TRUE(log_continues(*log_, snapshot));
  ++snapshot.record_crc;
  EXPECT_FALSE(log_continues(*log_, snapshot));
  snapshot.index = 21;
  EXPECT_FALSE(log_continues(*log_, snapshot));
  log_->reset(21, 1, 5);
  snapshot.record_crc = 5;
  EXPECT_TRUE(log_continues(*log_, snapshot));
  snapshot.index = 20;
  EXPECT_FALSE(log_continues(*log_, snapshot));
}

}  // namespace
}  // namespace tandem::storage
