#include "file/directories.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "file/file.h"

namespace tandem::file {
namespace {

std::string directory_above(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    if (mkdir(prefix.c_str(), 0700) == 0) {
      if (Status synced = sync_directory(directory_above(prefix)); !synced) return synced;
    } else if (errno != EEXIST) {
      return fail_errno("cannot create directory '" + prefix + "'", errno);
    }
    if (end == std::string::npos) return {};
  }
}

Status make_parents(const std::string& path, const std::string& failed) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return fail_errno(failed + " '" + parent.string() + "'", error.value());
  return {};
}

Status directory_is_there(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  if (errno != ENOENT && errno != ENOTDIR) return {};  // not known: what is done next tells
  return fail(ErrorKind::kUnavailable, "the directory '" + path + "' was removed");
}

Status sync_directory(const std::string& path) {
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | kWithoutWaiting));
  if (!directory) return fail_errno("cannot open '" + path + "'", errno);
  return sync(directory, path);
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* stream = opendir(path.c_str());
  if (stream == nullptr) return fail_errno("cannot open '" + path + "'", errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int error = errno;
  closedir(stream);
  if (error != 0) return fail_errno("cannot read '" + path + "'", error);
  return names;
}

}  // namespace tandem::file
