// What a replica tells of itself (the method kWorkerInfo), asked over its link by whoever watches
// over a group.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::group {

// The payload of the question.
std::string info_question();
// What it told; nullopt where it has not answered, or nothing that can be read.
std::optional<wire::Json> told_info(const Result<std::string_view>& answer);

}  // namespace tandem::group
