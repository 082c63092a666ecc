#include "coord/member_locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/host_name.h"
#include "file/file.h"

namespace tandem::coord {
namespace {

enum class LockState { kOther, kFree, kHeld };  // kOther: the path names no or another file by now

Result<LockState> look_at_lock(const Member& member, const Host& here) {
  if (!is_here(member, here)) return LockState::kOther;
  // Read-only, so that the probe neither makes the file nor looks like its holder closing it.
  const Result<file::Descriptor> file = file::open_regular(member.lock_path, O_RDONLY);
  if (!file && file.error().kind == ErrorKind::kNotFound) return LockState::kOther;
  if (!file) return fail(file.error());
  struct stat status {};
  if (fstat(file->get(), &status) != 0) {
    return fail_errno("cannot stat '" + member.lock_path + "'", errno);
  }
  if (status.st_dev != member.lock_device || status.st_ino != member.lock_inode) {
    return LockState::kOther;
  }
  const Result<bool> locked = file::try_flock(*file, LOCK_SH, member.lock_path);
  if (!locked) return fail(locked.error());
  if (!*locked) return LockState::kHeld;
  return file::names_same_file(member.lock_path, *file) ? LockState::kFree : LockState::kOther;
}

}  // namespace

Host this_host(const std::string& name) {
  Host host{name.empty() ? host_name() : name, {}};
  const auto boot = file::read_if_there("/proc/sys/kernel/random/boot_id");
  if (boot && *boot) host.boot_id = (*boot)->substr(0, (*boot)->find('\n'));
  return host;
}

// Entries of older programs name no host; containers and network namespaces of one host share its
// boot id, which is why the name counts too.
bool is_here(const Member& member, const Host& here) {
  return (member.host.empty() || member.host == here.name) && !here.boot_id.empty() &&
         member.boot_id == here.boot_id;
}

Status may_replace(const Member& earlier, const Member& later, const Host& here) {
  const bool same_directory =
      earlier.lock_device == later.lock_device && earlier.lock_inode == later.lock_inode;
  if (same_directory) return {};
  const Result<LockState> state = look_at_lock(earlier, here);
  if (!state || *state != LockState::kHeld) return {};
  return fail(ErrorKind::kBusy, "replica " + std::to_string(later.id) + " runs already: process " +
                                    std::to_string(earlier.pid) + " holds '" + earlier.lock_path +
                                    "'");
}

Result<bool> lock_proves_death(const Member& member, const Host& here) {
  const Result<LockState> state = look_at_lock(member, here);
  if (!state) return fail(state.error());
  return *state == LockState::kFree;
}

}  // namespace tandem::coord
