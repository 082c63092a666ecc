// A service of the toy store (store/service.h) as a part of a replica's process: what rpc asks goes
// to it, and its answers go back.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "base/function.h"
#include "base/result.h"
#include "daemon/part.h"
#include "replica/endpoint.h"
#include "rpc/server.h"
#include "store/service.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::storehost {

class Part final : public daemon::Part, public replica::Methods {
 public:
  // Adds to what is told of this replica besides.
  using MoreInfo = std::function<void(wire::Json&)>;

  // What the name points to and the service outlive this.
  Part(std::string_view name, store::Service& service, MoreInfo more_info = {})
      : name_(name), service_(service), more_info_(std::move(more_info)) {}

  void on_request(rpc::Reply reply, const wire::Request& request) override;
  void add_info(wire::Json& info) const override;

  std::string_view name() const override { return name_; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override { service_.drain(std::move(done)); }

 private:
  const std::string_view name_;
  store::Service& service_;
  const MoreInfo more_info_;
};

}  // namespace tandem::storehost
