// Time zones of the system's database (tzdata) for ride timestamps.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rides/timestamp.h"

namespace tandem::rideshare {

// "UTC", or a name such as "Asia/Kolkata". kConfig: no such zone, which the C library would take
// for UTC without a word. Reads files, changes nothing.
Status check_zone(const std::string& name);

// The zone. Sets the TZ of the whole process, so there is one zone a process; call it before
// threads exist.
Result<std::unique_ptr<rides::TimeZone>> open_zone(const std::string& name);

}  // namespace tandem::rideshare
