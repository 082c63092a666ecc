#include "areas_file.h"

#include "file/file.h"

using tandem::ErrorKind;
using tandem::fail;

namespace {

constexpr size_t kMaxFileBytes = 16 << 20;

}  // namespace

tandem::Result<tandem::rides::Areas> load_areas(const std::string& path) {
  const auto text = tandem::file::read_input(path, kMaxFileBytes);
  if (!text) return fail(ErrorKind::kConfig, "areas.file: " + text.error().message);
  auto areas = tandem::rides::parse_areas(*text);
  if (!areas)
    return fail(ErrorKind::kConfig, "areas.file '" + path + "': " + areas.error().message);
  return areas;
}
