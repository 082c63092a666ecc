#include "coord/spare_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/ids.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::coord {

void SpareFiles::refill() const {
  const auto names = file::list_directory(directory_);
  if (!names) return;
  for (size_t have = names->size(); have < kWanted; ++have) {
    const std::string path = directory_ + "/" + hex_id(random_id());
    if (!file::write_new(path, std::string(kBytes, '\0'))) break;
    if (have + 1 == kWanted) static_cast<void>(file::sync_directory(directory_));
  }
}

Status SpareFiles::write(const std::string& path, std::string_view content) const {
  Status written = file::write_new(path, content);
  if (written || written.error().kind != ErrorKind::kNoSpace || content.size() > kBytes) {
    return written;
  }
  const auto names = file::list_directory(directory_);
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
  const Result<file::Descriptor> file = file::open_regular(path, O_WRONLY);
  if (!file) return fail(file.error());
  Status status = file::write_at(*file, 0, content, path);
  if (status && (ftruncate(file->get(), static_cast<off_t>(content.size())) != 0 ||
                 fsync(file->get()) != 0)) {
    status = fail_errno("cannot write to '" + path + "'", errno);
  }
  if (!status) unlink(path.c_str());
  return status;
}

Status replace_file(const SpareFiles& spares, const std::string& temporary,
                    const std::string& directory, const std::string& name,
                    std::string_view content) {
  if (Status written = spares.write(temporary, content); !written) return written;
  if (Status renamed = file::rename(temporary, directory + "/" + name); !renamed) {
    unlink(temporary.c_str());
    return renamed;
  }
  return file::sync_directory(directory);
}

}  // namespace tandem::coord
