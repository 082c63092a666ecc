#include "repl/memory_applier.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/kept_rows.h"

namespace tandem::repl {
namespace {

// Its state is a list of texts; "poison" cannot be restored.
class Texts final : public StateMachine {
 public:
  Applied apply(const wire::Entry& entry) override {
    all.push_back(entry.payload);
    return {200, entry.payload};
  }
  std::unique_ptr<FrozenState> freeze() const override { return nullptr; }
  void reset() override { all.clear(); }
  Status restore_row(std::string_view row) override {
    if (row == "poison") return fail(ErrorKind::kCorrupt, "a poisoned row");
    // The keys' rows of exactly-once are objects.
    all.emplace_back(row);
    return {};
  }
  Status finish_restore() override { return {}; }
  std::unique_ptr<StateMachine> make_empty() const override { return std::make_unique<Texts>(); }
  void swap_state(StateMachine& made) override { all.swap(static_cast<Texts&>(made).all); }

  std::vector<std::string> all;
};

// Jobs run when the test says so.
class HeldJobs final : public Jobs {
 public:
  void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) override {
    jobs_.emplace_back(std::move(work), std::move(done));
  }
  void run_all() {
    while (!jobs_.empty()) {
      auto [work, done] = std::move(jobs_.front());
      jobs_.pop_front();
      work([] { return false; });
      if (done) done();
    }
  }

 private:
  std::deque<std::pair<UniqueFunction<void(const Stopping&)>, UniqueFunction<void()>>> jobs_;
};

class MemoryApplierTest : public testing::Test, private Applier::Owner {
 protected:
  void snapshot(Index index, std::vector<std::string> rows) {
    origin_ = {{1, 11}, {2, index}, 5000, std::make_shared<support::KeptRows>(std::move(rows))};
  }
  void begin() {
    begun.reset();
    applier.begin(*this, [this](Result<Index> index) { begun = std::move(index); });
  }
  void apply(Index index, const std::string& payload) {
    wire::Entry entry;
    entry.type = wire::EntryType::kCommand;
    entry.index = index;
    entry.epoch = 2;
    entry.time_ms = 6000;
    entry.payload = payload;
    applier.apply(std::vector<wire::Entry>{entry});
  }

  Texts machine;
  HeldJobs jobs;
  MemoryApplier applier{machine, {}, system_clock(), jobs};
  std::optional<Result<Index>> begun;
  std::vector<Index> applied_indexes;

 private:
  void applied(const wire::Entry& entry, const std::optional<Applied>&) override {
    applied_indexes.push_back(entry.index);
  }
  void batch_ended() override {}
  void went_back(Index) override { FAIL() << "memory never does"; }
  Origin origin() override { return origin_; }
  bool goes_on_from(const Position&) const override { return false; }

  Origin origin_;
};

TEST_F(MemoryApplierTest, BeginsFromNothingAtOnce) {
  begin();
  ASSERT_TRUE(begun);
  EXPECT_EQ(**begun, 0u);
  apply(1, "one");
  EXPECT_EQ(machine.all, std::vector<std::string>{"one"});
}

TEST_F(MemoryApplierTest, BeginsWithTheSnapshotBesideTheLoop) {
  snapshot(7, {"a", "b"});
  begin();
  EXPECT_FALSE(begun) << "a job reads it";
  EXPECT_TRUE(machine.all.empty());
  jobs.run_all();
  ASSERT_TRUE(begun && *begun);
  EXPECT_EQ(**begun, 7u);
  EXPECT_EQ(machine.all, (std::vector<std::string>{"a", "b"}));
  apply(8, "c");
  EXPECT_EQ(applied_indexes, std::vector<Index>{8});
  applier.picture([](const Result<Picture>& picture) {
    EXPECT_EQ(picture->index, 8u);
    EXPECT_EQ(picture->time_ms, 6000);
  });
}

TEST_F(MemoryApplierTest, WhatCannotBeRestoredLeavesNothingAndItIsBegunWithAnother) {
  snapshot(7, {"a", "poison"});
  begin();
  jobs.run_all();
  ASSERT_TRUE(begun);
  ASSERT_FALSE(*begun);
  EXPECT_EQ(begun->error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(machine.all.empty());
  snapshot(4, {"a"});
  begin();
  jobs.run_all();
  ASSERT_TRUE(begun && *begun);
  EXPECT_EQ(**begun, 4u);
  EXPECT_EQ(machine.all, std::vector<std::string>{"a"});
}

TEST_F(MemoryApplierTest, WhatIsNotWantedAnyMoreIsNotToldOf) {
  snapshot(7, {"a"});
  begin();
  applier.drop_beginning();
  jobs.run_all();
  EXPECT_FALSE(begun);
  EXPECT_TRUE(machine.all.empty());
  begin();
  jobs.run_all();
  EXPECT_TRUE(begun);
}

TEST_F(MemoryApplierTest, IsPreparedForASnapshotBesideTheStateItHas) {
  snapshot(7, {"a"});
  begin();
  jobs.run_all();
  std::optional<Status> prepared;
  applier.prepare(20, std::make_shared<support::KeptRows>(std::vector<std::string>{"x", "y"}),
                  [&](Status status) { prepared = std::move(status); });
  apply(8, "b");
  EXPECT_EQ(machine.all, (std::vector<std::string>{"a", "b"}));
  jobs.run_all();
  ASSERT_TRUE(prepared && *prepared);
  bool installed = false;
  applier.install(7000, [&](const Status& status) { installed = status.has_value(); });
  EXPECT_TRUE(installed);
  EXPECT_EQ(machine.all, (std::vector<std::string>{"x", "y"}));
  apply(21, "z");
  EXPECT_EQ(applied_indexes, (std::vector<Index>{8, 21}));
}

}  // namespace
}  // namespace tandem::repl
