#include "show_ride.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "rides/long_ride.h"
#include "rides/ride_calls.h"
#include "rideshare/db_call.h"

namespace tandem::rs_rides {
namespace {

using rideshare::CallOptions;
using rideshare::DbClient;

// One ride being shown. It is owned by the completion of the read that it waits for.
class Showing {
 public:
  Showing(DbClient& db, const CallOptions& options, int64_t ride_id, const rides::TimeZone& zone,
          http::Responder responder)
      : read_(db, options), zone_(zone), long_ride_(ride_id), responder_(std::move(responder)) {}

  static void ask(std::unique_ptr<Showing> self, const std::string& request) {
    const rideshare::LongRead& read = self->read_;
    read.ask(request, [self = std::move(self)](const Result<wire::Response>& result) mutable {
      if (self->take(result)) ask_for_page(std::move(self));
    });
  }

 private:
  static void ask_for_page(std::unique_ptr<Showing> self) {
    const std::string request = self->long_ride_.next_request();
    ask(std::move(self), request);
  }

  // True: there is more to ask for. Else the client has its answer.
  bool take(const Result<wire::Response>& result) {
    if (rideshare::is_too_large(result)) {
      if (std::exchange(in_pages_, true) && !long_ride_.shrink()) return finish(result);
      return true;
    }
    if (!result || result->status != 200 || !in_pages_) return finish(result);
    read_.saw(result->index);
    const auto complete = long_ride_.add(result->body);
    if (complete && !*complete) return true;
    rideshare::send(responder_,
                    complete ? long_ride_.answer(zone_) : rides::error_answer(complete.error()),
                    result->index);
    return false;
  }

  bool finish(const Result<wire::Response>& result) {
    if (!result) {
      rideshare::send(responder_, result.error());
    } else {
      rideshare::send(responder_, rides::show_ride_answer({result->status, result->body}, zone_),
                      result->index);
    }
    return false;
  }

  rideshare::LongRead read_;
  const rides::TimeZone& zone_;
  rides::LongRide long_ride_;
  bool in_pages_ = false;
  http::Responder responder_;
};

}  // namespace

void show_ride(DbClient& db, const CallOptions& options, int64_t ride_id,
               const rides::TimeZone& zone, http::Responder responder) {
  Showing::ask(std::make_unique<Showing>(db, options, ride_id, zone, std::move(responder)),
               rides::show_ride_request(ride_id));
}

}  // namespace tandem::rs_rides
