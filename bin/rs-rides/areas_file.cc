#include "areas_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>

using tandem::ErrorKind;
using tandem::fail;

namespace {

constexpr size_t kMaxFileBytes = 16 << 20;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

tandem::Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "re"));
  if (!file) return tandem::fail_errno("cannot open '" + path + "'", errno);
  std::string text;
  char buffer[64 << 10];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file.get())) > 0) {
    text.append(buffer, got);
    if (text.size() > kMaxFileBytes) return fail(ErrorKind::kConfig, "'" + path + "' is too large");
  }
  if (std::ferror(file.get()) != 0) {
    return tandem::fail_errno("cannot read '" + path + "'", errno);
  }
  return text;
}

}  // namespace

tandem::Result<tandem::rides::Areas> load_areas(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(ErrorKind::kConfig, "areas.file: " + text.error().message);
  auto areas = tandem::rides::parse_areas(*text);
  if (!areas)
    return fail(ErrorKind::kConfig, "areas.file '" + path + "': " + areas.error().message);
  return areas;
}
