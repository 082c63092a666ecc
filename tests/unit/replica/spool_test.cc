#include "replica/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "replica/backup_form.h"
#include "storage/snapshot_stream.h"
#include "support/temporary_directory.h"

namespace tandem::replica {
namespace {

using testing::HasSubstr;

// So many rows of 10 kB; `after_each` sees how many were taken.
class Rows final : public repl::FrozenState {
 public:
  explicit Rows(int count, std::function<void(int)> after_each = {})
      : count_(count), after_each_(std::move(after_each)) {}
  bool write_rows(const repl::RowSink& sink) const override {
    for (int i = 1; i <= count_; ++i) {
      const bool goes_on =
          sink("{\"n\":" + std::to_string(i) + ",\"text\":\"" + std::string(10'000, 'x') + "\"}");
      if (after_each_) after_each_(i);
      if (!goes_on) return false;
    }
    return true;
  }

 private:
  const int count_;
  const std::function<void(int)> after_each_;
};

class NoSeven final : public repl::RowChecker {
 public:
  Status check(std::string_view row) override {
    if (!row.starts_with("{\"n\":7,")) return {};
    return fail(ErrorKind::kCorrupt, "a seven");
  }
};

class SpoolTest : public testing::Test {
 protected:
  static repl::Picture picture(std::unique_ptr<repl::FrozenState> rows) {
    repl::Picture picture;
    picture.index = 42;
    picture.rows = std::move(rows);
    return picture;
  }
  static storage::SnapshotHeader header() {
    storage::SnapshotHeader header;
    header.lineage = 7;
    header.group = "g";
    header.index = 42;
    return header;
  }
  static bool never() { return false; }
  Status write(Spool& spool, std::unique_ptr<repl::FrozenState> rows,
               std::unique_ptr<repl::RowChecker> checker = nullptr,
               const std::function<bool()>& stopping = never) {
    BackupForm form(header(), std::move(checker));
    return spool.write(picture(std::move(rows)), form, stopping);
  }

  support::TemporaryDirectory directory_;
};

TEST_F(SpoolTest, SaysWhyTheStateCannotBeRead) {
  // Of tables elsewhere, which somebody has locked.
  class Locked final : public repl::FrozenState {
   public:
    bool write_rows(const repl::RowSink&) const override { return false; }
    Status failure() const override { return fail(ErrorKind::kBusy, "a lock of pid 4711"); }
  };
  Spool spool(directory_.path(), 0);
  const Status written = write(spool, std::make_unique<Locked>());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(written.error().message, HasSubstr("to its end: a lock of pid 4711"));
}

TEST_F(SpoolTest, GivesAWholeBackupInPartsOfAnySize) {
  Spool spool(directory_.path(), 0);
  ASSERT_TRUE(write(spool, std::make_unique<Rows>(100)));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  storage::SnapshotStream stream({});
  uint64_t offset = 0;
  for (std::string part = spool.read(0, 333).value(); !part.empty();
       part = spool.read(offset, 333).value()) {
    const auto taken = stream.add(part);
    ASSERT_TRUE(taken) << taken.error().message;
    ASSERT_EQ(*taken, part.size());
    offset += part.size();
  }
  ASSERT_TRUE(stream.end());
  EXPECT_EQ(stream.rows(), 100u);
  EXPECT_EQ(stream.header(), header());
}

TEST_F(SpoolTest, ARowThatCannotBeRestoredMakesNoBackup) {
  Spool spool(directory_.path(), 0);
  const Status written = write(spool, std::make_unique<Rows>(9), std::make_unique<NoSeven>());
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("cannot be restored: a seven"));
}

TEST_F(SpoolTest, LeavesRoomForTheLog) {
  Spool spool(directory_.path(), uint64_t{1} << 60);
  const Status written = write(spool, std::make_unique<Rows>(1));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(written.error().message, HasSubstr("has no room for the backup"));
}

TEST_F(SpoolTest, EndsWhereNobodyWantsIt) {
  Spool spool(directory_.path(), 0);
  int rows = 0;
  const Status dropped = write(spool, std::make_unique<Rows>(100, [&](int taken) {
                                 rows = taken;
                                 if (taken == 10) spool.drop();
                               }));
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().kind, ErrorKind::kTimeout);
  EXPECT_LT(rows, 60);
  Spool stopped(directory_.path(), 0);
  EXPECT_EQ(write(stopped, std::make_unique<Rows>(100), nullptr, [] { return true; }).error().kind,
            ErrorKind::kTimeout);
}

TEST_F(SpoolTest, AStateThatEndsTooEarlyIsNoBackup) {
  class Lost final : public repl::FrozenState {
   public:
    bool write_rows(const repl::RowSink&) const override { return false; }
  };
  Spool spool(directory_.path(), 0);
  const Status written = write(spool, std::make_unique<Lost>());
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tandem::replica
