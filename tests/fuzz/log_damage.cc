#include "fuzz/log_damage.h"

#include <iterator>
#include <utility>

#include "storage/log_format.h"

namespace tandem::fuzz {
namespace {

constexpr char kDirectory[] = "d";
constexpr size_t kMostDamages = 32;

std::vector<wire::Entry> made_entries(uint64_t first, uint64_t count, uint64_t epoch) {
  std::vector<wire::Entry> entries;
  for (uint64_t index = first; index < first + count; ++index) {
    entries.push_back({.type = index == first ? wire::EntryType::kOpen : wire::EntryType::kCommand,
                       .index = index,
                       .epoch = epoch,
                       .time_ms = static_cast<int64_t>(1000 + index),
                       .request_id = index == first ? "" : "key-" + std::to_string(index),
                       .payload = std::string(index % 5 * 40, 'p')});
  }
  return entries;
}

LogImage make_image(bool killed) {
  storage::MemoryDisk disk;
  loop::Loop loop;
  auto opened = storage::Log::open(log_options(), loop, {}, disk);
  CHECK(opened.has_value());
  storage::Log& log = **opened;
  const auto append = [&](uint64_t count, uint64_t epoch) {
    log.append(made_entries(log.last_index() + 1, count, epoch));
    while (log.durable_ticket() < log.last_ticket()) loop.run_once();
  };
  log.save_promise(3);
  append(14, 3);
  log.save_promise(4);
  append(20, 4);
  log.cut(30);
  append(12, 4);
  log.drop_before(20);
  append(1, 4);
  LogImage image;
  image.base = log.base_index();
  CHECK(log.read(log.first_index(), SIZE_MAX, image.entries).has_value());
  // The slots of the promise file were last written by the cut.
  image.durable = killed ? 29 : log.last_index();
  if (killed) disk.stop_after(0);
  opened->reset();
  image.files = disk.contents();
  std::erase_if(image.files, [](const auto& file) { return file.first.ends_with(".tmp"); });
  CHECK(image.base > 0 && image.files.size() == 4);
  return image;
}

// `bytes` from `at` on; makes the content longer where needed.
void put(std::string& content, size_t at, std::string_view bytes) {
  content.resize(std::max(content.size(), at + bytes.size()));
  content.replace(at, bytes.size(), bytes);
}

std::string forged_record(Choices& choices) {
  wire::Entry entry;
  entry.type = static_cast<wire::EntryType>(choices.u8());
  entry.index = choices.u64();
  entry.epoch = choices.u64();
  entry.payload = std::string(choices.u8(), 'x');
  const uint32_t chain_before = choices.u32();
  std::string record;
  storage::append_record(entry, chain_before, choices.u64(), record);
  return record;
}

std::string forged_header(Choices& choices) {
  storage::SegmentHeader header;
  header.size = choices.u32();
  header.first_index = choices.u64();
  header.epoch_before = choices.u64();
  header.chain_before = choices.u32();
  return storage::encode_segment_header(header);
}

std::string forged_slot(Choices& choices) {
  storage::PromiseState state;
  const uint64_t sequence = choices.u64();
  state.promise = choices.u64();
  state.synced_index = choices.u64();
  state.pending = static_cast<storage::PendingChange>(choices.u8());
  state.pending_index = choices.u64();
  state.pending_epoch = choices.u64();
  state.pending_chain = choices.u32();
  return storage::encode_slot(sequence, state);
}

Files::iterator choose(Files& files, Choices& choices) {
  return std::next(files.begin(), static_cast<ptrdiff_t>(choices.below(files.size())));
}

void damage_one(Files& files, Damage kind, Choices& choices) {
  const auto file = choose(files, choices);
  std::string& content = file->second;
  const size_t at = choices.below(content.size());
  switch (kind) {
    case Damage::kFlipBit:
      if (!content.empty()) content[at] = static_cast<char>(content[at] ^ 1 << choices.u8() % 8);
      break;
    case Damage::kZero: {
      const size_t length = std::min<size_t>(choices.u16(), content.size() - at);
      content.replace(at, length, length, '\0');
      break;
    }
    case Damage::kTruncate:
      content.resize(at);
      break;
    case Damage::kRemove:
      files.erase(file);
      break;
    case Damage::kOverwrite:
      put(content, at, choices.bytes(choices.u8()));
      break;
    case Damage::kCopy: {
      const std::string& from = choose(files, choices)->second;
      const size_t start = choices.below(from.size());
      put(content, at, std::string(from.substr(start, choices.u16())));
      break;
    }
    case Damage::kRename: {
      auto node = files.extract(file);
      node.key() = std::string(kDirectory) + "/" + storage::segment_name(choices.u64());
      files.insert(std::move(node));
      break;
    }
    case Damage::kRecord:
      put(content, at / storage::kRecordAlignment * storage::kRecordAlignment,
          forged_record(choices));
      break;
    case Damage::kHeader:
      put(content, 0, forged_header(choices));
      break;
    case Damage::kPromise:
      put(content, choices.u8() % 2 * storage::kSlotBytes, forged_slot(choices));
      break;
    case Damage::kCount:
      break;
  }
}

}  // namespace

storage::LogOptions log_options() {
  storage::LogOptions options;
  options.directory = kDirectory;
  options.segment_bytes = storage::kSegmentHeaderBytes + 2048;
  options.max_entry_bytes = 512;
  options.space_retry_ms = 1000;
  return options;
}

const LogImage& log_image(bool killed) {
  static const LogImage kClosed = make_image(false);
  static const LogImage kKilled = make_image(true);
  return killed ? kKilled : kClosed;
}

bool damage(Files& files, Choices& choices) {
  bool forged = false;
  for (size_t i = 0; i < kMostDamages && !choices.empty() && !files.empty(); ++i) {
    const auto kind = static_cast<Damage>(choices.u8() % static_cast<uint8_t>(Damage::kCount));
    forged = forged || kind >= Damage::kOverwrite;
    damage_one(files, kind, choices);
  }
  return forged;
}

}  // namespace tandem::fuzz
