// What a process is before its state has begun, and what of its disk an engine may go on from.
#include "driver_fixture.h"
#include "support/kept_rows.h"

namespace tandem::replica {
namespace {

class BeginTest : public DriverTest {
 protected:
  static constexpr uint64_t kEvery = 64 << 10;

  // A replica that led alone, took a snapshot, wrote more and has stopped.
  void write_and_stop_behind_a_snapshot() {
    start(1, kEvery);
    make_leader(1, 0, 1);
    until([&] {
      EXPECT_TRUE(write(1, '"' + std::string(100 << 10, 'x') + '"'));
      return number("snapshot_index") > 1;
    });
    EXPECT_TRUE(write(1, "behind it"));
    before_ = node(1).commands.all;
    last_ = static_cast<uint64_t>(number("last_index"));
    stop(1);
  }
  int64_t number(std::string_view name) { return *node(1).host().status().find(name)->as_int(); }
  // A process that is restoring, for as long as that is held.
  Node& begin_held() {
    Node& made = make(1, kEvery);
    made.commands.restores_held = true;
    made.start();
    until([&] { return made.commands.restores_waited == 1; });
    return made;
  }
  // Whether others find this process, and not only one before it.
  bool is_registered() {
    const std::string session = *node(1).host().status().find("session")->as_string();
    std::optional<bool> found;
    coord_->members("g", [&](const Result<std::vector<coord::Member>>& members) {
      ASSERT_TRUE(members);
      found = members->size() == 1 && hex_id(members->front().session) == session;
    });
    until([&] { return found.has_value(); });
    return *found;
  }

  std::vector<std::string> before_;  // that were applied
  repl::Index last_ = 0;
};

TEST_F(BeginTest, WhileItRestoresItSaysSoAndTakesNothing) {
  write_and_stop_behind_a_snapshot();
  Node& restoring = begin_held();
  const wire::Json status = restoring.host().status();
  EXPECT_EQ(status.find("restoring")->dump(), "true");
  EXPECT_EQ(status.find("leading")->dump(), "false");
  EXPECT_EQ(status.find("applied_index")->dump(), "0");
  EXPECT_EQ(status.find("last_index")->dump(), std::to_string(last_));
  EXPECT_FALSE(is_registered()) << "nobody is to find it";
  std::optional<Result<repl::Picture>> picture;
  restoring.driver().picture([&](Result<repl::Picture> taken) { picture = std::move(taken); });
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->error().kind, ErrorKind::kUnavailable);
  std::optional<Status> read;
  for (const auto consistency : {wire::Consistency::kEventual, wire::Consistency::kLinearizable}) {
    restoring.driver().when_readable(consistency, 0, 60'000, [&](const Status& s) { read = s; });
    ASSERT_TRUE(read);
    EXPECT_EQ(read->error().kind, ErrorKind::kUnavailable);
  }
  const auto written = write(1, "too early");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kUnavailable);
  restoring.commands.restores_held = false;
  until([&] { return is_registered(); });
  EXPECT_EQ(restoring.host().status().find("restoring")->dump(), "false");
  make_leader(1, 1, 2);
  EXPECT_EQ(restoring.commands.all, before_);
}

TEST_F(BeginTest, AStopWhileItRestoresIsInOrder) {
  write_and_stop_behind_a_snapshot();
  Node& restoring = begin_held();
  bool drained = false;
  restoring.host().drain([&] { drained = true; });
  EXPECT_TRUE(drained) << "it waits for nobody";
  restoring.commands.restores_held = false;
  loop_.run_once();
  EXPECT_TRUE(restoring.driver().begins()) << "what comes late begins nothing";
  EXPECT_FALSE(is_registered());
  stop(1);
  start(1, kEvery);
  make_leader(1, 1, 2);
  EXPECT_EQ(node(1).commands.all, before_);
}

TEST_F(BeginTest, WhatItsLogIsKnownToHoldCommittedIsAppliedBeforeAnybodyFindsIt) {
  start(1);
  make_leader(1, 0, 1);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(write(1, "command " + std::to_string(i)));
  const std::vector<std::string> written = node(1).commands.all;
  bool drained = false;
  node(1).host().drain([&] { drained = true; });
  until([&] { return drained; });
  stop(1);
  Node& again = make(1);
  again.start();
  until([&] { return is_registered(); });
  EXPECT_EQ(again.commands.all, written) << "though it has heard nobody yet";
}

class OwnerWithRows final : public repl::Applier::Owner {
 public:
  OwnerWithRows(Owner& owner, std::shared_ptr<repl::SnapshotRows> rows)
      : owner_(owner), rows_(std::move(rows)) {}
  void applied(const wire::Entry& entry, const std::optional<repl::Applied>& answer) override {
    owner_.applied(entry, answer);
  }
  void batch_ended() override { owner_.batch_ended(); }
  void went_back(repl::Index index) override { owner_.went_back(index); }
  repl::Origin origin() override {
    repl::Origin origin = owner_.origin();
    origin.rows = rows_;
    return origin;
  }
  bool goes_on_from(const repl::Position& position) const override {
    return owner_.goes_on_from(position);
  }

 private:
  Owner& owner_;
  const std::shared_ptr<repl::SnapshotRows> rows_;
};

// Asks what an engine that has kept a state would ask, and begins like any other; where it has kept
// the rows of the snapshot, without reading that.
class Asking final : public repl::Applier {
 public:
  Asking(repl::StateMachine& machine, repl::Jobs& jobs)
      : memory_(machine, {}, system_clock(), jobs) {}

  void begin(Owner& owner, UniqueFunction<void(Result<repl::Index>)> done) override {
    origin = owner.origin();
    fits = [&owner](const repl::Position& position) { return owner.goes_on_from(position); };
    if (unreachable) return;
    if (!kept) return memory_.begin(owner, std::move(done));
    owner_ = std::make_unique<OwnerWithRows>(owner, kept);
    memory_.begin(*owner_, std::move(done));
  }
  void apply(std::vector<wire::Entry> batch) override { memory_.apply(std::move(batch)); }
  void drop_batch() override { memory_.drop_batch(); }
  void picture(UniqueFunction<void(Result<repl::Picture>)> done) override {
    memory_.picture(std::move(done));
  }
  void prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
               UniqueFunction<void(Status)> done) override {
    memory_.prepare(index, std::move(rows), std::move(done));
  }
  void drop_prepared() override { memory_.drop_prepared(); }
  void install(int64_t time_ms, UniqueFunction<void(Status)> done) override {
    memory_.install(time_ms, std::move(done));
  }
  Status admit(std::string_view command, std::string_view key) const override {
    return memory_.admit(command, key);
  }
  void first_answer(std::string_view command, std::string_view key, FirstAnswer done) override {
    memory_.first_answer(command, key, std::move(done));
  }
  std::string trouble() const override { return unreachable ? "the engine is gone" : ""; }

  repl::Origin origin;
  std::function<bool(const repl::Position&)> fits;
  bool unreachable = false;
  std::shared_ptr<repl::SnapshotRows> kept;  // of the newest snapshot

 private:
  std::unique_ptr<OwnerWithRows> owner_;
  repl::MemoryApplier memory_;
};

class EngineTest : public BeginTest {
 protected:
  void open_host() {
    host_ = std::make_unique<Host>(
        loop_, HostOptions{.group = "g", .id = 1, .directory = Node::directory(root_, 1)}, asking_,
        *coord_);
    ASSERT_TRUE(host_->open());
    host_->announce("ipc://" + (root_ / "nobody.sock").string());
    host_->start([](const Status& status) { EXPECT_TRUE(status); });
  }

  Commands commands_;
  BackgroundJobs jobs_{loop_};
  Asking asking_{commands_, jobs_};
  std::unique_ptr<Host> host_;
};

TEST_F(EngineTest, MayGoOnFromWhatTheLogHolds) {
  write_and_stop_behind_a_snapshot();
  open_host();
  EXPECT_EQ(asking_.origin.member, (repl::Member{1, storage_id(1)}));
  const repl::Index snapshot = asking_.origin.position.index;
  EXPECT_GT(snapshot, 1u);
  EXPECT_EQ(asking_.origin.position.epoch, 1u);
  EXPECT_TRUE(asking_.fits({1, snapshot}));
  EXPECT_TRUE(asking_.fits({1, last_}));
  EXPECT_TRUE(
      asking_.fits({1, static_cast<uint64_t>(*host_->status().find("first_index")->as_int())}));
  EXPECT_FALSE(asking_.fits({1, last_ + 1})) << "the log has lost it";
  EXPECT_FALSE(asking_.fits({2, last_})) << "another entry";
  EXPECT_FALSE(asking_.fits({2, snapshot}));
  until([&] { return !host_->driver().begins(); });
}

TEST_F(EngineTest, MayNotGoOnFromALogThatIsGivenUp) {
  write_and_stop_behind_a_snapshot();
  // As if the disk had never written the log.
  for (const auto& entry : fs::directory_iterator(Node::directory(root_, 1))) {
    if (!entry.path().filename().string().starts_with("log-")) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(fs::file_size(entry.path()) - 4096, '\0');
  }
  open_host();
  const repl::Index snapshot = asking_.origin.position.index;
  EXPECT_GT(snapshot, 1u);
  EXPECT_TRUE(asking_.fits({1, snapshot}));
  EXPECT_FALSE(asking_.fits({1, snapshot + 1}));
  EXPECT_FALSE(asking_.fits({1, 1}));
}

std::vector<std::string> rows_of(const std::string& path) {
  const auto reader = storage::SnapshotReader::open(path);
  std::vector<std::string> rows((*reader)->rows());
  for (std::string& row : rows) EXPECT_TRUE((*reader)->next_row(row).value());
  return rows;
}

// Nobody wants its rows: what is wrong with them must be found all the same, and mended, before
// somebody does.
TEST_F(EngineTest, ASnapshotThatItDoesNotReadIsVerifiedAndTakenAnew) {
  write_and_stop_behind_a_snapshot();
  const std::string directory = Node::directory(root_, 1);
  const auto files = storage::list_snapshots(directory);
  const std::string newest = files->front().path;
  const std::vector<std::string> rows = rows_of(newest);
  const uint64_t identity = storage_id(1);
  asking_.kept = std::make_shared<support::KeptRows>(rows);
  {
    std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(newest) / 2));
    file << "#";
  }
  open_host();
  until([&] { return fs::exists(newest + ".unreadable") && fs::exists(newest); });
  EXPECT_EQ(rows_of(newest), rows);
  EXPECT_EQ(storage_id(1), identity);
  until([&] {
    return *host_->status().find("snapshot_index")->as_int() ==
           static_cast<int64_t>(files->front().index);
  });
}

TEST_F(EngineTest, ThatCannotBeReachedIsWaitedFor) {
  asking_.unreachable = true;
  open_host();
  EXPECT_TRUE(host_->driver().begins());
  EXPECT_EQ(*host_->status().find("trouble")->as_string(), "the engine is gone");
  EXPECT_EQ(host_->status().find("restoring")->dump(), "true");
}

}  // namespace
}  // namespace tandem::replica
