// What a replica tells of itself (the method kWorkerInfo), asked over its link by whoever watches
// over a group.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "group/replicas.h"
#include "wire/json.h"

namespace tandem::group {

// Asks all replicas. Calls each(replica, told) for each that is still there when it has answered,
// `told` being nullptr where it did not within half a second, and done() at last. Neither is called
// after `replicas` is gone.
void ask_replicas(Replicas& replicas,
                  std::function<void(const ReplicaLink&, const wire::Json* told)> each,
                  UniqueFunction<void()> done);
// The payload of the question.
std::string info_question();
// What it told; nullopt where it has not answered, or nothing that can be read.
std::optional<wire::Json> told_info(const Result<std::string_view>& answer);

}  // namespace tandem::group
