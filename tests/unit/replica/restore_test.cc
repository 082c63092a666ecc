// A backup in the place of what a group has: what is refused, and what a crash leaves.
#include "replica/restore.h"

#include <gmock/gmock.h>

#include "driver_fixture.h"
#include "storage/replacement.h"
#include "storage/snapshot.h"

namespace tandem::replica {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Killed {};

class RestoreTest : public DriverTest {
 protected:
  // Of a group that this one knows nothing of, or of this one.
  std::string backup(const std::vector<std::string>& rows, const std::string& group = "g",
                     uint64_t lineage = 99) {
    storage::SnapshotHeader header;
    header.lineage = lineage;
    header.group = group;
    header.index = 40;
    header.epoch = 6;
    header.record_crc = 0x1234;
    header.time_ms = 1000;
    auto writer = *storage::SnapshotWriter::create(root_, header);
    for (const std::string& row : rows) writer->add_row(row);
    EXPECT_TRUE(writer->finish());
    const std::string path = root_ / "backup.ndjson";
    fs::rename(root_ / "snap-00000000000000000040.ndjson", path);
    return path;
  }
  RestoreOptions options(const std::string& file) {
    RestoreOptions options;
    options.file = file;
    options.group = "g";
    options.id = 1;
    options.directory = Node::directory(root_, 1);
    options.segment_bytes = 1 << 20;
    options.max_entry_bytes = 256 << 10;
    options.patience_ms = 100;
    return options;
  }
  Result<Restored> restore(const RestoreOptions& options) {
    Commands machine;
    machine.checks = true;
    return replica::restore(loop_, *coord_, options, machine.row_checker());
  }
  void kill_after(const std::string& step, const std::string& file) {
    RestoreOptions killed = options(file);
    killed.after = [step](const std::string& reached) {
      if (reached == step) throw Killed{};
    };
    EXPECT_THROW(static_cast<void>(restore(killed)), Killed) << step;
  }
  repl::Record record() {
    std::optional<Result<coord::Versioned>> found;
    coord_->read_record("g", [&](Result<coord::Versioned> read) { found = std::move(read); });
    until([&] { return found.has_value(); });
    return *repl::parse_record((*found)->text);
  }
  uint64_t lineage(repl::ReplicaId id) {
    return (*storage::load_identity(Node::directory(root_, id)))->lineage;
  }
  size_t aside(repl::ReplicaId id) {
    return storage::list_set_aside(Node::directory(root_, id))->size();
  }
  // Chosen as a controller would, it has this state.
  void leads_with(const std::vector<std::string>& commands) {
    start(1);
    repl::Record next = record();
    next.leader = 1;
    next.leader_session = *parse_hex_id(*node(1).host().status().find("session")->as_string());
    ++next.epoch;
    std::optional<coord::SwapOutcome> swapped;
    const uint64_t expected = next.version++;
    coord_->swap_record("g", expected, repl::to_text(next),
                        [&](const Result<coord::SwapOutcome>& outcome) { swapped = *outcome; });
    until([&] { return swapped.has_value(); });
    until([&] { return node(1).driver().takes_writes(); });
    EXPECT_EQ(node(1).commands.all, commands);
    EXPECT_TRUE(write(1, "after"));
    stop(1);
  }
  // Every file, by name and content, but for the locks.
  std::map<std::string, std::string> tree() {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (!entry.is_regular_file() || entry.path().filename() == "lock") continue;
      if (entry.path().parent_path().filename() == "locks") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files[entry.path()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return files;
  }
  void is_refused(const RestoreOptions& options, ErrorKind kind, const std::string& why) {
    const auto before = tree();
    const auto refused = restore(options);
    ASSERT_FALSE(refused) << why;
    EXPECT_EQ(refused.error().kind, kind) << refused.error().message;
    EXPECT_THAT(refused.error().message, HasSubstr(why));
    EXPECT_EQ(tree(), before);
  }
};

TEST_F(RestoreTest, ANewGroupBeginsWithIt) {
  const auto restored = restore(options(backup({"a", "b"})));
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->rows, 2u);
  EXPECT_EQ(restored->index, 40u);
  EXPECT_EQ(restored->lineage, lineage(1));
  EXPECT_NE(restored->lineage, 99u);
  EXPECT_EQ(record().lineage, restored->lineage);
  EXPECT_EQ(record().epoch, 7u);
  EXPECT_THAT(record().in_sync, ElementsAre(repl::Member{1, storage_id(1)}));
  EXPECT_EQ(aside(1), 0u);
  leads_with({"a", "b"});
}

TEST_F(RestoreTest, ItTakesThePlaceOfWhatTheGroupHas) {
  const uint64_t storage = write_and_stop(1);
  ASSERT_TRUE(restore(options(backup({"a"}))));
  EXPECT_NE(storage_id(1), storage);
  EXPECT_EQ(aside(1), 1u);
  EXPECT_TRUE(record().has_replaced(77));
  EXPECT_TRUE(record().has_replaced(99));
  EXPECT_EQ(record().version, 2u);
  leads_with({"a"});
}

class KilledEarly : public RestoreTest, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(, KilledEarly, testing::Values("checked", "made"));

TEST_P(KilledEarly, LeavesTheOldState) {
  write_and_stop(1);
  kill_after(GetParam(), backup({"a"}));
  EXPECT_EQ(record().lineage, 77u);
  leads_with({"{}"});
}

TEST_P(KilledEarly, IsFinishedByAnother) {
  write_and_stop(1);
  kill_after(GetParam(), backup({"a"}));
  ASSERT_TRUE(restore(options(backup({"a", "b"}))));
  EXPECT_FALSE(storage::has_replacement(Node::directory(root_, 1)));
  leads_with({"a", "b"});
}

TEST_F(RestoreTest, OneThatCanNoLongerCountIsDroppedAtAStart) {
  write_and_stop(1);
  kill_after("made", backup({"a"}));
  leads_with({"{}"});
  ASSERT_TRUE(settle_restore(loop_, *coord_, "g", Node::directory(root_, 1)));
  EXPECT_FALSE(storage::has_replacement(Node::directory(root_, 1)));
}

// A change of the record that is still on its way when its sender dies.
TEST_F(RestoreTest, WhatMayStillCountIsKeptAtAStart) {
  write_and_stop(1);
  kill_after("made", backup({"a"}));
  ASSERT_TRUE(settle_restore(loop_, *coord_, "g", Node::directory(root_, 1)));
  const auto made = *storage::replacement_in(Node::directory(root_, 1));
  ASSERT_TRUE(made.has_value());
  bool swapped = false;
  coord_->swap_record("g", 1, made->record, [&](const auto&) { swapped = true; });
  until([&] { return swapped; });
  leads_with({"a"});
}

TEST_F(RestoreTest, AnotherOneMakesSureThatItNeverCounts) {
  write_and_stop(1);
  kill_after("made", backup({"a"}));
  const auto made = *storage::replacement_in(Node::directory(root_, 1));
  kill_after("checked", backup({"b"}));
  std::optional<coord::SwapOutcome> late;
  coord_->swap_record("g", 1, made->record,
                      [&](const Result<coord::SwapOutcome>& outcome) { late = *outcome; });
  until([&] { return late.has_value(); });
  EXPECT_EQ(*late, coord::SwapOutcome::kRefused);
  leads_with({"{}"});
}

TEST_F(RestoreTest, OfANewGroupACrashLeavesNothingThatCouldBegin) {
  kill_after("made", backup({"a"}));
  const Status refused = settle_restore(loop_, *coord_, "g", Node::directory(root_, 1));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("has not ended"));
  ASSERT_TRUE(restore(options(backup({"a"}))));
  leads_with({"a"});
}

// What was done of the last step, one after the other.
class KilledLate : public RestoreTest, public testing::WithParamInterface<int> {
 protected:
  void leave_half() {
    write_and_stop(1);
    kill_after("swapped", backup({"a"}));
    const std::string directory = Node::directory(root_, 1);
    if (GetParam() > 0) {
      ASSERT_TRUE(storage::set_data_aside(directory, "half"));
    }
    if (GetParam() > 1) fs::rename(directory + "/replacement", directory + "/replacing");
    if (GetParam() > 2) fs::rename(directory + "/replacing/promise", directory + "/promise");
    if (GetParam() > 3) {
      for (const auto& entry : fs::directory_iterator(directory + "/replacing")) {
        fs::rename(entry.path(), directory / entry.path().filename());
      }
    }
  }
};
INSTANTIATE_TEST_SUITE_P(, KilledLate, testing::Range(0, 5));

TEST_P(KilledLate, IsFinishedByAStart) {
  leave_half();
  EXPECT_NE(record().lineage, 77u);
  leads_with({"a"});
  EXPECT_EQ(aside(1), 1u);
}

TEST_P(KilledLate, IsFinishedByAnother) {
  leave_half();
  ASSERT_TRUE(restore(options(backup({"b"}))));
  leads_with({"b"});
  EXPECT_EQ(aside(1), 2u);
}

TEST_F(RestoreTest, DataOfAReplacedLineageIsSetAsideWhereverItIs) {
  write_and_stop(1);
  fs::copy(Node::directory(root_, 1), Node::directory(root_, 2), fs::copy_options::recursive);
  ASSERT_TRUE(restore(options(backup({"a"}))));
  start(2);
  EXPECT_EQ(aside(2), 1u);
  EXPECT_NE(lineage(2), 77u);
  stop(2);
}

TEST_F(RestoreTest, ARestoreOfARestoreKnowsThemAll) {
  write_and_stop(1);
  ASSERT_TRUE(restore(options(backup({"a"}))));
  const uint64_t first = record().lineage;
  ASSERT_TRUE(restore(options(backup({"b"}))));
  for (const uint64_t replaced : {uint64_t{77}, uint64_t{99}, first}) {
    EXPECT_TRUE(record().has_replaced(replaced)) << replaced;
  }
}

// --- what is refused ---

TEST_F(RestoreTest, ADamagedFileIsRefused) {
  write_and_stop(1);
  const std::string file = backup({"a", "b"});
  fs::resize_file(file, fs::file_size(file) - 1);
  is_refused(options(file), ErrorKind::kCorrupt, "is damaged");
  std::fstream(backup({"abc"}), std::ios::in | std::ios::out).seekp(300).put('x');
  is_refused(options(file), ErrorKind::kCorrupt, "is damaged");
}

TEST_F(RestoreTest, WhatCannotBeRestoredIsRefused) {
  write_and_stop(1);
  is_refused(options(backup({"a", "poison"})), ErrorKind::kCorrupt, "line 3: a poisoned row");
  is_refused(options(backup({"a"}, "h")), ErrorKind::kBadInput, "is of the group 'h', not of 'g'");
  is_refused(options(backup({"a"}, "g", 0)), ErrorKind::kCorrupt, "its index, epoch or lineage");
  is_refused(options(root_ / "none"), ErrorKind::kBadInput, "none");
}

// As a reference to a row that is missing: no row is wrong by itself.
TEST_F(RestoreTest, WhatTheStateAloneCanTellIsRefusedBeforeAnythingIsChanged) {
  write_and_stop(1);
  RestoreOptions poisoned = options(backup({"a", "poison"}));
  const Commands kind;
  poisoned.kind = &kind;
  const auto before = tree();
  const auto refused = replica::restore(loop_, *coord_, poisoned, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("line 3: a poisoned row"));
  EXPECT_EQ(tree(), before);
  RestoreOptions good = options(backup({"a", "b"}));
  good.kind = &kind;
  EXPECT_TRUE(replica::restore(loop_, *coord_, good, nullptr));
}

TEST_F(RestoreTest, WhileAReplicaRunsItIsRefused) {
  write_and_stop(1);
  start(2);
  until([&] { return fs::exists(root_ / "coord/g/members/2"); });
  const auto refused = restore(options(backup({"a"})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("replica 2 of the group 'g' runs: process "));
  EXPECT_EQ(record().lineage, 77u);
}

TEST_F(RestoreTest, WhileAControllerRunsItIsRefused) {
  write_and_stop(1);
  bool held = false;
  coord::LockCallbacks callbacks;
  callbacks.on_acquired = [&] { held = true; };
  callbacks.on_lost = [](const Error&) {};
  const auto lock = coord_->lock("g", "active", "the orchestrator", std::move(callbacks));
  until([&] { return held; });
  is_refused(options(backup({"a"})), ErrorKind::kUnavailable,
             "the controller of the group 'g' runs: the orchestrator");
}

TEST_F(RestoreTest, ADirectoryThatSomebodyHasIsRefused) {
  write_and_stop(1);
  const auto locked = storage::Directory::open(Node::directory(root_, 1));
  fs::remove_all(root_ / "coord/g/members");
  fs::remove_all(root_ / "coord/g/last");
  is_refused(options(backup({"a"})), ErrorKind::kUnavailable, "is in use by process");
}

TEST_F(RestoreTest, WhereTooMuchIsSetAsideItIsRefused) {
  write_and_stop(1);
  for (size_t i = 0; i < storage::kMaxSetAside; ++i) {
    fs::create_directory(Node::directory(root_, 1) + "/set-aside-" + std::to_string(1000 + i));
  }
  is_refused(options(backup({"a"})), ErrorKind::kUnavailable, "remove what is not needed first");
}

TEST_F(RestoreTest, ADirectoryOfAnotherFormatVersionIsRefused) {
  write_and_stop(1);
  std::ofstream(Node::directory(root_, 1) + "/snap-00000000000000000001.ndjson")
      << "{\"format\":\"tandem-snapshot-2\"}\n";
  is_refused(options(backup({"a"})), ErrorKind::kConfig, "tandem-snapshot-2");
}

// --- the record ---

TEST(RestoredRecord, IsAboveAllThatIsKnown) {
  repl::Record old;
  old.lineage = 5;
  old.epoch = 9;
  old.min_in_sync = 2;
  storage::SnapshotHeader backup;
  backup.lineage = 5;
  backup.epoch = 3;
  const repl::Record made = restored_record({1, 11}, 6, 20, &old, backup, nullptr);
  EXPECT_EQ(made.epoch, 10u);
  EXPECT_EQ(made.version, 21u);
  EXPECT_EQ(made.min_in_sync, 2u);
  EXPECT_THAT(made.replaced, ElementsAre(repl::Replaced{5, 3}));
  EXPECT_EQ(made.lineage_of(3), 5u);
  EXPECT_EQ(made.lineage_of(4), 6u);
  EXPECT_TRUE(repl::parse_record(repl::to_text(made)));
}

TEST(RestoredRecord, TellsOfEachEntryWhichLineageItWasOf) {
  repl::Record seen;  // what the backup knows: itself restored from 4
  seen.lineage = 5;
  seen.epoch = 8;
  seen.replaced = {{4, 3}, {3, 0}};
  repl::Record old;  // restored from another one meanwhile
  old.lineage = 7;
  old.epoch = 20;
  old.replaced = {{5, 12}, {2, 1}};
  storage::SnapshotHeader backup;
  backup.lineage = 5;
  backup.epoch = 8;
  const repl::Record made = restored_record({1, 11}, 9, 30, &old, backup, &seen);
  EXPECT_EQ(made.lineage_of(2), 4u);
  EXPECT_EQ(made.lineage_of(5), 5u);
  EXPECT_EQ(made.lineage_of(8), 5u);
  EXPECT_EQ(made.lineage_of(21), 9u);
  for (const uint64_t lineage : {2u, 3u, 4u, 5u, 7u})
    EXPECT_TRUE(made.has_replaced(lineage)) << lineage;
  EXPECT_EQ(repl::parse_record(repl::to_text(made))->replaced, made.replaced);
}

TEST(RestoredRecord, ForgetsTheOldestOfVeryMany) {
  repl::Record old;
  old.lineage = 5;
  for (uint64_t i = 0; i < repl::Record::kMaxReplaced; ++i) old.replaced.push_back({100 + i, 0});
  storage::SnapshotHeader backup;
  backup.lineage = 5;
  backup.epoch = 3;
  const repl::Record made = restored_record({1, 11}, 6, 20, &old, backup, nullptr);
  EXPECT_EQ(made.replaced.size(), repl::Record::kMaxReplaced);
  EXPECT_FALSE(made.has_replaced(100));
  EXPECT_EQ(made.lineage_of(3), 5u);
}

}  // namespace
}  // namespace tandem::replica
