// The HTTP API of the database service: routes of rs-orch.
#pragma once

#include <cstdint>

#include "group/exports.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/router.h"
#include "orchestrator.h"

namespace tandem::orch {

class HttpApi {
 public:
  explicit HttpApi(Orchestrator& orchestrator);

  void add_routes(http::Router& router);

 private:
  // Streams an export or a backup.
  void give(const http::Request& request, http::Responder responder, wire::Method method,
            group::Exports::Whole whole = {});
  void db_read(const http::Request& request, http::Responder responder);
  void db_write(const http::Request& request, http::Responder responder);
  void db_clear(const http::Request& request, http::Responder responder);
  void db_export(const http::Request& request, http::Responder responder);
  void db_backup(const http::Request& request, http::Responder responder);
  void db_schema(const http::Request& request, http::Responder responder);
  void create_slave(const http::Request& request, http::Responder responder);
  void crash_master(const http::Request& request, http::Responder responder);
  void crash_slave(const http::Request& request, http::Responder responder);
  void worker_list(const http::Request& request, http::Responder responder);
  void worker_status(const http::Request& request, http::Responder responder);
  void worker_transfer(const http::Request& request, http::Responder responder);
  void worker_restart(const http::Request& request, http::Responder responder);
  void accept_loss(const http::Request& request, http::Responder responder);
  void orchestrator(const http::Request& request, http::Responder responder);
  void status(const http::Request& request, http::Responder responder);
  void events(const http::Request& request, http::Responder responder);
  void tell(const http::Request& request, http::Responder responder);
  void history(const http::Request& request, http::Responder responder);

  Orchestrator& orchestrator_;
  const group::Exports::Ask ask_;  // not counted for scaling
  group::Exports exports_;
  int64_t next_drill_ms_ = 0;  // of the boot clock: when one may be told
};

}  // namespace tandem::orch
