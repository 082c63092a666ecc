// The areas from their file.
#pragma once

#include <string>

#include "base/result.h"
#include "rides/areas.h"

namespace tandem::rs_rides {

// Fails with kConfig, naming the file and each bad line.
Result<rides::Areas> load_areas(const std::string& path);

}  // namespace tandem::rs_rides
