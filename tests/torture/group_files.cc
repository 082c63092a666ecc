#include "group_files.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <utility>

#include "programs.h"
#include "wire/json.h"

namespace tandem::torture {
namespace {

namespace fs = std::filesystem;

// So many versions are kept above the floor at least, and some must be left.
constexpr uint64_t kMostRemoved = 8;

// The text of a small file, without the line that checks it; nullopt where it is not JSON.
std::optional<wire::Json> first_line(const std::string& path) {
  const std::string text = read_text(path);
  auto json = wire::parse_json(text.substr(0, text.find('\n')));
  if (!json) return std::nullopt;
  return std::move(*json);
}

std::string text_of(const wire::Json& json, const char* name) {
  const wire::Json* value = json.find(name);
  return value == nullptr || value->as_string() == nullptr ? "" : *value->as_string();
}

// By name; not those below directories in there.
std::vector<fs::path> files_in(const std::string& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.is_regular_file(error)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The newest one last: their names are as long as each other.
std::vector<fs::path> record_files(const std::string& coordination) {
  return files_in(coordination + "/record");
}

// Record and floor.
Status copy_files_of_record(const std::string& from, const std::string& to) {
  if (const Status copied = copy_files(from + "/record", to + "/record"); !copied) return copied;
  std::error_code error;
  fs::remove(to + "/floor", error);
  if (!fs::exists(from + "/floor", error)) return {};
  fs::copy_file(from + "/floor", to + "/floor", error);
  return error ? fail_errno("cannot copy the floor", error.value()) : Status{};
}

int remove_files(const std::vector<fs::path>& files) {
  std::error_code error;
  int removed = 0;
  for (const fs::path& file : files) removed += fs::remove(file, error) ? 1 : 0;
  return removed;
}

}  // namespace

std::string storage_id_in(const std::string& directory) {
  const auto identity = first_line(directory + "/identity");
  return identity ? text_of(*identity, "storage_id") : "";
}

std::vector<RecordVersion> LocalCoordination::versions() const {
  std::vector<RecordVersion> all;
  for (const fs::path& path : record_files(directory_)) {
    if (auto version = record_of(path.filename().string(), read_text(path)))
      all.push_back(std::move(*version));
  }
  return all;
}

std::optional<RecordVersion> LocalCoordination::record() {
  std::vector<RecordVersion> all = versions();
  if (all.empty()) return std::nullopt;
  return std::move(all.back());
}

bool LocalCoordination::has_left(const std::string& storage_id, const std::string& since) {
  const std::vector<RecordVersion> all = versions();
  return std::any_of(all.begin(), all.end(), [&](const RecordVersion& version) {
    return version.name > since && !names(version, storage_id);
  });
}

Result<std::string> LocalCoordination::remove_newest_record(uint64_t choice) {
  const std::vector<fs::path> all = record_files(directory_);
  if (all.size() < 2) return fail(ErrorKind::kNotFound, "the record has no older version");
  const uint64_t count = 1 + choice % std::min<uint64_t>(kMostRemoved, all.size() - 1);
  (void)remove_files({all.end() - static_cast<std::ptrdiff_t>(count), all.end()});
  return "the newest " + std::to_string(count) + " versions of the record are gone";
}

Result<std::string> LocalCoordination::remove_record() {
  std::error_code error;
  fs::remove_all(directory_ + "/record", error);
  fs::remove(directory_ + "/floor", error);
  return "the record is gone";
}

Status LocalCoordination::copy_record(const std::string& to) {
  return copy_files_of_record(directory_, to);
}

Status LocalCoordination::put_record_back(const std::string& from) {
  return copy_files_of_record(from, directory_);
}

Result<std::string> LocalCoordination::remove_registry() {
  return std::to_string(remove_files(files_in(directory_ + "/members"))) + " members";
}

Result<std::string> remove_what_finds(const Group& group) {
  const auto registry = group.coordination().remove_registry();
  if (!registry) return fail(ErrorKind::kUnavailable, registry.error().message);
  std::vector<fs::path> locks;
  for (const std::string& directory : group.directories()) locks.emplace_back(directory + "/lock");
  const std::vector<std::string> sockets = group.sockets();
  return group.name() + ": " + *registry + ", " + std::to_string(remove_files(locks)) + " locks, " +
         std::to_string(remove_files({sockets.begin(), sockets.end()})) + " sockets";
}

bool have_same_log(const std::string& one, const std::string& other) {
  const auto newest = [](const std::string& directory) {
    fs::path last;
    for (const fs::path& path : files_in(directory)) {
      if (path.filename().string().starts_with("log-")) last = path;
    }
    return last;
  };
  return newest(one).filename() == newest(other).filename() &&
         read_text(newest(one)) == read_text(newest(other));
}

Status copy_files(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::create_directories(to, error);
  for (const auto& entry : fs::directory_iterator(to, error)) fs::remove_all(entry.path(), error);
  for (const fs::path& path : files_in(from)) {
    fs::copy_file(path, to + "/" + path.filename().string(), error);
    if (error && error != std::errc::no_such_file_or_directory)
      return fail_errno("cannot copy '" + path.string() + "'", error.value());
  }
  return {};
}

}  // namespace tandem::torture
