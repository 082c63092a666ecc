#include "storage/log.h"

#include "storage/log_fixture.h"

namespace tandem::storage {
namespace {

using LogTest = LogFixture;

TEST_F(LogTest, NewLogIsEmpty) {
  open();
  EXPECT_EQ(log_->first_index(), 1u);
  EXPECT_EQ(log_->last_index(), 0u);
  EXPECT_EQ(log_->epoch_at(0), 0u);
  EXPECT_EQ(log_->crc_at(0), 0u);
  EXPECT_FALSE(log_->recovery().suspect);
  EXPECT_FALSE(log_->recovery().tail_was_torn);
}

TEST_F(LogTest, EntriesCanBeReadBeforeTheyAreDurable) {
  open();
  append(1, 3);
  expect_entries(1, 3);
  EXPECT_EQ(log_->durable_index(), 0u);
}

TEST_F(LogTest, EntriesOfOneTurnAreSyncedOnce) {
  open();
  const uint64_t before = disk_.syncs();
  append(1, 2);
  append(3, 2);
  const Ticket last = append(5, 1);
  wait(last);
  EXPECT_EQ(disk_.syncs(), before + 1);
  EXPECT_EQ(durable_tickets_, std::vector<Ticket>{last});
  EXPECT_EQ(log_->durable_index(), 5u);
}

TEST_F(LogTest, DurableEntriesAreThereAfterALossOfPower) {
  open();
  append_durably(1, 10);
  kill();
  disk_.crash();
  open();
  expect_entries(1, 10);
  EXPECT_EQ(log_->durable_index(), 10u);
  EXPECT_TRUE(suspect_reasons_.empty());
}

TEST_F(LogTest, ClosingWritesWhatIsQueued) {
  open();
  append(1, 10);
  open();
  expect_entries(1, 10);
}

TEST_F(LogTest, AnEntryOfTheMaximumSizeIsKept) {
  open();
  const size_t payload = options_.max_entry_bytes - wire::encoded_size(entry(1, 1, 0));
  append_durably(1, 3, 1, payload);
  open();
  expect_entries(1, 3, 1, payload);
}

TEST_F(LogTest, OptionsThatCannotHoldAnEntryAreRefused) {
  options_.max_entry_bytes = options_.segment_bytes;
  const Status opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kConfig);
}

TEST_F(LogTest, SegmentsFollowEachOther) {
  open();
  append_durably(1, 200);
  EXPECT_TRUE(disk_.has(segment_path(1)));
  kill();
  disk_.crash();
  open();
  expect_entries(1, 200);
  append_durably(201, 100);
  open();
  expect_entries(1, 300);
}

TEST_F(LogTest, ReadsFromDiskWhatTheCacheLetGo) {
  options_.cache_bytes = 0;
  open();
  append_durably(1, 200);
  expect_entries(1, 200);
  EXPECT_EQ(read(77).front(), entry(77));
}

TEST_F(LogTest, ReadsAcrossDiskAndCache) {
  options_.cache_bytes = 0;
  open();
  append_durably(1, 100);
  append(101, 20);
  expect_entries(1, 120);
}

TEST_F(LogTest, ReadStopsAtTheLimitButGivesOneEntryAtLeast) {
  for (const size_t cache : {size_t{0}, size_t{1} << 20}) {
    options_.cache_bytes = cache;
    open();
    if (log_->last_index() == 0) append_durably(1, 50);
    EXPECT_EQ(read(10, 1).size(), 1u);
    const size_t three = 3 * record_bytes(wire::encoded_size(entry(10)));
    EXPECT_EQ(read(10, three).size(), 3u);
    EXPECT_TRUE(read(51).empty());
  }
}

TEST_F(LogTest, ReadTellsOfADiskThatLostWhatItHad) {
  options_.cache_bytes = 0;
  open();
  append_durably(1, 5);
  disk_.content(segment_path(1))[kSegmentHeaderBytes + 30] ^= 1;
  std::vector<wire::Entry> out;
  const Status status = log_->read(1, 1 << 20, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kCorrupt);
}

TEST_F(LogTest, EpochsAreKnownForEveryIndex) {
  open();
  append_durably(1, 40, 2);
  append_durably(41, 60, 5);
  append_durably(101, 60, 9);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(log_->epoch_at(0), 0u);
    EXPECT_EQ(log_->epoch_at(1), 2u);
    EXPECT_EQ(log_->epoch_at(40), 2u);
    EXPECT_EQ(log_->epoch_at(41), 5u);
    EXPECT_EQ(log_->epoch_at(100), 5u);
    EXPECT_EQ(log_->epoch_at(160), 9u);
    open();
  }
}

TEST_F(LogTest, TheChainValueDependsOnTheEntriesAlone) {
  open();
  append_durably(1, 5);
  append_durably(6, 5);
  std::vector<uint32_t> chain;
  for (uint64_t i = 0; i <= 10; ++i) chain.push_back(log_->crc_at(i));
  log_.reset();
  options_.directory = "other";
  open();
  append_durably(1, 10);
  for (uint64_t i = 0; i <= 10; ++i) EXPECT_EQ(log_->crc_at(i), chain[i]) << i;
}

TEST_F(LogTest, CutEntriesDoNotComeBack) {
  open();
  append_durably(1, 30);
  wait(log_->cut(21));
  EXPECT_EQ(log_->last_index(), 20u);
  EXPECT_EQ(log_->durable_index(), 20u);
  kill();
  disk_.crash();
  open();
  expect_entries(1, 20);
  EXPECT_TRUE(suspect_reasons_.empty());
  EXPECT_FALSE(log_->recovery().tail_was_torn);
}

TEST_F(LogTest, AppendsAfterACut) {
  open();
  append_durably(1, 30);
  log_->cut(21);
  append(21, 2, 2);
  wait_all();
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(log_->last_index(), 22u);
    EXPECT_EQ(log_->epoch_at(20), 1u);
    EXPECT_EQ(log_->epoch_at(21), 2u);
    EXPECT_EQ(read(20).at(1), entry(21, 2));
    open();
  }
  EXPECT_TRUE(suspect_reasons_.empty());
}

TEST_F(LogTest, CutsAcrossSegmentsAndAtTheirEdges) {
  for (const uint64_t from :
       {uint64_t{1}, uint64_t{30}, uint64_t{31}, uint64_t{60}, uint64_t{99}}) {
    options_.directory = "cut-" + std::to_string(from);
    open();
    append_durably(1, 100);
    log_->cut(from);
    append(from, 100, 3);
    wait_all();
    kill();
    disk_.crash();
    open();
    EXPECT_EQ(log_->last_index(), from + 99);
    EXPECT_EQ(log_->epoch_at(from - 1), from == 1 ? 0u : 1u);
    EXPECT_EQ(log_->epoch_at(from), 3u);
  }
  EXPECT_TRUE(suspect_reasons_.empty());
}

TEST_F(LogTest, CuttingBeforeAnythingIsWritten) {
  open();
  append(1, 100);
  log_->cut(1);
  append(1, 3, 2);
  log_->cut(3);
  wait_all();
  expect_entries(1, 2, 2);
  EXPECT_EQ(log_->durable_index(), 2u);
  open();
  expect_entries(1, 2, 2);
}

TEST_F(LogTest, CuttingPastTheEndChangesNothingButIsTold) {
  open();
  append_durably(1, 3);
  const Ticket ticket = log_->cut(4);
  wait(ticket);
  EXPECT_EQ(log_->durable_ticket(), ticket);
  expect_entries(1, 3);
}

TEST_F(LogTest, DropsWholeSegmentsOnly) {
  open();
  append_durably(1, 200);
  log_->drop_before(100);
  wait_all();
  const uint64_t first = log_->first_index();
  EXPECT_GT(first, 1u);
  EXPECT_LE(first, 100u);
  EXPECT_FALSE(disk_.has(segment_path(1)));
  expect_entries(first, 200);
  const uint32_t base_crc = log_->crc_at(first - 1);
  EXPECT_EQ(log_->epoch_at(first - 1), 1u);
  kill();
  disk_.crash();
  open();
  expect_entries(first, 200);
  EXPECT_EQ(log_->crc_at(first - 1), base_crc);
  EXPECT_EQ(log_->epoch_at(first - 1), 1u);
}

TEST_F(LogTest, TheSegmentInUseIsNeverDropped) {
  open();
  append_durably(1, 200);
  log_->drop_before(1000);
  wait_all();
  EXPECT_LE(log_->first_index(), 200u);
  append_durably(201, 5);
  open();
  EXPECT_EQ(log_->last_index(), 205u);
}

TEST_F(LogTest, ResetStartsAfterASnapshot) {
  open();
  append_durably(1, 200);
  wait(log_->reset(500, 7, 0xabcd));
  EXPECT_EQ(log_->first_index(), 501u);
  EXPECT_EQ(log_->last_index(), 500u);
  EXPECT_EQ(log_->durable_index(), 500u);
  append_durably(501, 100, 8);
  kill();
  disk_.crash();
  open();
  expect_entries(501, 600, 8);
  EXPECT_EQ(log_->epoch_at(500), 7u);
  EXPECT_EQ(log_->crc_at(500), 0xabcdu);
  EXPECT_TRUE(suspect_reasons_.empty());
}

TEST_F(LogTest, PromiseIsDurableAndNeverBelowTheLastEpoch) {
  open();
  wait(log_->save_promise(4));
  kill();
  disk_.crash();
  open();
  EXPECT_EQ(log_->recovery().promise, 4u);
  append_durably(1, 1, 6);
  kill();
  disk_.crash();
  open();
  EXPECT_EQ(log_->recovery().promise, 6u);
}

TEST_F(LogTest, AnotherWriteOfTheOwnerKeepsItsPlace) {
  open();
  std::vector<std::string> order;
  append(1, 1);
  const Ticket ticket = log_->save([&order]() -> Status {
    order.push_back("written");
    return {};
  });
  wait(ticket);
  EXPECT_EQ(order, std::vector<std::string>{"written"});
}

TEST_F(LogTest, AFailedSyncIsToldOnceAndNothingIsDurableAfterIt) {
  open();
  append_durably(1, 3);
  const Ticket durable = log_->durable_ticket();
  disk_.fail_syncs(true);
  append(4, 1);
  while (failures_.empty()) loop_.run_once();
  disk_.fail_syncs(false);
  append(5, 1);
  for (int turn = 0; turn < 10; ++turn) loop_.run_once_nowait();
  EXPECT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_.front(), ::testing::HasSubstr("cannot sync"));
  EXPECT_EQ(log_->durable_ticket(), durable);
  EXPECT_EQ(log_->durable_index(), 3u);
}

TEST_F(LogTest, AFailedWriteOfTheOwnerIsAFailure) {
  open();
  log_->save([]() -> Status { return fail(ErrorKind::kIo, "no such luck"); });
  while (failures_.empty()) loop_.run_once();
  EXPECT_EQ(failures_, std::vector<std::string>{"no such luck"});
}

TEST_F(LogTest, AFullDiskShowsBeforeTheSegmentIsFull) {
  open();
  disk_.set_capacity(0);
  const uint64_t half = (options_.segment_bytes - kSegmentHeaderBytes) / 2 /
                            record_bytes(wire::encoded_size(entry(1))) +
                        1;
  append_durably(1, half);
  while (log_->has_space()) loop_.run_once_nowait();
  // What is left of the segment still takes entries.
  const std::vector<wire::Entry> next{entry(half + 1)};
  const uint64_t left = options_.segment_bytes - kSegmentHeaderBytes -
                        half * record_bytes(wire::encoded_size(entry(1)));
  const uint64_t after = left - record_bytes(wire::encoded_size(next.front()));
  EXPECT_TRUE(log_->fit_in_segment(next, after));
  EXPECT_FALSE(log_->fit_in_segment(next, after + 1));
  append_durably(half + 1, 1);
  EXPECT_TRUE(failures_.empty());

  disk_.set_capacity(std::nullopt);
  while (!log_->has_space()) loop_.run_once_nowait();
  append_durably(half + 2, 200);
  open();
  expect_entries(1, half + 201);
}

TEST_F(LogTest, NoSpaceForTheFirstSegmentIsAnError) {
  disk_.set_capacity(options_.segment_bytes);
  const Status opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kNoSpace);
  disk_.set_capacity(std::nullopt);
  open();
  EXPECT_TRUE(suspect_reasons_.empty());
}

TEST_F(LogTest, ClosingDoesNotWaitForSpace) {
  open();
  disk_.set_capacity(0);
  append(1, 200);
  log_->flush();
  log_.reset();
  disk_.set_capacity(std::nullopt);
  open();
  EXPECT_LT(log_->last_index(), 200u);
  EXPECT_TRUE(suspect_reasons_.empty());
}

}  // namespace
}  // namespace tandem::storage
