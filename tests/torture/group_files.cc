#include "group_files.h"

#include <algorithm>
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
std::vector<fs::path> versions(const std::string& coordination) {
  return files_in(coordination + "/record");
}

}  // namespace

std::string storage_id_in(const std::string& directory) {
  const auto identity = first_line(directory + "/identity");
  return identity ? text_of(*identity, "storage_id") : "";
}

std::vector<RecordVersion> record_versions(const std::string& coordination) {
  std::vector<RecordVersion> all;
  for (const fs::path& path : versions(coordination)) {
    RecordVersion version{path.filename().string(), {}};
    const auto record = first_line(path);
    const wire::Json* members = record ? record->find("in_sync") : nullptr;
    if (members == nullptr || members->as_array() == nullptr) continue;
    for (const wire::Json& member : *members->as_array())
      version.in_sync.push_back(text_of(member, "storage_id"));
    all.push_back(std::move(version));
  }
  return all;
}

Result<std::string> remove_newest_record(const std::string& coordination, uint64_t choice) {
  const std::vector<fs::path> all = versions(coordination);
  if (all.size() < 2) return fail(ErrorKind::kNotFound, "the record has no older version");
  const uint64_t count = 1 + choice % std::min<uint64_t>(kMostRemoved, all.size() - 1);
  std::error_code error;
  for (uint64_t i = 1; i <= count; ++i) fs::remove(all[all.size() - i], error);
  return "the newest " + std::to_string(count) + " versions of the record are gone";
}

std::string remove_record(const std::string& coordination) {
  std::error_code error;
  fs::remove_all(coordination + "/record", error);
  fs::remove(coordination + "/floor", error);
  return "the record is gone";
}

Status copy_record(const std::string& from, const std::string& to) {
  if (const Status copied = copy_files(from + "/record", to + "/record"); !copied) return copied;
  std::error_code error;
  fs::remove(to + "/floor", error);
  if (!fs::exists(from + "/floor", error)) return {};
  fs::copy_file(from + "/floor", to + "/floor", error);
  return error ? fail_errno("cannot copy the floor", error.value()) : Status{};
}

std::string remove_what_finds(const Group& group) {
  std::error_code error;
  const auto remove = [&](const fs::path& path) { return fs::remove(path, error) ? 1 : 0; };
  int members = 0;
  for (const fs::path& member : files_in(group.coordination() + "/members"))
    members += remove(member);
  int locks = 0;
  for (const std::string& directory : group.directories()) locks += remove(directory + "/lock");
  int sockets = 0;
  for (const std::string& socket : group.sockets()) sockets += remove(socket);
  return group.name() + ": " + std::to_string(members) + " members, " + std::to_string(locks) +
         " locks, " + std::to_string(sockets) + " sockets";
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
