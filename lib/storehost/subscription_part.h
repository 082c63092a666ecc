// The subscription of a front (store/subscription.h) as a part of its process.
#pragma once

#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "daemon/part.h"
#include "store/subscription.h"

namespace tandem::storehost {

class SubscriptionPart final : public daemon::Part {
 public:
  // `subscription` outlives this.
  explicit SubscriptionPart(store::Subscription& subscription) : subscription_(subscription) {}

  std::string_view name() const override { return "subscription"; }
  void start(UniqueFunction<void(Status)> done) override {
    subscription_.start();
    done({});
  }
  void drain(UniqueFunction<void()> done) override {
    subscription_.stop();
    done();
  }

 private:
  store::Subscription& subscription_;
};

}  // namespace tandem::storehost
