#include "target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/ids.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::client {
namespace {

constexpr mode_t kDirectoryMode = 0700;

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string temporary_name(const std::string& path) {
  return path + "." + hex_id(random_id()) + ".tmp";
}

// A file of that name is replaced; a device or a pipe would be, too.
Status check_replaceable(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0 || S_ISREG(about.st_mode)) return {};
  return fail(ErrorKind::kCannotCreate,
              "'" + path + "' is there, and is no file: '> " + path + "' writes into it");
}

// What is not there is made; an empty directory is replaced.
Status check_new_directory(const std::string& path) {
  struct stat about {};
  if (lstat(path.c_str(), &about) != 0) return {};
  const auto names = S_ISDIR(about.st_mode) ? file::list_directory(path)
                                            : Result<std::vector<std::string>>({"itself"});
  if (!names) return fail(names.error());
  if (names->empty()) return {};
  return fail(ErrorKind::kCannotCreate,
              "'" + path + "' is there already: name a directory that is not there");
}

}  // namespace

// --- standard output ---

Status StandardOutput::write(std::string_view bytes) {
  if (output_.is_terminal()) return show(bytes);
  output_.write(bytes);
  any_ = true;
  return {};
}

// A terminal gets the lines in a form that does not drive it.
Status StandardOutput::show(std::string_view bytes) {
  line_ += bytes;
  size_t used = 0;
  for (size_t end = line_.find('\n'); end != std::string::npos; end = line_.find('\n', used)) {
    output_.write_json(std::string_view(line_).substr(used, end - used));
    used = end + 1;
  }
  any_ = any_ || used > 0;
  line_.erase(0, used);
  return {};
}

Status StandardOutput::finish() {
  output_.flush();
  return {};
}

// --- a file ---

Result<std::unique_ptr<NewFile>> NewFile::create(std::string path) {
  if (Status good = check_replaceable(path); !good) return fail(std::move(good.error()));
  const std::string temporary = temporary_name(path);
  auto opened =
      file::open_regular(temporary, O_WRONLY | O_CREAT | O_EXCL, ErrorKind::kCannotCreate);
  if (!opened) {
    Error error = std::move(opened.error());
    if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kCannotCreate;
    return fail(std::move(error));
  }
  return std::unique_ptr<NewFile>(
      new NewFile(std::move(path), temporary, std::move(*opened)));  // NOLINT: private
}

NewFile::~NewFile() {
  if (!finished_) unlink(temporary_.c_str());
}

Status NewFile::write(std::string_view bytes) {
  Status written = file::write_at(file_, size_, bytes, temporary_);
  if (written) size_ += bytes.size();
  return written;
}

bool NewFile::begin_anew() {
  if (ftruncate(file_.get(), 0) != 0) return false;
  size_ = 0;
  return true;
}

Status NewFile::finish() {
  if (Status synced = file::sync(file_, temporary_); !synced) return synced;
  if (Status renamed = file::rename(temporary_, path_); !renamed) return renamed;
  finished_ = true;
  return file::sync_directory(parent_of(path_));
}

Result<std::unique_ptr<Target>> open_target(Output& output, const std::string& path,
                                            const std::string& noun) {
  if (path.empty() || path == "-") return std::make_unique<StandardOutput>(output, noun);
  return NewFile::create(path);
}

// --- a directory ---

Result<std::unique_ptr<NewDirectory>> NewDirectory::create(const std::string& given) {
  std::string path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (Status good = check_new_directory(path); !good) return fail(std::move(good.error()));
  const std::string temporary = temporary_name(path);
  if (mkdir(temporary.c_str(), kDirectoryMode) != 0) {
    Error error = fail_errno("cannot create the directory '" + temporary + "'", errno).value();
    if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kCannotCreate;
    return fail(std::move(error));
  }
  return std::unique_ptr<NewDirectory>(new NewDirectory(path, temporary));  // NOLINT: private
}

NewDirectory::~NewDirectory() {
  if (finished_) return;
  if (const auto names = file::list_directory(temporary_)) {
    for (const std::string& name : *names) unlink((temporary_ + "/" + name).c_str());
  }
  rmdir(temporary_.c_str());
}

Status NewDirectory::finish() {
  if (Status synced = file::sync_directory(temporary_); !synced) return synced;
  if (Status renamed = file::rename(temporary_, path_); !renamed) return renamed;
  finished_ = true;
  return file::sync_directory(parent_of(path_));
}

}  // namespace tandem::client
