// What rs-users does with each call. Parsing, requests and answers are lib/rides; here is the order
// of the steps.
#pragma once

#include <cstddef>

#include "config.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/shared_answers.h"
#include "loop/loop.h"
#include "service/database.h"

class UserHandlers {
 public:
  // `loop` and `database` outlive this.
  UserHandlers(tandem::loop::Loop& loop, tandem::service::Database& database,
               const UsersConfig& config);

  void create(const tandem::http::Request& request, tandem::http::Responder responder);
  void list(const tandem::http::Request& request, tandem::http::Responder responder);
  void remove(const tandem::http::Request& request, tandem::http::Responder responder);

 private:
  tandem::service::Database& database_;
  const size_t max_username_bytes_;
  tandem::http::SharedAnswers listings_;
};
