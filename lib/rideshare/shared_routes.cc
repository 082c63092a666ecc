#include "rideshare/shared_routes.h"

#include <utility>

#include "http/strict.h"
#include "rideshare/db_call.h"

namespace tandem::rideshare {
namespace {

void clear_database(DatabaseLink& database, const http::Request& request,
                    http::Responder responder) {
  const auto options = write_options(request);
  if (!options) return refuse(responder, options.error());
  database.client().clear(
      http::asker_of(request), *options,
      answer_with(std::move(responder), [](const rides::DbReply& reply) {
        return reply.status == 200 ? rides::Answer{200, "{}"} : rides::pass_on(reply);
      }));
}

}  // namespace

void add_shared_routes(http::Router& router, RequestCounter& counter, DatabaseLink& database) {
  // By which a balancer tells the counters of the services apart.
  constexpr http::Known kKnown = {{}, "service"};
  router.add(http::Method::kGet, "/api/v1/_count",
             http::strictly(kKnown, [&counter](const http::Request&, http::Responder responder) {
               responder.json(200, "[" + std::to_string(counter.value()) + "]");
             }));
  router.add(http::Method::kDelete, "/api/v1/_count",
             http::strictly(kKnown, [&counter](const http::Request&, http::Responder responder) {
               counter.reset();
               responder.json(200, "{}");
             }));
  router.add(
      http::Method::kPost, "/api/v1/db/clear",
      http::strictly({}, [&database](const http::Request& request, http::Responder responder) {
        clear_database(database, request, std::move(responder));
      }));
}

void RequestCounting::on_finished(const http::Finished& finished) {
  std::string_view rest = finished.target;
  if (!rest.starts_with(path_)) return;
  rest.remove_prefix(path_.size());
  if (rest.empty() || rest.front() == '/' || rest.front() == '?') counter_.add();
}

}  // namespace tandem::rideshare
