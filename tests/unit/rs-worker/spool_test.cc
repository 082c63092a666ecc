#include "rs-worker/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "db/database.h"
#include "db/export_format.h"
#include "support/temporary_directory.h"

namespace tandem::worker {
namespace {

using testing::HasSubstr;

// Its rows, with those of keys before them; `after_each` sees how many were taken.
class Rows final : public repl::FrozenState {
 public:
  Rows(std::unique_ptr<repl::FrozenState> tables, std::function<void(int)> after_each)
      : tables_(std::move(tables)), after_each_(std::move(after_each)) {}
  bool write_rows(const repl::RowSink& sink) const override {
    int taken = 0;
    const auto take = [&](std::string_view row) {
      const bool goes_on = sink(row);
      if (after_each_) after_each_(++taken);
      return goes_on;
    };
    return take(R"({"key_clock":{"log_time":1,"clock":1}})") && tables_->write_rows(take);
  }

 private:
  std::unique_ptr<repl::FrozenState> tables_;
  std::function<void(int)> after_each_;
};

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() {
    apply(R"({"schema":{"t":{"key":"id","columns":[{"name":"id","type":"integer"},
             {"name":"text","type":"text"}]}}})");
  }
  void apply(const std::string& command) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = command;
    EXPECT_EQ(database_.apply(entry).status, 200);
  }
  void insert(int id, size_t size) {
    apply(R"({"table":"t","op":"insert","row":{"id":)" + std::to_string(id) + R"(,"text":")" +
          std::string(size, 'x') + "\"}}");
  }
  repl::Picture picture(std::function<void(int)> after_each = {}) const {
    repl::Picture picture;
    picture.index = index_;
    picture.rows = std::make_unique<Rows>(database_.freeze(), std::move(after_each));
    return picture;
  }
  static bool never() { return false; }

  // Of tables elsewhere, which somebody has locked.
  class Locked final : public repl::FrozenState {
   public:
    bool write_rows(const repl::RowSink&) const override { return false; }
    Status failure() const override { return fail(ErrorKind::kBusy, "a lock of pid 4711"); }
  };

  support::TemporaryDirectory directory_;
  db::Database database_;
  uint64_t index_ = 0;
};

TEST_F(SpoolTest, SaysWhyTheTablesCannotBeRead) {
  Spool spool("g", directory_.path(), 0);
  repl::Picture locked;
  locked.rows = std::make_unique<Locked>();
  const Status written = spool.write(std::move(locked), never);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(written.error().message, HasSubstr("to their end: a lock of pid 4711"));
}

TEST_F(SpoolTest, GivesAWholeExportInPartsOfAnySize) {
  for (int i = 0; i < 100; ++i) insert(i, 10'000);
  Spool spool("g", directory_.path(), 0);
  ASSERT_TRUE(spool.write(picture(), never));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  const std::string whole = spool.read(0, 10 << 20).value();
  std::string parts;
  for (std::string part = spool.read(0, 333).value(); !part.empty();
       part = spool.read(parts.size(), 333).value()) {
    parts += part;
  }
  EXPECT_EQ(parts, whole);
  db::ExportReader reader(db::ExportReader::Depth::kRows);
  for (std::string_view text = whole; !text.empty();) {
    const size_t end = text.find('\n');
    const Status read = reader.line(text.substr(0, end));
    ASSERT_TRUE(read) << read.error().message;
    text.remove_prefix(end + 1);
  }
  ASSERT_TRUE(reader.end());
  EXPECT_EQ(reader.total_rows(), 100u);
  EXPECT_EQ(reader.header().index, index_);
}

TEST_F(SpoolTest, LeavesRoomForTheLog) {
  insert(1, 1);
  Spool spool("g", directory_.path(), uint64_t{1} << 60);
  const Status written = spool.write(picture(), never);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kNoSpace);
  EXPECT_THAT(written.error().message, HasSubstr("has no room for an export"));
}

TEST_F(SpoolTest, EndsWhereNobodyWantsIt) {
  for (int i = 0; i < 100; ++i) insert(i, 10'000);
  Spool spool("g", directory_.path(), 0);
  int rows = 0;
  const Status dropped = spool.write(picture([&](int taken) {
                                       rows = taken;
                                       if (taken == 10) spool.drop();
                                     }),
                                     never);
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().kind, ErrorKind::kTimeout);
  EXPECT_LT(rows, 60);
  Spool stopped("g", directory_.path(), 0);
  EXPECT_EQ(stopped.write(picture(), [] { return true; }).error().kind, ErrorKind::kTimeout);
}

TEST_F(SpoolTest, AStateThatEndsTooEarlyIsNoExport) {
  class Lost final : public repl::FrozenState {
   public:
    bool write_rows(const repl::RowSink&) const override { return false; }
  };
  repl::Picture lost;
  lost.rows = std::make_unique<Lost>();
  Spool spool("g", directory_.path(), 0);
  const Status written = spool.write(std::move(lost), never);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tandem::worker
