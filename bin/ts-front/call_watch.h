// Counts what clients ask of the store, for the status: queries of products and orders as reads,
// whatever changes something as writes.
#pragma once

#include "group/call_stats.h"
#include "http/observer.h"

namespace tandem::front {

class CallWatch final : public http::Observer {
 public:
  void on_finished(const http::Finished& finished) override {
    const bool is_store =
        finished.pattern.starts_with("/products") || finished.pattern.starts_with("/orders");
    if (!is_store) return;
    using Kind = group::CallStats::Kind;
    const bool reads =
        finished.method == http::Method::kGet || finished.method == http::Method::kHead;
    calls_.ended(reads ? Kind::kRead : Kind::kWrite, finished.status, finished.duration_ns / 1000);
  }

  const group::CallStats& calls() const { return calls_; }

 private:
  group::CallStats calls_;
};

}  // namespace tandem::front
