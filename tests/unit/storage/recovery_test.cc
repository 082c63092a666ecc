// Logs that were damaged in every way that a byte, a bit, or a loss of power can.
#include "storage/recovery.h"

#include <algorithm>
#include <random>

#include "storage/log_fixture.h"

namespace tandem::storage {
namespace {

class RecoveryTest : public LogFixture {
 protected:
  // Ten entries, durable in steps: each record says that those of the steps before it were durable.
  // Killed, not closed, so that the promise file knows of none.
  void write_small_log() {
    open();
    append_durably(1, 4);
    append_durably(5, 4);
    append_durably(9, 2);
    kill();
    disk_.settle();
    saved_ = disk_.contents();
    Result<RecoveredLog> log = recover_log(disk_, kDirectory, options_.max_entry_bytes);
    ASSERT_TRUE(log);
    ASSERT_EQ(log->segments.size(), 1u);
    offsets_ = log->segments[0].offsets;
    offsets_.push_back(static_cast<uint32_t>(log->segments[0].end_offset));
    suspect_reasons_.clear();
  }
  // How many entries later records (all after `kept`) claim to have been durable.
  static uint64_t claimed_by_records_after(uint64_t broken) {
    if (broken < 9) return 8;
    return 0;
  }
  std::string& segment() { return disk_.content(segment_path(1)); }

  // Whatever the damage: entries that are there are right, the log can be written to, and a second
  // start finds it whole.
  void expect_usable() {
    const uint64_t last = log_->last_index();
    expect_entries(1, last);
    append_durably(last + 1, 3);
    suspect_reasons_.clear();
    open();
    expect_entries(1, last + 3);
    EXPECT_TRUE(suspect_reasons_.empty());
    EXPECT_FALSE(log_->recovery().tail_was_torn);
  }

  std::map<std::string, std::string> saved_;
  std::vector<uint32_t> offsets_;  // of the ten records, and of their end
};

TEST_F(RecoveryTest, AFileCutAtAnyByteIsSuspectUnlessOnlyZerosAreGone) {
  write_small_log();
  const size_t size = segment().size();
  for (size_t cut = 0; cut < size; ++cut) {
    disk_.restore(saved_);
    segment().resize(cut);
    suspect_reasons_.clear();
    open();
    const bool lost = cut < offsets_.back() + kRecordHeaderBytes;
    ASSERT_EQ(log_->recovery().suspect, lost) << cut;
    ASSERT_EQ(suspect_reasons_.size(), lost ? 1u : 0u) << cut;
    ASSERT_TRUE(lost || log_->last_index() == 10) << cut;
    if (cut % 97 == 0) expect_usable();
  }
}

TEST_F(RecoveryTest, ATailOfZerosAtAnyByteIsTornOrSuspect) {
  write_small_log();
  for (size_t from = kSegmentHeaderBytes; from < offsets_.back(); ++from) {
    disk_.restore(saved_);
    std::fill(segment().begin() + static_cast<ptrdiff_t>(from), segment().end(), '\0');
    suspect_reasons_.clear();
    open();
    // Nothing later is left to say that these were durable: an end, or a torn tail that is told of.
    ASSERT_FALSE(log_->recovery().suspect) << from;
    const auto next = std::upper_bound(offsets_.begin(), offsets_.end(), from);
    const auto whole = static_cast<uint64_t>(next - offsets_.begin()) - 1;
    // Padding is zero as well, so a record may be whole although zeros begin in it.
    ASSERT_TRUE(log_->last_index() == whole || log_->last_index() == whole + 1) << from;
    if (log_->last_index() == whole && from > offsets_[whole]) {
      ASSERT_TRUE(log_->recovery().tail_was_torn) << from;
      ASSERT_EQ(log_->recovery().cut_after_index, whole) << from;
      ASSERT_LE(log_->recovery().cut_bytes, from - offsets_[whole]) << from;
    }
    if (from % 31 == 0) expect_usable();
  }
}

TEST_F(RecoveryTest, AnyFlippedBitIsNoticed) {
  write_small_log();
  for (size_t at = kSegmentHeaderBytes; at < offsets_.back(); ++at) {
    const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), at);
    const auto broken = static_cast<uint64_t>(after - offsets_.begin());
    const size_t entry_end =
        offsets_[broken - 1] + kRecordHeaderBytes + wire::encoded_size(entry(broken));
    for (int bit = 0; bit < 8; ++bit) {
      disk_.restore(saved_);
      segment()[at] = static_cast<char>(segment()[at] ^ (1 << bit));
      suspect_reasons_.clear();
      open();
      if (at >= entry_end) {  // padding, which nobody reads
        ASSERT_EQ(log_->last_index(), 10u) << at;
        continue;
      }
      ASSERT_EQ(log_->last_index(), broken - 1) << at << "/" << bit;
      const bool claimed = claimed_by_records_after(broken) >= broken;
      ASSERT_EQ(log_->recovery().suspect, claimed) << at << "/" << bit;
      ASSERT_EQ(log_->recovery().tail_was_torn, !claimed) << at << "/" << bit;
    }
    if (at % 31 == 0) expect_usable();
  }
}

TEST_F(RecoveryTest, AnyByteOfTheSegmentHeaderThatIsFlippedIsSuspect) {
  write_small_log();
  for (size_t at = 0; at < 44; ++at) {
    if (at >= 8 && at < 12) continue;  // the version: format_check_test.cc
    disk_.restore(saved_);
    segment()[at] = static_cast<char>(segment()[at] ^ 0x40);
    open();
    ASSERT_TRUE(log_->recovery().suspect) << at;
    ASSERT_EQ(log_->last_index(), 0u);
    append_durably(1, 1);
  }
}

TEST_F(RecoveryTest, ACloseRemembersWhatWasDurable) {
  open();
  append_durably(1, 10);
  log_.reset();
  // The last entry: no record after it can claim it, the promise file does.
  std::string& bytes = segment();
  const size_t last = bytes.find_last_not_of('\0');
  bytes[last] = static_cast<char>(bytes[last] ^ 1);
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  EXPECT_EQ(log_->last_index(), 9u);
  EXPECT_THAT(log_->recovery().suspect_reason, ::testing::HasSubstr("entry 10"));
}

TEST_F(RecoveryTest, NothingIsWrittenBeforeTheNewIdentityIs) {
  write_small_log();
  segment()[offsets_[2] + 8] ^= 1;
  const auto damaged = disk_.contents();
  LogHooks refusing = hooks();
  refusing.on_suspect = [](const std::string&) -> Status { return fail(ErrorKind::kIo, "no"); };
  const auto opened = Log::open(options_, loop_, std::move(refusing), disk_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "no");
  EXPECT_EQ(disk_.contents(), damaged);
  open();
  EXPECT_TRUE(log_->recovery().suspect);
}

TEST_F(RecoveryTest, ADamagedSegmentInTheMiddleIsSuspect) {
  open();
  append_durably(1, 200);
  kill();
  segment()[kSegmentHeaderBytes + 100] ^= 4;
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  EXPECT_EQ(log_->last_index(), 1u);
  expect_usable();
}

TEST_F(RecoveryTest, NothingStaysBehindTheEndOfASegmentThatBecomesTheLast) {
  open();
  append_durably(1, 100);
  log_.reset();
  std::vector<std::string> segments;
  for (const auto& [path, content] : disk_.contents()) {
    uint64_t first = 0;
    if (parse_segment_name(path.substr(2), first)) segments.push_back(path);
  }
  ASSERT_GE(segments.size(), 3u);
  disk_.content(segments.back())[20] ^= 4;
  disk_.content(segments[segments.size() - 2]).back() = 4;
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  suspect_reasons_.clear();
  open();
  EXPECT_TRUE(suspect_reasons_.empty());
  EXPECT_FALSE(log_->recovery().tail_was_torn);
}

TEST_F(RecoveryTest, AMissingSegmentIsSuspect) {
  open();
  append_durably(1, 200);
  kill();
  std::vector<std::string> segments;
  for (const auto& [path, content] : disk_.contents()) {
    uint64_t first = 0;
    if (parse_segment_name(path.substr(2), first)) segments.push_back(path);
  }
  ASSERT_GE(segments.size(), 4u);
  ASSERT_TRUE(disk_.remove(segments[1]));
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  expect_usable();
}

TEST_F(RecoveryTest, ALogWithoutSegmentsOrPromiseFileIsSuspect) {
  write_small_log();
  ASSERT_TRUE(disk_.remove(segment_path(1)));
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  EXPECT_EQ(log_->last_index(), 0u);
  log_.reset();

  disk_.restore(saved_);
  ASSERT_TRUE(disk_.remove(std::string(kDirectory) + "/promise"));
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  expect_entries(1, 10);
}

TEST_F(RecoveryTest, OneDamagedSlotLosesNoPromise) {
  open();
  wait(log_->save_promise(7));
  append_durably(1, 3, 2);
  kill();
  saved_ = disk_.contents();
  for (const uint64_t slot : {0U, 1U}) {
    disk_.restore(saved_);
    disk_.content(std::string(kDirectory) + "/promise")[slot * kSlotBytes + 20] ^= 1;
    open();
    EXPECT_EQ(log_->recovery().promise, 7u);
    EXPECT_FALSE(log_->recovery().suspect);
    log_.reset();
  }
}

TEST_F(RecoveryTest, TwoDamagedSlotsAreSuspect) {
  open();
  append_durably(1, 3, 5);
  kill();
  std::string& promise = disk_.content(std::string(kDirectory) + "/promise");
  promise[20] ^= 1;
  promise[kSlotBytes + 20] ^= 1;
  open();
  EXPECT_TRUE(log_->recovery().suspect);
  EXPECT_EQ(log_->recovery().promise, 5u);
  expect_entries(1, 3, 5);
  open();
  EXPECT_FALSE(log_->recovery().suspect);
}

// A life with everything that is more than one write, ended by a loss of power after every single
// operation on the disk: what was durable is there, and it is never taken for damage.
TEST_F(RecoveryTest, PowerMayGoAtAnyOperation) {
  std::mt19937 coin(7);
  for (uint64_t stop = 0, completed = 0; completed == 0; ++stop) {
    for (int round = 0; round < 4; ++round) {
      log_.reset();  // its threads use the disk
      disk_.restore({});
      suspect_reasons_.clear();
      failures_.clear();
      uint64_t promised = 0;
      disk_.stop_after(stop);
      if (try_open()) {
        const auto step = [&](Ticket ticket) {
          wait(ticket);
          return failures_.empty();
        };
        const bool alive = step(append(1, 30)) && step(append(31, 60)) &&
                           step(log_->save_promise(2)) && (promised = 2, true) &&
                           step(log_->cut(20)) && step(append(20, 60, 2)) &&
                           step((log_->drop_before(30), log_->last_ticket())) &&
                           step((log_->cut(45), append(45, 3, 3))) &&
                           step(log_->reset(300, 4, 99)) && step(append(301, 50, 4));
        if (alive) ++completed;
      }
      const bool opened = log_ != nullptr;
      const uint64_t durable = opened ? log_->durable_index() : 0;
      std::vector<uint64_t> epochs;
      if (opened && durable >= log_->first_index()) {
        for (uint64_t i = log_->first_index(); i <= durable; ++i) {
          epochs.push_back(log_->epoch_at(i));
        }
      }
      const uint64_t first = opened ? log_->first_index() : 1;
      log_.reset();
      disk_.stop_after(std::nullopt);
      disk_.crash(round == 0 ? nullptr : &coin);
      open();
      ASSERT_TRUE(suspect_reasons_.empty()) << stop << ": " << suspect_reasons_.front();
      ASSERT_GE(log_->recovery().promise, promised) << stop;
      // A reset that was asked for but is not durable may have happened or not.
      if (first <= 300 && log_->first_index() > 300) continue;
      if (first > 300 && log_->first_index() <= 300) continue;
      ASSERT_GE(log_->last_index(), durable) << stop;
      for (uint64_t i = std::max(first, log_->first_index()); i <= durable; ++i) {
        ASSERT_EQ(log_->epoch_at(i), epochs[i - first]) << stop << " entry " << i;
      }
    }
  }
}

}  // namespace
}  // namespace tandem::storage
