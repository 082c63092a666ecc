#include "handlers.h"

#include <string>
#include <utility>

#include "list_users.h"
#include "rides/user.h"
#include "rideshare/db_call.h"

namespace tandem::rs_users {

using http::Request;
using http::Responder;
using rides::DbReply;
using rideshare::answer_write;
using rideshare::refuse;

UserHandlers::UserHandlers(loop::Loop& loop, rideshare::DatabaseLink& database,
                           const UsersConfig& config)
    : database_(database),
      max_username_bytes_(config.max_username_bytes),
      listings_(loop, config.database.calls.timeout_ms, [](Responder& responder) {
        responder.error(503, "the list of users could not be made in time");
      }) {}

void UserHandlers::create(const Request& request, Responder responder) {
  auto user = rides::parse_new_user(request.body, max_username_bytes_);
  if (!user) return refuse(responder, user.error());
  const std::string body = rides::create_user_request(*user);
  answer_write(database_.client(), request, body, std::move(responder),
               [user = std::move(*user)](const DbReply& reply) {
                 return rides::create_user_answer(user, reply);
               });
}

void UserHandlers::list(const Request& request, Responder responder) {
  const auto options = rideshare::read_options(request);
  if (!options) return refuse(responder, options.error());
  list_users(listings_, database_.client(), *options, std::move(responder));
}

void UserHandlers::remove(const Request& request, Responder responder) {
  std::string username(request.param("username"));
  const std::string body = rides::delete_user_request(username);
  answer_write(database_.client(), request, body, std::move(responder),
               [username = std::move(username)](const DbReply& reply) {
                 return rides::delete_user_answer(username, reply);
               });
}

}  // namespace tandem::rs_users
