// What a replica tells of snapshots that it has no room for.
#include "replica/snapshots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "support/temporary_directory.h"

namespace tandem::replica {
namespace {

class SnapshotsTest : public testing::Test {
 protected:
  using Incoming = repl::SnapshotStore::Incoming;

  // All of a snapshot of another replica's in one piece.
  repl::SnapshotChunk chunk(uint64_t index) {
    storage::SnapshotHeader header;
    header.group = "g";
    header.index = index;
    auto writer = storage::SnapshotWriter::create(leader_.path(), header);
    EXPECT_TRUE(writer && (*writer)->add_row("{}") && (*writer)->finish());
    const auto files = storage::list_snapshots(leader_.path());
    const auto reader = storage::SnapshotReader::open(files->front().path);
    repl::SnapshotChunk all;
    all.index = index;
    all.total_bytes = (*reader)->size_bytes();
    all.data = *(*reader)->read_raw(0, all.total_bytes);
    return all;
  }

  // Takes it in as the driver does.
  Incoming receive(const repl::SnapshotChunk& chunk) {
    EXPECT_EQ(snapshots_.receive(chunk), Incoming::kWhole);
    EXPECT_TRUE(snapshots_.received()->for_each([](std::string_view) { return Status(); }));
    return snapshots_.put_in_place();
  }

  support::TemporaryDirectory leader_;
  support::TemporaryDirectory directory_;
  loop::Loop loop_;
  Snapshots snapshots_{loop_, directory_.path(),
                       [](repl::Index) { return storage::SnapshotHeader(); },
                       [](const Error& error) { ADD_FAILURE() << error.message; }};
};

TEST_F(SnapshotsTest, ThatThereIsNoRoomForOneIsToldOnceUntilItChanges) {
  EXPECT_FALSE(snapshots_.lacks_space());
  testing::internal::CaptureStderr();
  const ErrorKind full = ErrorKind::kNoSpace;
  const ErrorKind exhausted = ErrorKind::kExhausted;
  int number = 0;  // of the snapshot, which is in the message
  for (const ErrorKind kind : {full, full, exhausted, exhausted, full}) {
    EXPECT_EQ(snapshots_.judge({kind, "no room for " + std::to_string(++number)}),
              Incoming::kLater);
    EXPECT_TRUE(snapshots_.lacks_space());
  }
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 3) << told;
}

TEST_F(SnapshotsTest, OneThatIsInPlaceHadRoom) {
  EXPECT_EQ(snapshots_.judge({ErrorKind::kNoSpace, "no space"}), Incoming::kLater);
  EXPECT_EQ(receive(chunk(7)), Incoming::kWhole);
  EXPECT_FALSE(snapshots_.lacks_space());
}

}  // namespace
}  // namespace tandem::replica
