// Recovery of a log whose files were damaged, by chance or with bytes that somebody chose: it never
// crashes, gives entries that chain, gives the same when it is opened again, also where the power
// goes in between, and never loses entries that were durable without saying so.
//
// Input: a choice of the log to damage, where the power goes, and a row of damages.
#include "storage/log.h"

#include "fuzz/fuzz.h"
#include "fuzz/log_damage.h"
#include "wire/crc32c.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file
using fuzz::Files;

// What recovery gave, complete.
struct Answer {
  uint64_t base = 0;
  std::vector<wire::Entry> entries;
  uint64_t promise = 0;
  bool operator==(const Answer&) const = default;
};

Answer read_all(const storage::Log& log) {
  Answer answer{log.base_index(), {}, log.recovery().promise};
  if (log.last_index() > answer.base) {
    CHECK(log.read(log.first_index(), SIZE_MAX, answer.entries).has_value());
  }
  CHECK(answer.entries.size() == log.last_index() - answer.base);
  uint64_t index = answer.base;
  for (const wire::Entry& entry : answer.entries) {
    std::string encoded;
    wire::encode_entry(entry, encoded);
    CHECK(entry.index == index + 1 && entry.epoch >= log.epoch_at(index));
    CHECK(entry.epoch == log.epoch_at(entry.index));
    CHECK(log.crc_at(entry.index) == wire::crc32c(encoded, log.crc_at(index)));
    index = entry.index;
  }
  CHECK(answer.promise >= log.epoch_at(index));
  return answer;
}

// Opens the log on a disk; counts in `suspects` how often it said that entries were lost.
Result<std::unique_ptr<storage::Log>> open(storage::MemoryDisk& disk, loop::Loop& loop,
                                           int& suspects) {
  storage::LogHooks hooks;
  hooks.on_suspect = [&suspects](const std::string& reason) -> Status {
    CHECK(!reason.empty());
    ++suspects;
    return {};
  };
  return storage::Log::open(fuzz::log_options(), loop, std::move(hooks), disk);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(fuzz::text_of(data, size));
  const uint8_t choice = choices.u8();
  const fuzz::LogImage& image = fuzz::log_image((choice & 1) != 0);
  const uint8_t power_goes_after = choices.u8();
  Files files = image.files;
  const bool forged = fuzz::damage(files, choices);

  loop::Loop loop;
  storage::MemoryDisk disk;
  disk.restore(files);
  disk.set_capacity(1 << 20);
  int suspects = 0;
  if ((choice & 2) != 0) {
    disk.stop_after(power_goes_after);
    static_cast<void>(open(disk, loop, suspects));
    disk.crash();
    disk.stop_after(std::nullopt);
  }
  auto log = open(disk, loop, suspects);
  if (!log && log.error().kind == ErrorKind::kConfig) {
    // A damaged version looks like another one: nothing is touched.
    CHECK((choice & 2) != 0 || disk.contents() == files);
    return 0;
  }
  if (!log) {
    // A header that somebody made can ask for more space than there is.
    CHECK_MSG(forged && log.error().kind == ErrorKind::kNoSpace, log.error().message);
    return 0;
  }
  const Answer first = read_all(**log);
  if (!forged) {
    for (const wire::Entry& entry : first.entries) {
      CHECK(entry == image.entries.at(entry.index - image.base - 1));
    }
    const uint64_t last = first.base + first.entries.size();
    CHECK(files.empty() || suspects > 0 || last >= image.durable);
  }

  // Closed properly, or killed.
  if ((choice & 4) != 0) disk.stop_after(0);
  log->reset();
  disk.stop_after(std::nullopt);
  suspects = 0;
  log = open(disk, loop, suspects);
  CHECK_MSG(log.has_value(), log.error().message);
  CHECK(suspects == 0 && !(*log)->recovery().tail_was_torn && (*log)->recovery().cut_bytes == 0);
  CHECK(read_all(**log) == first);
  return 0;
}
