#include "coord/member_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/host_name.h"
#include "base/ids.h"
#include "base/log.h"
#include "coord/spare_files.h"
#include "file/directories.h"
#include "file/file.h"
#include "wire/json.h"
#include "wire/sealed_text.h"
#include "wire/stored_json.h"

namespace tandem::coord {
namespace {

constexpr std::string_view kFormat = "tandem-member-1";

std::string text_of(const wire::Json& json, std::string_view key, bool& ok) {
  const wire::Json* member = json.find(key);
  ok = ok && member != nullptr && member->as_string() != nullptr;
  return ok ? *member->as_string() : std::string();
}

int64_t integer_of(const wire::Json& json, std::string_view key, bool& ok) {
  const wire::Json* member = json.find(key);
  ok = ok && member != nullptr && member->as_int() != nullptr;
  return ok ? *member->as_int() : 0;
}

// A path may hold any bytes.
std::string stored_of(const wire::Json& json, std::string_view key, bool& ok) {
  auto text = wire::stored_text(json, key);
  ok = ok && text.has_value();
  return std::move(text).value_or("");
}

// Numbers of 64 bits are written as 16 hex digits: JSON's integers are signed here.
uint64_t id_of(const wire::Json& json, std::string_view key, bool& ok) {
  const Result<uint64_t> id = parse_hex_id(text_of(json, key, ok));
  ok = ok && id.has_value();
  return id.value_or(0);
}

Result<Member> read_member(const std::string& path) {
  const auto content = file::read_if_there(path);
  if (!content) return fail(content.error());
  if (!*content) return fail(ErrorKind::kNotFound, "there is no '" + path + "'");
  const auto text = wire::unseal_text(**content);
  if (!text) return fail(ErrorKind::kCorrupt, "member file '" + path + "' is damaged");
  Result<Member> member = decode_member(*text);
  if (!member && member.error().kind == ErrorKind::kConfig) {
    return fail(ErrorKind::kConfig, "member file '" + path + "': " + member.error().message);
  }
  if (!member) {
    return fail(ErrorKind::kCorrupt,
                "member file '" + path + "' is damaged: " + member.error().message);
  }
  return member;
}

enum class LockState { kOther, kFree, kHeld };  // kOther: the path names no or another file by now

// Entries of older programs name no host; containers and network namespaces of one host share its
// boot id, which is why the name counts too.
bool is_here(const Member& member, const Host& here) {
  return (member.host.empty() || member.host == here.name) && !here.boot_id.empty() &&
         member.boot_id == here.boot_id;
}

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

std::string encode_member(const Member& member) {
  wire::Json json;
  json.set("id", static_cast<int64_t>(member.id));
  json.set("storage_id", hex_id(member.storage_id));
  json.set("session", hex_id(member.session));
  wire::set_stored_text(json, "address", member.address);
  wire::set_stored_text(json, "http", member.http);
  json.set("pid", member.pid);
  json.set("start_ticks", hex_id(member.start_ticks));
  json.set("boot_id", member.boot_id);
  wire::set_stored_text(json, "host", member.host);
  wire::set_stored_text(json, "lock_path", member.lock_path);
  json.set("lock_device", hex_id(member.lock_device));
  json.set("lock_inode", hex_id(member.lock_inode));
  json.set("extra", member.extra);
  return json.dump();
}

Result<Member> decode_member(std::string_view text) {
  const Result<wire::Json> json = wire::parse_json(text);
  if (!json) return fail(json.error());
  // Ours does not say; one that a later program writes does.
  const wire::Json* format = json->find("format");
  if (format != nullptr && *format != wire::Json(kFormat)) {
    return fail(ErrorKind::kConfig, "it is of format " + format->dump() + ", this program reads " +
                                        wire::Json(kFormat).dump());
  }
  Member member;
  bool ok = true;
  const int64_t id = integer_of(*json, "id", ok);
  member.id = static_cast<uint32_t>(id);
  member.storage_id = id_of(*json, "storage_id", ok);
  member.session = id_of(*json, "session", ok);
  member.address = stored_of(*json, "address", ok);
  member.http = stored_of(*json, "http", ok);
  member.pid = integer_of(*json, "pid", ok);
  member.start_ticks = id_of(*json, "start_ticks", ok);
  member.boot_id = text_of(*json, "boot_id", ok);
  member.lock_path = stored_of(*json, "lock_path", ok);
  member.lock_device = id_of(*json, "lock_device", ok);
  member.lock_inode = id_of(*json, "lock_inode", ok);
  if (const wire::Json* extra = json->find("extra")) member.extra = *extra;
  if (json->find("host") != nullptr || json->find("host_hex") != nullptr) {
    member.host = stored_of(*json, "host", ok);  // those of older programs have none
  }
  if (!ok || id != static_cast<int64_t>(member.id)) {
    return fail(ErrorKind::kCorrupt, "a field is missing or wrong");
  }
  return member;
}

Status write_member(const SpareFiles& spares, const std::string& directory,
                    const std::string& temporary, const Member& member) {
  return replace_file(spares, temporary, directory, std::to_string(member.id),
                      wire::seal_text(encode_member(member)));
}

Status remove_member(const std::string& directory, uint32_t id, uint64_t session) {
  const std::string path = directory + "/" + std::to_string(id);
  const Result<Member> member = read_member(path);
  if (!member && member.error().kind == ErrorKind::kNotFound) return {};
  if (!member) return fail(member.error());
  if (member->session != session) return {};
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno("cannot remove '" + path + "'", errno);
  }
  return file::sync_directory(directory);
}

Result<std::vector<Member>> read_members(const std::string& directory) {
  std::vector<Member> members;
  const auto names = file::list_directory(directory);
  if (!names && names.error().kind == ErrorKind::kNotFound) return members;
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    Result<Member> member = read_member(directory + "/" + name);
    if (member && std::to_string(member->id) == name) {
      members.push_back(std::move(*member));
    } else if (member || member.error().kind == ErrorKind::kCorrupt ||
               member.error().kind == ErrorKind::kConfig) {
      log::warning("passed over a member",
                   {{"error", member ? "'" + name + "' is not its id" : member.error().message}});
    } else if (member.error().kind != ErrorKind::kNotFound) {
      return fail(member.error());
    }
  }
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.id < b.id; });
  return members;
}

Status check_id_is_free(const std::string& directory, const Member& member, const Host& here) {
  const Result<Member> earlier = read_member(directory + "/" + std::to_string(member.id));
  // Of another format version: not ours to replace.
  if (!earlier && earlier.error().kind == ErrorKind::kConfig) return fail(earlier.error());
  if (!earlier) return {};  // there is none, or a damaged one, which is replaced
  const bool same_directory =
      earlier->lock_device == member.lock_device && earlier->lock_inode == member.lock_inode;
  if (same_directory) return {};
  const Result<LockState> state = look_at_lock(*earlier, here);
  if (!state || *state != LockState::kHeld) return {};
  return fail(ErrorKind::kBusy, "replica " + std::to_string(member.id) + " runs already: process " +
                                    std::to_string(earlier->pid) + " holds '" + earlier->lock_path +
                                    "'");
}

Result<bool> lock_proves_death(const Member& member, const Host& here) {
  const Result<LockState> state = look_at_lock(member, here);
  if (!state) return fail(state.error());
  return *state == LockState::kFree;
}

}  // namespace tandem::coord
