#include "areas_file.h"

#include "file/file.h"

namespace tandem::rs_rides {
namespace {

constexpr size_t kMaxFileBytes = 16 << 20;

}  // namespace

Result<rides::Areas> load_areas(const std::string& path) {
  const auto text = file::read_input(path, kMaxFileBytes);
  if (!text) return fail(ErrorKind::kConfig, "areas.file: " + text.error().message);
  auto areas = rides::parse_areas(*text);
  if (!areas)
    return fail(ErrorKind::kConfig, "areas.file '" + path + "': " + areas.error().message);
  return areas;
}

}  // namespace tandem::rs_rides
