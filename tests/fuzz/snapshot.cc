// A snapshot file of any bytes. What is accepted has as many rows as it says, is the same when it
// is written anew, and is received by a learner in pieces with the same verdict. What is found to be
// whole as its bytes come by is so as a file, too.
//
// Input: a byte of choices (bit 0: a right trailer is put behind, since no mutation finds the
// checksum), then the file.
#include "storage/snapshot.h"

#include <algorithm>

#include "fuzz/fuzz.h"
#include "storage/snapshot_format.h"
#include "storage/snapshot_stream.h"
#include "unit/storage/memory_disk.h"
#include "wire/crc32c.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

constexpr char kPath[] = "d/file";

// Whether all rows can be read.
bool ends_well(storage::SnapshotReader& reader) {
  std::string row;
  while (true) {
    const auto more = reader.next_row(row);
    if (!more) CHECK(more.error().kind == ErrorKind::kCorrupt);
    if (!more || !*more) return more.has_value();
  }
}

void write_anew(storage::SnapshotReader& reader) {
  storage::MemoryDisk disk;
  reader.rewind();
  auto writer = storage::SnapshotWriter::create("d", reader.header(), disk);
  CHECK(writer.has_value());
  std::vector<std::string> rows;
  std::string row;
  while (true) {
    const auto more = reader.next_row(row);
    CHECK_MSG(more.has_value(), more.error().message);
    if (!*more) break;
    CHECK(row.find('\n') == std::string::npos && (*writer)->add_row(row));
    rows.push_back(row);
  }
  CHECK(rows.size() == reader.rows());
  CHECK((*writer)->finish().has_value());
  const auto names = storage::list_snapshots("d", disk);
  CHECK(names.has_value() && names->size() == 1);
  const auto again = storage::SnapshotReader::open(names->front().path, disk);
  CHECK(again.has_value());
  CHECK((*again)->header() == reader.header() && (*again)->rows() == reader.rows());
  for (const std::string& expected : rows) {
    CHECK((*again)->next_row(row).value_or(false) && row == expected);
  }
}

void receive(const std::string& content, const storage::SnapshotReader* reader, size_t piece) {
  storage::MemoryDisk disk;
  const uint64_t index = reader == nullptr ? 1 : reader->header().index;
  auto receiver = storage::SnapshotReceiver::create("d", index, content.size(), disk);
  CHECK(receiver.has_value());
  for (size_t at = 0; at < content.size(); at += piece) {
    CHECK((*receiver)->write(at, std::string_view(content).substr(at, piece)).has_value());
    if (reader != nullptr) CHECK(*reader->read_raw(at, piece) == content.substr(at, piece));
  }
  const auto header = (*receiver)->finish();
  CHECK(header.has_value() == (reader != nullptr));
  if (header) CHECK(*header == reader->header());
}

bool is_whole_as_it_comes(std::string_view content, size_t piece) {
  storage::SnapshotStream stream({});
  while (!content.empty()) {
    const std::string_view next = content.substr(0, piece);
    const auto taken = stream.add(next);
    if (!taken) {
      CHECK(taken.error().kind == ErrorKind::kCorrupt ||
            taken.error().kind == ErrorKind::kBadInput);
      return false;
    }
    CHECK(*taken == next.size() || stream.whole());
    if (*taken < next.size()) return false;
    content.remove_prefix(*taken);
  }
  return stream.end().has_value();
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(fuzz::text_of(data, size));
  const uint8_t choice = choices.u8();
  std::string content(choices.bytes(size));
  if ((choice & 1) != 0) {
    const auto lines = static_cast<uint64_t>(std::count(content.begin(), content.end(), '\n'));
    content += storage::encode_snapshot_trailer(
                   {std::max<uint64_t>(lines, 1) - 1, wire::crc32c(content)}) +
               "\n";
  }
  storage::MemoryDisk disk;
  disk.restore({{kPath, content}});
  const auto reader = storage::SnapshotReader::open(kPath, disk);
  CHECK(reader.has_value() || reader.error().kind == ErrorKind::kCorrupt ||
        reader.error().kind == ErrorKind::kConfig);
  const bool whole = reader.has_value() && (*reader)->verify([] { return false; }).has_value();
  CHECK(!reader || ends_well(**reader) == whole);
  CHECK(whole || !is_whole_as_it_comes(content, size_t{1} + (choice >> 1)));
  receive(content, whole ? reader->get() : nullptr, size_t{1} + (choice >> 1));
  if (whole) write_anew(**reader);
  return 0;
}
