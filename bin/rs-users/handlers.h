// What rs-users does with each call. Parsing, requests and answers are lib/rides; here is the order
// of the steps.
#pragma once

#include <cstddef>

#include "http/request.h"
#include "http/responder.h"
#include "service/database.h"

class UserHandlers {
 public:
  // `database` outlives this.
  UserHandlers(tandem::service::Database& database, size_t max_username_bytes)
      : database_(database), max_username_bytes_(max_username_bytes) {}

  void create(const tandem::http::Request& request, tandem::http::Responder responder);
  void list(const tandem::http::Request& request, tandem::http::Responder responder);
  void remove(const tandem::http::Request& request, tandem::http::Responder responder);

 private:
  tandem::service::Database& database_;
  const size_t max_username_bytes_;
};
