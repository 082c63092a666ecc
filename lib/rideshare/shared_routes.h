// What rs-users and rs-rides have in common over HTTP:
//
//   GET    /api/v1/_count     200 [603]: requests to the service's calls since the last reset
//   DELETE /api/v1/_count     200 {}
//   POST   /api/v1/db/clear   200 {}: empties the whole database
#pragma once

#include <string>
#include <string_view>

#include "http/observer.h"
#include "http/router.h"
#include "rideshare/database_link.h"
#include "rideshare/request_counter.h"

namespace tandem::rideshare {

// `counter` and `database` outlive the router.
void add_shared_routes(http::Router& router, RequestCounter& counter, DatabaseLink& database);

// Counts the requests below a path such as /api/v1/users, the path itself included, whatever they
// are answered: 404 and 405 below it count too. What could not be read as a request does not.
class RequestCounting final : public http::Observer {
 public:
  // `counter` outlives this.
  RequestCounting(RequestCounter& counter, std::string path)
      : counter_(counter), path_(std::move(path)) {}
  void on_finished(const http::Finished& finished) override;

 private:
  RequestCounter& counter_;
  const std::string path_;
};

}  // namespace tandem::rideshare
