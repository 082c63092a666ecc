#include "consulhost/file_home.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "coord/local.h"
#include "coord/member_files.h"
#include "coord/names.h"
#include "coord/record_files.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::consulhost {
namespace {

Status remove_file(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("cannot remove '" + path + "'", errno);
}

// The floor last: without it, older versions would count.
Status erase(const coord::RecordFiles& files) {
  const std::string directory = files.record_directory();
  const auto versions = file::list_directory(directory);
  if (!versions && versions.error().kind != ErrorKind::kNotFound) return fail(versions.error());
  if (!versions) return {};
  for (const std::string& version : *versions) {
    if (Status removed = remove_file(directory + "/" + version); !removed) return removed;
  }
  if (Status synced = file::sync_directory(directory); !synced) return synced;
  if (Status removed = remove_file(files.group_directory() + "/floor"); !removed) return removed;
  return file::sync_directory(files.group_directory());
}

}  // namespace

Result<bool> lock_is_held(const std::string& path) {
  const auto lock = file::open_regular(path, O_RDONLY);
  if (!lock && lock.error().kind == ErrorKind::kNotFound) return false;
  if (!lock) return fail(lock.error());
  const Result<bool> free = file::try_flock(*lock, LOCK_EX, path);
  if (!free) return fail(free.error());
  return !*free;
}

std::string FileHome::mark() const { return root_ + "/" + coord::kMovedFile; }

// Of the groups, whether or not they have a record.
Result<std::vector<std::string>> FileHome::names() const {
  std::vector<std::string> groups;
  const auto names = file::list_directory(root_);
  if (!names && names.error().kind == ErrorKind::kNotFound) return groups;
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (coord::check_group_name(name) && file::list_directory(root_ + "/" + name)) {
      groups.push_back(name);
    }
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

Result<std::vector<KeptGroup>> FileHome::groups() {
  std::vector<KeptGroup> groups;
  const auto all = names();
  if (!all) return fail(all.error());
  const auto moved_to = file::read_if_there(mark());
  if (!moved_to) return fail(moved_to.error());
  for (const std::string& name : *all) {
    const coord::RecordFiles files(root_ + "/" + name);
    auto record = files.read();
    if (!record) return fail(record.error());
    if (record->version == 0) continue;
    auto last = coord::read_members(files.group_directory() + "/last");
    if (!last) return fail(last.error());
    groups.push_back({name, std::move(*record), std::move(*last), *moved_to});
  }
  return groups;
}

Status FileHome::nobody_lives() {
  const auto all = names();
  if (!all) return fail(all.error());
  for (const std::string& name : *all) {
    const std::string group = root_ + "/" + name;
    const auto locks = file::list_directory(group + "/locks");
    for (const std::string& lock : locks ? *locks : std::vector<std::string>()) {
      if (lock.starts_with('.')) continue;  // .prune, held by nobody who does not hold another one
      const auto held = lock_is_held(group + "/locks/" + lock);
      if (!held) return fail(held.error());
      if (*held) {
        return fail(ErrorKind::kBusy, "a process holds the lock '" + lock + "' of the group '" +
                                          name + "': stop the system first");
      }
    }
    // Also of those that have gone from the registry.
    for (const char* registry : {"/members", "/last"}) {
      const auto members = coord::read_members(group + registry);
      if (!members) return fail(members.error());
      for (const coord::Member& member : *members) {
        if (member.lock_path.empty()) continue;
        const auto held = lock_is_held(member.lock_path);
        if (!held) return fail(held.error());
        if (*held) {
          return fail(ErrorKind::kBusy, "replica " + std::to_string(member.id) + " of the group '" +
                                            name + "' runs: a process holds '" + member.lock_path +
                                            "'; stop the system first");
        }
      }
    }
  }
  return {};
}

Status FileHome::mark_moved(const std::string& to) {
  if (Status made = file::make_directories(root_); !made) return made;
  const std::string fresh = mark() + ".new";
  if (Status removed = remove_file(fresh); !removed) return removed;
  if (Status written = file::write_new(fresh, to); !written) return written;
  if (Status renamed = file::rename(fresh, mark()); !renamed) return renamed;
  return file::sync_directory(root_);
}

Status FileHome::begin_move(const std::string& from) {
  const auto moved_to = file::read_if_there(mark());
  if (!moved_to) return fail(moved_to.error());
  return *moved_to ? Status() : mark_moved(from);
}

// The mark is of all groups.
Status FileHome::end_move(const std::vector<KeptGroup>&) {
  if (Status removed = remove_file(mark()); !removed) return removed;
  return file::sync_directory(root_);
}

Status FileHome::put(const KeptGroup& group, const KeptGroup* there) {
  const coord::RecordFiles files(root_ + "/" + group.name);
  if (there != nullptr) {
    if (Status erased = erase(files); !erased) return erased;
  }
  if (Status made = files.make_directories(); !made) return made;
  const std::string last = files.group_directory() + "/last";
  if (Status made = file::make_directories(last); !made) return made;
  for (const coord::Member& member : group.last) {
    const Status written =
        coord::write_member(files.spares(), last, files.temporary_path(), member);
    if (!written) return written;
  }
  return files.put(group.record);
}

}  // namespace tandem::consulhost
