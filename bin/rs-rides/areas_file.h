// The areas from their file.
#pragma once

#include <string>

#include "base/result.h"
#include "rides/areas.h"

// Fails with kConfig, naming the file and each bad line.
tandem::Result<tandem::rides::Areas> load_areas(const std::string& path);
