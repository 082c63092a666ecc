// GET /status, GET /events and GET /events/history of ts-front.
#pragma once

#include "events/journal.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/router.h"
#include "status_report.h"

namespace tandem::front {

class StatusRoutes {
 public:
  // `events` and this outlive the router.
  StatusRoutes(const Reported& reported, events::Journal& events)
      : reported_(reported), events_(events) {}

  void add_routes(http::Router& router);

 private:
  void status(const http::Request& request, http::Responder responder);
  void events(const http::Request& request, http::Responder responder);
  void history(const http::Request& request, http::Responder responder);

  const Reported reported_;
  events::Journal& events_;
};

}  // namespace tandem::front
