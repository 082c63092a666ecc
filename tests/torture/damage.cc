#include "damage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "sim/random.h"
#include "storage/disk.h"
#include "storage/promise_file.h"

namespace tandem::torture {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSegmentHeader = 4096;
constexpr size_t kMostTorn = 4096;
constexpr const char* kFiller = "/filler";

std::vector<fs::path> files(const std::string& directory, const std::string& prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_at(const fs::path& path, size_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Where the data of a file end: a segment is written full of zeros in advance.
size_t end_of_data(const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; }

}  // namespace

Result<std::string> tear_tail(const std::string& directory, uint64_t choice) {
  const std::vector<fs::path> segments = files(directory, "log-");
  if (segments.empty()) return fail(ErrorKind::kNotFound, "there is no log");
  const std::string bytes = read_all(segments.back());
  const size_t end = end_of_data(bytes);
  if (end <= kSegmentHeader) return fail(ErrorKind::kNotFound, "the last segment is empty");
  sim::Random random(choice);
  const size_t torn = random.between<size_t>(1, std::min(kMostTorn, end - kSegmentHeader));
  std::string tail(torn, '\0');
  const bool rubbish = random.chance(500);
  if (rubbish) {
    for (char& byte : tail) byte = static_cast<char>(random.next());
  }
  write_at(segments.back(), end - torn, tail);
  return std::to_string(torn) + " bytes of " + (rubbish ? "rubbish" : "zeros") + " at the end of " +
         segments.back().filename().string();
}

Status forget_what_was_durable(const std::string& directory) {
  storage::Disk& disk = storage::system_disk();
  const auto slots = storage::read_promise_file(disk, directory);
  if (!slots) return fail(slots.error());
  storage::PromiseState state;
  state.promise = slots->promise;
  return storage::PromiseFile::create(disk, directory, state);
}

bool is_version(const std::string& name, size_t at) {
  if (name.starts_with("log-")) return at >= 8 && at < 12;
  if (name == "promise") return at % 4096 >= 8 && at % 4096 < 12;
  constexpr size_t kTextVersionAt = sizeof(R"({"format":"tandem-identity-)") - 1;
  return at == kTextVersionAt;  // a snapshot's name of its format is as long
}

Result<std::string> flip_bit(const std::string& directory, uint64_t choice) {
  static constexpr const char* kPrefixes[] = {"log-",  "log-",    "log-",    "log-",
                                              "snap-", "promise", "identity"};
  sim::Random random(choice);
  const std::vector<fs::path> candidates =
      files(directory, kPrefixes[random.below(std::size(kPrefixes))]);
  if (candidates.empty()) return fail(ErrorKind::kNotFound, "there is no such file");
  const fs::path& path = random.one_of(candidates);
  const std::string bytes = read_all(path);
  const size_t end = end_of_data(bytes);
  if (end == 0) return fail(ErrorKind::kNotFound, "the file is empty");
  size_t at = random.below(end);
  // What looks like another format version is refused until an operator looks: nobody does here.
  while (is_version(path.filename().string(), at)) at = random.below(end);
  const int bit = static_cast<int>(random.below(8));
  write_at(path, at, std::string(1, static_cast<char>(bytes[at] ^ (1 << bit))));
  return "bit " + std::to_string(bit) + " of byte " + std::to_string(at) + " of " +
         path.filename().string();
}

Status fill_disk(const std::string& directory) {
  const int fd =
      open((directory + kFiller).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("cannot fill '" + directory + "'", errno);
  const std::string block(4096, 'x');
  while (write(fd, block.data(), block.size()) > 0) {
  }
  const int error = errno;
  close(fd);
  return error == ENOSPC ? Status{} : fail_errno("cannot fill '" + directory + "'", error);
}

void free_disk(const std::string& directory) {
  std::error_code error;
  fs::remove(directory + kFiller, error);
}

}  // namespace tandem::torture
