#include "storage/set_aside.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "storage/disk.h"
#include "storage/identity.h"
#include "storage/replacement.h"
#include "wire/json.h"
#include "wire/sealed_text.h"

namespace tandem::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "set-aside-";
constexpr std::string_view kUnfinished = ".tmp";
constexpr std::string_view kMark = "distrusted";
constexpr std::string_view kMarkFormat = "tandem-distrusted-1";
constexpr std::string_view kNote = "note";
constexpr std::string_view kNoteFormat = "tandem-set-aside-1";
constexpr std::string_view kMoving = "moving";  // in a directory that is not complete yet
constexpr std::string_view kIdentity = "identity";
constexpr std::string_view kLock = "lock";

// Reasons name paths, which may have any bytes; JSON has UTF-8 alone.
std::string readable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

wire::Json reason_json(std::string_view format, const std::string& reason) {
  wire::Json json;
  json.set("format", format);
  json.set("reason", readable(reason));
  json.set("time_ms", system_clock().wall_ms());
  return json;
}

std::optional<wire::Json> unsealed(std::string_view sealed) {
  const auto text = wire::unseal_text(sealed);
  if (!text) return std::nullopt;
  auto json = wire::parse_json(*text);
  return json ? std::optional(std::move(*json)) : std::nullopt;
}

std::string reason_of(const std::optional<wire::Json>& json) {
  const wire::Json* reason = json ? json->find("reason") : nullptr;
  return reason != nullptr && reason->as_string() != nullptr ? *reason->as_string() : std::string();
}

tl::unexpected<Error> failed(const std::string& directory, const std::error_code& error) {
  return fail_errno("cannot set data aside in '" + directory + "'", error.value());
}

// The time in the name; nullopt for another name.
std::optional<int64_t> time_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  return parse_number<int64_t>(name);
}

// Also a link that leads nowhere.
bool is_there(const std::string& path) {
  std::error_code unknown;
  return fs::exists(fs::symlink_status(path, unknown));
}

// What is to be set aside, by name.
Result<std::vector<std::string>> data_in(const std::string& directory) {
  auto names = system_disk().list(directory);
  if (!names) return fail(names.error());
  std::erase_if(*names, [](const std::string& name) {
    return name == kLock || std::string_view(name).starts_with(kPrefix) ||
           is_replacement_name(name);
  });
  return names;
}

// A name that is not in use. kUnavailable: there are too many.
Result<std::string> new_path(const std::string& directory) {
  const auto earlier = list_set_aside(directory);
  if (!earlier) return fail(earlier.error());
  if (earlier->size() >= kMaxSetAside) {
    return fail(ErrorKind::kUnavailable, "data was set aside " + std::to_string(earlier->size()) +
                                             " times in '" + directory +
                                             "': find out why, and remove what is not needed");
  }
  const int64_t newest = earlier->empty() ? 0 : earlier->back().time_ms;
  const int64_t time_ms = std::max(system_clock().wall_ms(), newest + 1);
  return directory + "/" + std::string(kPrefix) + std::to_string(time_ms);
}

// Of a move that was cut short; "" where there is none.
std::string unfinished_move(const std::vector<SetAside>& earlier) {
  for (const SetAside& aside : earlier) {
    if (is_there(aside.path + "/" + std::string(kMoving))) return aside.path;
  }
  return {};
}

Result<std::string> begin_move(const std::string& directory, const std::string& reason) {
  const auto earlier = list_set_aside(directory);
  if (!earlier) return fail(earlier.error());
  if (std::string path = unfinished_move(*earlier); !path.empty()) return path;
  auto path = new_path(directory);
  if (!path) return path;
  std::error_code error;
  fs::create_directory(*path, error);
  if (error) return failed(directory, error);
  Disk& disk = system_disk();
  Status begun = replace_file(disk, *path, std::string(kMoving), "");
  if (begun)
    begun = replace_file(disk, *path, std::string(kNote),
                         wire::seal_text(reason_json(kNoteFormat, reason).dump()));
  if (begun) begun = disk.sync_directory(directory);
  if (begun) return path;
  fs::remove_all(*path, error);  // it holds nothing yet
  return fail(begun.error());
}

Status move_one(const std::string& directory, const std::string& aside, const std::string& name) {
  // A second file of that name comes where a move was cut short and the process wrote anew.
  std::string to = aside + "/" + name;
  for (int number = 2; is_there(to); ++number) {
    to = aside + "/" + name + "." + std::to_string(number);
  }
  return system_disk().rename(directory + "/" + name, to);
}

Status sync_both(const std::string& directory, const std::string& aside) {
  const Status synced = system_disk().sync_directory(aside);
  return synced ? system_disk().sync_directory(directory) : synced;
}

Status copy_one(const fs::path& from, const std::string& to) {
  std::error_code error;
  if (from.extension() == ".ndjson") {
    fs::create_hard_link(from, to, error);
    if (!error) return {};
  }
  Disk& disk = system_disk();
  auto content = read_file(disk, from);
  if (!content) return fail(content.error());
  auto file = disk.open(to, OpenMode::kReplace);
  if (!file) return fail(file.error());
  const Status written = (*file)->write_at(0, *content);
  return written ? (*file)->sync() : written;
}

Status remove_unfinished_copies(const std::string& directory) {
  const auto names = system_disk().list(directory);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (!std::string_view(name).starts_with(kPrefix) || !name.ends_with(kUnfinished)) continue;
    std::error_code error;
    fs::remove_all(directory + "/" + name, error);
    if (error) return failed(directory, error);
  }
  return {};
}

uint64_t bytes_of(const fs::path& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    std::error_code not_a_file;
    const uint64_t size = entry.file_size(not_a_file);
    if (!not_a_file) bytes += size;
  }
  return bytes;
}

SetAside describe(const std::string& path, int64_t time_ms) {
  SetAside aside{path, {}, bytes_of(path), time_ms, 0, 0};
  const auto note = read_file(system_disk(), path + "/" + std::string(kNote));
  if (note) aside.reason = reason_of(unsealed(*note));
  const auto identity = load_identity(path);
  if (identity && *identity) {
    aside.lineage = (*identity)->lineage;
    aside.storage_id = (*identity)->storage_id;
  }
  return aside;
}

// Nobody can tell that all of it is elsewhere.
bool is_kept(const SetAside& aside, uint64_t lineage, const std::set<uint64_t>& given_up) {
  return aside.lineage != lineage || given_up.contains(aside.storage_id);
}

Status remove_all(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail_errno("cannot remove '" + path + "'", error.value());
  return {};
}

}  // namespace

Status mark_distrusted(const std::string& directory, const Distrust& distrust) {
  wire::Json json = reason_json(kMarkFormat, distrust.reason);
  if (distrust.kind == Distrust::Kind::kOld) json.set("old", true);
  return replace_file(system_disk(), directory, std::string(kMark), wire::seal_text(json.dump()));
}

Result<std::optional<Distrust>> distrust_mark(const std::string& directory) {
  const auto content = read_file(system_disk(), directory + "/" + std::string(kMark));
  if (!content && content.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!content && content.error().kind != ErrorKind::kCorrupt) return fail(content.error());
  const auto json = content ? unsealed(*content) : std::nullopt;
  Distrust distrust{reason_of(json)};
  if (distrust.reason.empty()) distrust.reason = "its mark does not say why";
  if (json && json->find("old") != nullptr) distrust.kind = Distrust::Kind::kOld;
  return distrust;
}

Status clear_distrust(const std::string& directory) {
  const Status removed = remove_file(system_disk(), directory, std::string(kMark));
  if (!removed && removed.error().kind != ErrorKind::kNotFound) return removed;
  return system_disk().sync_directory(directory);
}

Result<std::string> set_data_aside(const std::string& directory, const std::string& reason) {
  const auto names = data_in(directory);
  if (!names) return fail(names.error());
  if (names->empty()) return std::string();
  const auto aside = begin_move(directory, reason);
  if (!aside) return aside;
  // A directory without its identity is taken by nobody for what it was. The mark goes last: until
  // then the next start does this again.
  for (const bool identity : {true, false}) {
    for (const std::string& name : *names) {
      if ((name == kIdentity) != identity || name == kMark) continue;
      if (Status moved = move_one(directory, *aside, name); !moved) return fail(moved.error());
    }
    if (Status synced = sync_both(directory, *aside); !synced) return fail(synced.error());
  }
  if (std::find(names->begin(), names->end(), kMark) != names->end()) {
    Status moved = move_one(directory, *aside, std::string(kMark));
    if (!moved) return fail(moved.error());
  }
  Status done = system_disk().remove(*aside + "/" + std::string(kMoving));
  if (done) done = sync_both(directory, *aside);
  if (!done) return fail(done.error());
  log::error("data is set aside", {{"directory", *aside}, {"reason", reason}});
  return aside;
}

Result<std::string> copy_data_aside(const std::string& directory, const std::string& reason) {
  if (Status removed = remove_unfinished_copies(directory); !removed) return fail(removed.error());
  const auto names = data_in(directory);
  if (!names) return fail(names.error());
  const auto aside = new_path(directory);
  if (!aside) return aside;
  const std::string copy = *aside + std::string(kUnfinished);
  std::error_code error;
  fs::create_directory(copy, error);
  if (error) return failed(directory, error);
  Disk& disk = system_disk();
  Status done = replace_file(disk, copy, std::string(kNote),
                             wire::seal_text(reason_json(kNoteFormat, reason).dump()));
  for (const std::string& name : *names) {
    const fs::path from = fs::path(directory) / name;
    std::error_code unknown;
    if (done && fs::is_regular_file(from, unknown) && from.extension() != kUnfinished) {
      done = copy_one(from, copy + "/" + name);
    }
  }
  if (done) done = disk.sync_directory(copy);
  if (done) done = disk.rename(copy, *aside);
  if (done) done = disk.sync_directory(directory);
  if (!done) {
    fs::remove_all(copy, error);  // copies, all of it
    return fail(done.error());
  }
  log::error("a copy of the data is set aside", {{"directory", *aside}, {"reason", reason}});
  return aside;
}

Result<std::vector<SetAside>> list_set_aside(const std::string& directory) {
  const auto names = system_disk().list(directory);
  if (!names) return fail(names.error());
  std::vector<SetAside> list;
  for (const std::string& name : *names) {
    const auto time_ms = time_of(name);
    if (time_ms) list.push_back(describe(directory + "/" + name, *time_ms));
  }
  std::sort(list.begin(), list.end(),
            [](const SetAside& a, const SetAside& b) { return a.time_ms < b.time_ms; });
  return list;
}

Status prune_set_aside(const std::string& directory, uint64_t lineage,
                       const std::set<uint64_t>& given_up) {
  auto list = list_set_aside(directory);
  if (!list) return fail(list.error());
  std::erase_if(*list, [&](const SetAside& aside) { return is_kept(aside, lineage, given_up); });
  for (size_t i = 0; i + kKeepSetAside < list->size(); ++i) {
    if (Status removed = remove_all((*list)[i].path); !removed) return removed;
    log::info("removed old data that was set aside", {{"directory", (*list)[i].path}});
  }
  return {};
}

Result<bool> remove_directory(const std::string& directory, uint64_t lineage,
                              const std::set<uint64_t>& given_up) {
  const auto list = list_set_aside(directory);
  if (!list && list.error().kind == ErrorKind::kNotFound) return true;
  const auto names = system_disk().list(directory);
  if (!list || !names) return fail(list ? names.error() : list.error());
  std::set<std::string> kept;
  for (const SetAside& aside : *list) {
    if (is_kept(aside, lineage, given_up)) kept.insert(aside.path);
  }
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    if (kept.contains(path)) continue;
    if (Status removed = remove_all(path); !removed) return fail(removed.error());
  }
  if (!kept.empty()) return false;
  if (Status removed = remove_all(directory); !removed) return fail(removed.error());
  return true;
}

}  // namespace tandem::storage
