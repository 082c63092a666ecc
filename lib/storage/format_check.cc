#include "storage/format_check.h"

#include <algorithm>
#include <cstdint>

#include "storage/identity.h"
#include "storage/log_format.h"
#include "storage/snapshot_format.h"

namespace tandem::storage {
namespace {

constexpr size_t kHeaderLineBytes = 4096;

Status check_block(const File& file, uint64_t offset, const std::string& path) {
  std::string start;
  if (Status read = file.read_at(offset, kBlockStartBytes, start); !read) return read;
  const auto version = block_version(start);
  if (!version || *version == kFormatVersion) return {};
  return other_format(path, "version " + std::to_string(*version), std::to_string(kFormatVersion));
}

// What is damaged, or no file, is dealt with by those who read it.
Status unless_damaged(const Error& error) {
  return error.kind == ErrorKind::kCorrupt ? Status() : fail(error);
}

Status check_blocks(Disk& disk, const std::string& path, std::initializer_list<uint64_t> offsets) {
  const auto file = disk.open(path, OpenMode::kRead);
  if (!file) return unless_damaged(file.error());
  for (const uint64_t offset : offsets) {
    if (Status checked = check_block(**file, offset, path); !checked) return checked;
  }
  return {};
}

Status check_snapshot(Disk& disk, const std::string& path) {
  const auto file = disk.open(path, OpenMode::kRead);
  if (!file) return unless_damaged(file.error());
  std::string start;
  if (Status read = (*file)->read_at(0, kHeaderLineBytes, start); !read) return read;
  return check_snapshot_format(std::string_view(start).substr(0, start.find('\n')), path);
}

}  // namespace

tl::unexpected<Error> other_format(const std::string& path, const std::string& found,
                                   const std::string& known) {
  return fail(ErrorKind::kConfig,
              "'" + path + "' is of format " + found + ", this program reads " + known);
}

bool is_other_version(std::string_view format, std::string_view known) {
  const size_t prefix = known.find_last_of('-') + 1;
  if (format == known || format.substr(0, prefix) != known.substr(0, prefix)) return false;
  const std::string_view version = format.substr(prefix);
  return !version.empty() && version.front() >= '1' && version.front() <= '9';
}

Status check_log_formats(Disk& disk, const std::string& directory) {
  const auto names = disk.list(directory);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    uint64_t first_index = 0;
    Status checked;
    if (parse_segment_name(name, first_index)) checked = check_blocks(disk, path, {0});
    if (name == kPromiseName) checked = check_blocks(disk, path, {0, kSlotBytes});
    if (!checked) return checked;
  }
  return {};
}

Status check_formats(const std::string& directory, Disk& disk) {
  const auto names = disk.list(directory);
  if (!names && names.error().kind == ErrorKind::kNotFound) return {};
  if (!names) return fail(names.error());
  if (const auto identity = load_identity(directory, disk); !identity) {
    if (Status known = unless_damaged(identity.error()); !known) return known;
  }
  if (Status checked = check_log_formats(disk, directory); !checked) return checked;
  for (const std::string& name : *names) {
    uint64_t index = 0;
    if (!parse_snapshot_name(name, index)) continue;
    if (Status checked = check_snapshot(disk, directory + "/" + name); !checked) return checked;
  }
  return {};
}

}  // namespace tandem::storage
