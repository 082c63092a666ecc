#include "client_file.h"

#include <sys/stat.h>
#include <unistd.h>

namespace tandem::client {
namespace {

constexpr const char* kPath = "run/client.toml";

bool is_trusted(const struct stat& file) {
  return file.st_uid == geteuid() || file.st_uid == 0 || geteuid() == 0;
}

}  // namespace

std::string find_client_file(const std::string& tandem_dir,
                             const std::function<void(const std::string&)>& warn) {
  const std::string below = tandem_dir.empty() ? "" : tandem_dir + "/" + kPath;
  for (const std::string& path : {below, std::string(kPath)}) {
    struct stat file {};
    if (path.empty() || stat(path.c_str(), &file) != 0) continue;
    if (is_trusted(file)) return path;
    warn("'" + path + "' belongs to another user and is not read; name it with --config");
  }
  return "";
}

}  // namespace tandem::client
