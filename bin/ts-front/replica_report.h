// GET /replicas: what each replica of the orders says of itself, and how the group sees it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "http/responder.h"
#include "render.h"

namespace tandem::front {

// The replicas of the orders, for the report.
class OrderReplicas {
 public:
  using Completion = UniqueFunction<void(Result<std::string_view>)>;
  struct View {
    uint32_t id = 0;
    bool connected = false;
    bool leads = false;
    bool in_sync = false;
  };

  virtual ~OrderReplicas() = default;
  // Those that are configured and those that are known, by id.
  virtual std::vector<View> views() const = 0;
  // Calls a connected one. `done` is called at most once; where the link is given up it is
  // destroyed uncalled.
  virtual void call(uint32_t id, std::string_view payload, uint64_t timeout_ms,
                    Completion done) = 0;
};

// Answers within half a second, however many are silent. `replicas` and `renderer` outlive the
// call.
void report_replicas(OrderReplicas& replicas, const Renderer& renderer, http::Responder responder);

}  // namespace tandem::front
