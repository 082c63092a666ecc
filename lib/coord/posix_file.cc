#include "coord/posix_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/ids.h"
#include "loop/regular_file.h"

namespace tandem::coord {
namespace {

Status write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t n = write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot write to '" + path + "'", errno);
    data.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

std::string directory_above(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void FileDescriptor::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

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

Status directory_is_there(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  if (errno != ENOENT && errno != ENOTDIR) return {};  // not known: what is done next tells
  return fail(ErrorKind::kUnavailable, "the directory '" + path + "' was removed");
}

Status sync_directory(const std::string& path) {
  const Result<FileDescriptor> directory = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return fail(directory.error());
  if (fsync(directory->get()) != 0) return fail_errno("cannot sync '" + path + "'", errno);
  return {};
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

Result<FileDescriptor> open_file(const std::string& path, int flags) {
  FileDescriptor file(open(path.c_str(), flags | loop::kWithoutWaiting, 0600));
  if (file.get() < 0) return fail_errno("cannot open '" + path + "'", errno);
  const bool of_any_kind = (flags & O_DIRECTORY) != 0;
  const Status regular = of_any_kind ? Status() : loop::check_regular(file.get(), path);
  if (!regular) return fail(regular.error());
  return file;
}

Result<std::optional<std::string>> read_file(const std::string& path) {
  const Result<FileDescriptor> file = open_file(path, O_RDONLY);
  if (!file && file.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!file) return fail(file.error());
  std::string content;
  char buffer[4096];
  while (true) {
    const ssize_t n = read(file->get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot read '" + path + "'", errno);
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
  }
}

Status write_new_file(const std::string& path, std::string_view content) {
  const Result<FileDescriptor> file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return fail(file.error());
  Status status = write_all(file->get(), content, path);
  if (status && fsync(file->get()) != 0) status = fail_errno("cannot sync '" + path + "'", errno);
  if (!status) unlink(path.c_str());
  return status;
}

void SpareFiles::refill() const {
  const auto names = list_directory(directory_);
  if (!names) return;
  for (size_t have = names->size(); have < kWanted; ++have) {
    const std::string path = directory_ + "/" + hex_id(random_id());
    if (!write_new_file(path, std::string(kBytes, '\0'))) break;
    if (have + 1 == kWanted) static_cast<void>(sync_directory(directory_));
  }
}

Status SpareFiles::write(const std::string& path, std::string_view content) const {
  Status written = write_new_file(path, content);
  if (written || written.error().kind != ErrorKind::kNoSpace || content.size() > kBytes) {
    return written;
  }
  const auto names = list_directory(directory_);
  if (!names) return written;
  for (const std::string& name : *names) {
    // Who renames it has it: another process may be after the same.
    if (std::rename((directory_ + "/" + name).c_str(), path.c_str()) == 0) {
      return write_over(path, content);
    }
  }
  return written;
}

Status SpareFiles::write_over(const std::string& path, std::string_view content) const {
  const Result<FileDescriptor> file = open_file(path, O_WRONLY);
  if (!file) return fail(file.error());
  Status status = write_all(file->get(), content, path);
  if (status && (ftruncate(file->get(), static_cast<off_t>(content.size())) != 0 ||
                 fsync(file->get()) != 0)) {
    status = fail_errno("cannot write to '" + path + "'", errno);
  }
  if (!status) unlink(path.c_str());
  return status;
}

Result<bool> name_exclusively(const std::string& from, const std::string& to) {
  if (link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  const int linked = errno;
  if (linked != ENOSPC && linked != EDQUOT && linked != EMLINK) {
    return fail_errno("cannot create '" + to + "'", linked);
  }
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  return fail_errno("cannot create '" + to + "'", linked);
}

Status replace_file(const SpareFiles& spares, const std::string& temporary,
                    const std::string& directory, const std::string& name,
                    std::string_view content) {
  if (Status written = spares.write(temporary, content); !written) return written;
  const std::string path = directory + "/" + name;
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return fail_errno("cannot rename '" + temporary + "' to '" + path + "'", error);
  }
  return sync_directory(directory);
}

Result<bool> try_flock(const FileDescriptor& file, int operation, const std::string& path) {
  while (flock(file.get(), operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return fail_errno("cannot lock '" + path + "'", errno);
  }
  return true;
}

bool names_same_file(const std::string& path, const FileDescriptor& file) {
  struct stat by_name {};
  struct stat by_fd {};
  return stat(path.c_str(), &by_name) == 0 && fstat(file.get(), &by_fd) == 0 &&
         by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

}  // namespace tandem::coord
