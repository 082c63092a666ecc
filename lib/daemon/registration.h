// This process as a service of Consul, as a Part (consulhost/services.h says what that is). Does
// nothing where the settings say so, and never keeps the process from starting or stopping.
//
//   daemon::Registration registration{daemon, coordination, {.web = &web}};
//   return daemon.run(loop, {&database, &web, &registration});
//
// Put it after the parts that listen, and after the replica where there is one: that ends the process
// where another one has its number, whose service this one would take over.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "consulhost/services.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/http_service.h"
#include "daemon/part.h"

namespace tandem::daemon {

// What tells the service of one process from those of others. All functions outlive the part, and
// are called once it is started.
struct Registered {
  std::string group = {};                     // a tag; empty: it is of none
  std::optional<uint32_t> replica = {};       // its number there
  std::function<std::string()> role = {};     // a tag that may change
  std::function<std::string()> rpc_url = {};  // where it listens for rpc
  HttpService* web = nullptr;                 // its address, and /readyz
  std::function<Status()> ready = {};         // where it has no /readyz
};

class Registration final : public Part {
 public:
  // All of them outlive this.
  Registration(const Daemon& daemon, Coordination& coordination, Registered about);

  std::string_view name() const override { return "registration"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  consulhost::Service describe() const;
  void ask_ready(UniqueFunction<void(Status)> answer) const;

  const Daemon& daemon_;
  Coordination& coordination_;
  const std::string version_;
  const Registered about_;
  std::optional<consulhost::Services> services_;
};

}  // namespace tandem::daemon
