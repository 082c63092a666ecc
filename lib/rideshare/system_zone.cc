#include "rideshare/system_zone.h"

#include <cstdlib>
#include <ctime>

#include "file/file.h"

namespace tandem::rideshare {
namespace {

constexpr std::string_view kZoneFileMagic = "TZif";
constexpr size_t kMaxZoneBytes = 1 << 20;

class SystemZone final : public rides::TimeZone {
 public:
  int64_t offset_s(int64_t utc_s) const override {
    const std::time_t instant = utc_s;
    std::tm local{};
    return ::localtime_r(&instant, &local) == nullptr ? 0 : local.tm_gmtoff;
  }
};

}  // namespace

Status check_zone(const std::string& name) {
  if (name == "UTC") return {};
  const char* directory = std::getenv("TZDIR");
  const std::string path =
      std::string(directory != nullptr ? directory : "/usr/share/zoneinfo") + "/" + name;
  const bool outside = name.empty() || name.front() == '/' || name.find("..") != std::string::npos;
  const auto file = outside ? Result<std::string>() : file::read_input(path, kMaxZoneBytes);
  if (file && file->starts_with(kZoneFileMagic)) return {};
  return fail(ErrorKind::kConfig, "there is no time zone '" + name + "' on this system");
}

Result<std::unique_ptr<rides::TimeZone>> open_zone(const std::string& name) {
  if (auto checked = check_zone(name); !checked) return fail(checked.error());
  if (name == "UTC") return std::make_unique<rides::UtcZone>();
  // The colon makes it a file name for sure, never a POSIX rule.
  if (::setenv("TZ", (":" + name).c_str(), 1) != 0) return fail_errno("cannot set TZ", errno);
  ::tzset();
  return std::make_unique<SystemZone>();
}

}  // namespace tandem::rideshare
