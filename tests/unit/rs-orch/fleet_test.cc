// The fleet with real processes, which are no workers: scripts that live, or end, as a test needs
// it. None of them registers.
#include "fleet.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coord/local.h"
#include "group/group.h"
#include "storage/identity.h"
#include "support/temporary_directory.h"

namespace tandem::orch {
namespace {

namespace fs = std::filesystem;

class FleetTest : public testing::Test {
 protected:
  FleetTest() {
    config_.group = "g";
    config_.coord.root = root_.file("coord");
    config_.worker_directory = root_.file("db");
    config_.worker_sockets = root_.path();
    fs::create_directories(config_.worker_directory);
    coord_ = *coord::open_local({.root = config_.coord.root}, loop_);
    workers_are("exec sleep 1000");
  }
  ~FleetTest() override {
    if (!group_) return;
    bool ended = false;
    group_->drain([&] { ended = true; });
    until([&] { return ended; });
    EXPECT_TRUE(fleet_->pids().empty());
  }

  void workers_are(const std::string& script) {
    config_.worker_program = root_.write("worker", "#!/bin/sh\n" + script + "\n");
    fs::permissions(config_.worker_program, fs::perms::owner_all);
  }
  void open(bool active) {
    group::GroupOptions options;
    options.group = config_.group;
    options.look_every_ms = 5;
    group_ = std::make_unique<group::Group>(
        loop_, *coord_, options, [this](group::Replicas& workers, group::Leadership& leadership) {
          auto fleet = std::make_unique<Fleet>(loop_, config_, workers, leadership, events_);
          fleet_ = fleet.get();
          return fleet;
        });
    group_->start([](const Status& status) { EXPECT_TRUE(status); });
    group_->set_active(active);
  }
  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop_.run_once();
  }
  pid_t until_one_runs(pid_t besides = 0) {
    until([&] {
      const auto pids = fleet_->pids();
      return pids.size() == 1 && pids[0] != besides;
    });
    return fleet_->pids()[0];
  }
  // As a worker does that has not registered yet.
  void take_directory(loop::Process& process, repl::ReplicaId id) {
    const std::string directory = config_.worker_directory + "/" + std::to_string(id);
    fs::create_directories(directory);
    const std::string ready = root_.file("ready");
    loop::ProcessOptions options;
    options.program = "/bin/sh";
    options.args = {"-c", "exec 9>\"$0/lock\"; flock 9; echo $$ >&9; : >\"$1\"; exec sleep 1000",
                    directory, ready};
    ASSERT_TRUE(process.spawn(options));
    loop::Timer turns(loop_, [] {});
    turns.start(1, 1);
    until([&] { return fs::exists(ready); });
  }
  // A group of worker 1 alone, in which there is an entry of a worker 3 that is dead.
  void make_group_with_dead_worker() {
    config_.min_slaves = 0;
    repl::Record record;
    record.lineage = 7;
    record.epoch = record.version = 1;
    record.leader = 1;
    record.in_sync = {repl::Member{1, 11}};
    bool made = false;
    coord_->swap_record("g", 0, repl::to_text(record),
                        [](const Result<coord::SwapOutcome>& outcome) { EXPECT_TRUE(outcome); });
    fs::create_directories(config_.worker_directory + "/3");
    coord::Member dead;
    dead.id = 3;
    dead.session = 9;
    dead.address = "ipc://" + root_.file("nobody.sock");
    dead.pid = 1 << 22;  // beyond what the system gives out
    dead.start_ticks = 1;
    dead.boot_id = loop::process_identity(getpid())->boot_id;
    dead.lock_path = root_.file("db") + "/3/lock";
    struct stat file {};
    if (stat(dead.lock_path.c_str(), &file) == 0) {
      dead.lock_device = file.st_dev;
      dead.lock_inode = file.st_ino;
    }
    coord_->register_member("g", dead, [&](const Status& status) {
      EXPECT_TRUE(status);
      made = true;
    });
    until([&] { return made; });
  }
  bool is_registered(repl::ReplicaId id) {
    std::optional<bool> found;
    coord_->members("g", [&](const Result<std::vector<coord::Member>>& members) {
      found = std::any_of(members->begin(), members->end(),
                          [id](const coord::Member& member) { return member.id == id; });
    });
    until([&] { return found.has_value(); });
    return *found;
  }
  bool in_trouble(const std::string& text) const {
    return group_->trouble().find(text) != std::string::npos;
  }

  support::TemporaryDirectory root_;
  loop::Loop loop_;
  OrchConfig config_;
  std::unique_ptr<coord::Coord> coord_;
  Events events_{loop_};
  Fleet* fleet_ = nullptr;
  std::unique_ptr<group::Group> group_;
};

TEST_F(FleetTest, ANewDatabaseIsBegunByOneWorkerThatIsReplacedWhenItDies) {
  open(true);
  const pid_t first = until_one_runs();
  EXPECT_EQ(fleet_->starting().at(0).id, 1U);
  ASSERT_EQ(kill(first, SIGKILL), 0);
  until_one_runs(first);
  EXPECT_EQ(fleet_->starting().at(0).id, 1U) << "on its directory";
  EXPECT_EQ(group_->trouble(), "");
}

TEST_F(FleetTest, APassiveOneStartsNobodyThoughItStandsIn) {
  open(false);
  group_->leadership().set_active(true);
  until([&] { return group_->leadership().record_was_read(); });
  fleet_->set_role(group::Caretaker::Role::kStandIn);
  bool read = false;
  group_->replicas().refresh([&](const Status&) { read = true; });
  until([&] { return read; });
  fleet_->look();
  fleet_->reconcile();
  EXPECT_TRUE(fleet_->pids().empty());
}

// It was started by an earlier life of the orchestrator, and has not registered yet.
TEST_F(FleetTest, StandingDownItStartsNobodyAndGoesOnWhenItIsActiveAgain) {
  open(true);
  const pid_t first = until_one_runs();
  group_->set_active(false);
  group_->set_active(true);
  loop_.run_once();
  EXPECT_EQ(fleet_->pids(), std::vector{first});  // it is watched as before
  group_->set_active(false);
  kill(first, SIGKILL);
  until([&] { return fleet_->pids().empty(); });
  loop::Timer looks(loop_, [] {});
  looks.start(20, 20);
  for (int i = 0; i < 5; ++i) loop_.run_once();
  EXPECT_TRUE(fleet_->pids().empty());
  group_->set_active(true);
  until_one_runs(first);
}

TEST_F(FleetTest, WhoStoodDownEndsItsWorkersWhereNobodyTookOver) {
  open(true);
  until_one_runs();
  group_->set_active(false);  // what the fixture demands at the end is that none is left
}

TEST_F(FleetTest, WhatAnotherOneHasTakenOverIsLeftAlone) {
  open(true);
  const pid_t worker = until_one_runs();
  group_->set_active(false);
  fleet_->taken_over();
  bool ended = false;
  group_->drain([&] { ended = true; });
  until([&] { return ended; });
  EXPECT_EQ(kill(worker, 0), 0);
  kill(worker, SIGKILL);
  until([&] { return fleet_->pids().empty(); });
}

TEST_F(FleetTest, AProcessThatHasTheDirectoryIsAdoptedAndNoDoubleIsStarted) {
  bool gone = false;
  loop::Process earlier(loop_, [&](int64_t, int) { gone = true; });
  take_directory(earlier, 1);
  open(true);
  EXPECT_EQ(until_one_runs(), earlier.pid());
  ASSERT_EQ(kill(earlier.pid(), SIGKILL), 0);
  until([&] { return gone; });
  until_one_runs(earlier.pid());
}

TEST_F(FleetTest, NoDirectoryIsRemovedThatAProcessHas) {
  bool gone = false;
  loop::Process earlier(loop_, [&](int64_t, int) { gone = true; });
  take_directory(earlier, 3);
  make_group_with_dead_worker();
  open(true);
  const auto is_adopted = [&] {
    const auto pids = fleet_->pids();
    return std::find(pids.begin(), pids.end(), earlier.pid()) != pids.end();
  };
  const std::string directory = config_.worker_directory + "/3";
  until([&] { return is_adopted() || !fs::exists(directory); });
  EXPECT_TRUE(fs::exists(directory));
  ASSERT_EQ(kill(earlier.pid(), SIGKILL), 0);
  until([&] { return gone && !fs::exists(directory); });
}

TEST_F(FleetTest, TheEntryOfADeadWorkerGoesBeforeItsDirectory) {
  fs::create_directories(config_.worker_directory + "/3");
  std::ofstream(config_.worker_directory + "/3/lock") << "1\n";
  make_group_with_dead_worker();
  open(true);
  until([&] { return !fs::exists(config_.worker_directory + "/3"); });
  until([&] { return !is_registered(3); });
}

// Somebody has removed it.
TEST_F(FleetTest, TheEntryOfAWorkerWithoutADirectoryGoes) {
  make_group_with_dead_worker();
  fs::remove_all(config_.worker_directory + "/3");
  open(true);
  until([&] { return !is_registered(3); });
}

TEST_F(FleetTest, DataWithoutARecordIsToldAndItsWorkerAsked) {
  fs::create_directories(config_.worker_directory + "/3");
  ASSERT_TRUE(storage::save_identity(config_.worker_directory + "/3", {7, 5}));
  open(true);
  until_one_runs();
  EXPECT_EQ(fleet_->starting().at(0).id, 3U);
  until([&] { return in_trouble("holds data of a database but its record is missing"); });
  EXPECT_FALSE(fleet_->founders()) << "nothing is started over";
}

TEST_F(FleetTest, ARefusedConfigurationIsTold) {
  workers_are("exit 78");
  open(true);
  until([&] { return in_trouble("the workers refuse their configuration"); });
}

TEST_F(FleetTest, FilesOfAnotherVersionAreLeftAlone) {
  fs::create_directories(config_.worker_directory + "/1");
  root_.write("db/1/identity", R"({"format":"tandem-identity-2"})");
  open(true);
  until([&] { return in_trouble("holds data of a database"); });
  EXPECT_TRUE(fleet_->pids().empty()) << "its worker would end with 78";
}

TEST_F(FleetTest, WhoDoesNotRegisterInTimeIsReplaced) {
  config_.start_timeout_ms = 1;
  open(true);
  const pid_t first = until_one_runs();
  until_one_runs(first);
}

TEST_F(FleetTest, DrainingKillsWhoDoesNotStop) {
  config_.stop_timeout_ms = 1;
  workers_are("trap '' TERM; : >\"$0.up\"; exec sleep 1000");
  open(true);
  until_one_runs();
  until([&] { return fs::exists(config_.worker_program + ".up"); });
}

}  // namespace
}  // namespace tandem::orch
