#include "coord/member_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "coord/member_text.h"
#include "coord/spare_files.h"
#include "file/directories.h"
#include "file/file.h"
#include "wire/sealed_text.h"

namespace tandem::coord {
namespace {

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

}  // namespace

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
  return may_replace(*earlier, member, here);
}

}  // namespace tandem::coord
