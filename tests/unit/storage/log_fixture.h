// A log on a disk in memory with small segments, and what tests of it say often.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loop/loop.h"
#include "storage/log.h"
#include "storage/log_format.h"
#include "storage/memory_disk.h"

namespace tandem::storage {

inline wire::Entry entry(uint64_t index, uint64_t epoch = 1, size_t payload_bytes = 20) {
  wire::Entry made;
  made.index = index;
  made.epoch = epoch;
  made.time_ms = static_cast<int64_t>(1000 + index);
  made.request_id = "key-" + std::to_string(index);
  made.payload = std::string(payload_bytes, static_cast<char>('a' + index % 26));
  return made;
}

class LogFixture : public ::testing::Test {
 protected:
  static constexpr const char* kDirectory = "d";

  LogFixture() {
    options_.directory = kDirectory;
    options_.segment_bytes = kSegmentHeaderBytes + 2048;
    options_.max_entry_bytes = 1024;
    options_.space_retry_ms = 1;
  }

  LogHooks hooks() {
    LogHooks hooks;
    hooks.on_durable = [this](Ticket ticket) { durable_tickets_.push_back(ticket); };
    hooks.on_failed = [this](const Error& error) { failures_.push_back(error.message); };
    hooks.on_suspect = [this](const std::string& reason) -> Status {
      suspect_reasons_.push_back(reason);
      return {};
    };
    return hooks;
  }

  Status try_open() {
    log_.reset();
    auto opened = Log::open(options_, loop_, hooks(), disk_);
    if (!opened) return fail(opened.error());
    log_ = std::move(*opened);
    return {};
  }
  void open() {
    const Status opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  // As if the process were killed: nothing more is written, not even what closing writes.
  void kill() {
    disk_.stop_after(0);
    log_.reset();
    disk_.stop_after(std::nullopt);
  }

  Ticket append(uint64_t first, uint64_t count, uint64_t epoch = 1, size_t payload_bytes = 20) {
    std::vector<wire::Entry> entries;
    for (uint64_t i = first; i < first + count; ++i) {
      entries.push_back(entry(i, epoch, payload_bytes));
    }
    return log_->append(entries);
  }
  void wait(Ticket ticket) {
    while (log_->durable_ticket() < ticket && failures_.empty()) loop_.run_once();
  }
  void wait_all() { wait(log_->last_ticket()); }
  void append_durably(uint64_t first, uint64_t count, uint64_t epoch = 1,
                      size_t payload_bytes = 20) {
    wait(append(first, count, epoch, payload_bytes));
  }

  std::vector<wire::Entry> read(uint64_t from, size_t max_bytes = 1 << 20) {
    std::vector<wire::Entry> out;
    const Status status = log_->read(from, max_bytes, out);
    EXPECT_TRUE(status) << status.error().message;
    return out;
  }
  // The log has exactly the entries first..last as entry() makes them.
  void expect_entries(uint64_t first, uint64_t last, uint64_t epoch = 1,
                      size_t payload_bytes = 20) {
    ASSERT_EQ(log_->first_index(), first);
    ASSERT_EQ(log_->last_index(), last);
    const auto entries = read(first);
    ASSERT_EQ(entries.size(), last + 1 - first);
    for (uint64_t i = first; i <= last; ++i) {
      EXPECT_EQ(entries[i - first], entry(i, epoch, payload_bytes));
    }
  }
  static std::string segment_path(uint64_t first_index) {
    return std::string(kDirectory) + "/" + segment_name(first_index);
  }

  MemoryDisk disk_;
  loop::Loop loop_;
  LogOptions options_;
  std::vector<Ticket> durable_tickets_;
  std::vector<std::string> failures_;
  std::vector<std::string> suspect_reasons_;
  std::unique_ptr<Log> log_;
};

}  // namespace tandem::storage
