#include "rideshare/request_counter.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "file/directories.h"
#include "file/file.h"
#include "wire/bytes.h"
#include "wire/crc32c.h"

namespace tandem::rideshare {
namespace {

constexpr std::string_view kMagic = "tandemC1";
constexpr std::string_view kAnyVersion = "tandemC";  // then its version, one byte
constexpr size_t kFileBytes = 16;
constexpr uint64_t kCountMask = (uint64_t{1} << 48) - 1;

uint64_t word_of(uint64_t count) {
  char bytes[sizeof count];
  std::memcpy(bytes, &count, sizeof count);
  const uint64_t check = wire::crc32c({bytes, sizeof bytes}) & 0xFFFF;
  return check << 48 | count;
}

std::string new_file() {
  std::string bytes(kMagic);
  wire::ByteWriter(bytes).u64(word_of(0));
  return bytes;
}

bool is_other_version(std::string_view bytes) {
  if (!bytes.starts_with(kAnyVersion) || bytes.size() <= kAnyVersion.size()) return false;
  const char version = bytes[kAnyVersion.size()];
  return version >= '1' && version <= '9' && version != kMagic.back();
}

// The number in a file's bytes; false where they are no counter.
bool read_count(std::string_view bytes, uint64_t& count) {
  if (bytes.size() != kFileBytes || !bytes.starts_with(kMagic)) return false;
  const uint64_t word = wire::ByteReader(bytes.substr(kMagic.size())).u64();
  count = word & kCountMask;
  return word == word_of(count);
}

Result<file::Descriptor> open_locked(const std::string& path) {
  auto file = file::open_regular(path, O_RDWR | O_CREAT | O_NOFOLLOW, ErrorKind::kConfig, 0644);
  if (!file) return file;
  const Result<bool> locked = file::try_flock(*file, LOCK_EX, path);
  if (!locked) return fail(locked.error());
  if (!*locked) return fail(ErrorKind::kBusy, "'" + path + "' is in use by another process");
  return file;
}

// Writing the file allocates its block: a store into the mapping cannot meet a full disk later.
Status write_new(const file::Descriptor& file, const std::string& path) {
  const std::string bytes = new_file();
  const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), 0);
  if (written == static_cast<ssize_t>(bytes.size())) return {};
  return fail_errno("cannot write '" + path + "'", written < 0 ? errno : ENOSPC);
}

Status keep_aside(const std::string& path) {
  const std::string aside = path + ".bad";
  if (Status renamed = file::rename(path, aside); !renamed) return renamed;
  log::warning("the request counter's file is damaged: counting starts from 0",
               {{"file", path}, {"kept_as", aside}});
  return {};
}

}  // namespace

Status RequestCounter::check(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::kConfig, "count.file is empty");
  // A FIFO is not waited for.
  const auto file = file::open_regular(path, O_RDONLY | O_NOFOLLOW, ErrorKind::kConfig);
  if (file || file.error().kind == ErrorKind::kNotFound) return {};
  const bool is_directory = file.error().kind == ErrorKind::kIo;
  return fail(is_directory ? ErrorKind::kConfig : file.error().kind,
              "count.file: " + file.error().message);
}

Result<std::unique_ptr<RequestCounter>> RequestCounter::open(const std::string& path) {
  if (Status good = check(path); !good) return fail(good.error());
  if (auto made = file::make_parents(path, "cannot create"); !made) return fail(made.error());
  // Twice at most: the second round is with the fresh file after a damaged one was put aside.
  for (bool again = true;; again = false) {
    auto file = open_locked(path);
    if (!file) return fail(file.error());
    // One byte more than a counter has, so that a longer file shows.
    std::string bytes;
    const Status read = file::read_at(*file, 0, kFileBytes + 1, bytes, path);
    if (!read) return fail(read.error());
    if (bytes.empty()) {
      if (auto written = write_new(*file, path); !written) return fail(written.error());
      bytes = new_file();
    }
    uint64_t count = 0;
    if (is_other_version(bytes)) {
      return fail(ErrorKind::kConfig, "'" + path + "' is of format version " +
                                          bytes[kAnyVersion.size()] + ", this program reads " +
                                          std::string(1, kMagic.back()));
    }
    if (!read_count(bytes, count)) {
      if (!again) return fail(ErrorKind::kCorrupt, "'" + path + "' does not keep what is written");
      if (auto kept = keep_aside(path); !kept) return fail(kept.error());
      continue;
    }
    void* mapping = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0);
    if (mapping == MAP_FAILED) return fail_errno("cannot map '" + path + "'", errno);
    return std::unique_ptr<RequestCounter>(new RequestCounter(std::move(*file), mapping, count));
  }
}

RequestCounter::~RequestCounter() {
  ::msync(mapping_, kFileBytes, MS_SYNC);
  ::munmap(mapping_, kFileBytes);
}

void RequestCounter::store(uint64_t count) {
  count_ = count & kCountMask;
  auto* word = reinterpret_cast<uint64_t*>(static_cast<char*>(mapping_) + kMagic.size());
  std::atomic_ref<uint64_t>(*word).store(word_of(count_), std::memory_order_relaxed);
}

}  // namespace tandem::rideshare
