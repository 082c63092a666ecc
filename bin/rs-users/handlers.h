// What rs-users does with each call. Parsing, requests and answers are lib/rides; here is the order
// of the steps.
#pragma once

#include <cstddef>

#include "config.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/shared_answers.h"
#include "loop/loop.h"
#include "rideshare/database_link.h"

namespace tandem::rs_users {

class UserHandlers {
 public:
  // `loop` and `database` outlive this.
  UserHandlers(loop::Loop& loop, rideshare::DatabaseLink& database, const UsersConfig& config);

  void create(const http::Request& request, http::Responder responder);
  void list(const http::Request& request, http::Responder responder);
  void remove(const http::Request& request, http::Responder responder);

 private:
  rideshare::DatabaseLink& database_;
  const size_t max_username_bytes_;
  http::SharedAnswers listings_;
};

}  // namespace tandem::rs_users
