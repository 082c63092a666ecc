#include "search_rides.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "rides/ride_calls.h"
#include "rideshare/db_call.h"

namespace tandem::rs_rides {
namespace {

using rideshare::CallOptions;
using rideshare::DbClient;

constexpr int64_t kShrinkFactor = 8;

// One search under way. It is owned by the completion of the read that it waits for.
class Searching {
 public:
  Searching(DbClient& db, const CallOptions& options, const Search& search,
            const rides::TimeZone& zone, http::Responder responder)
      : db_(db),
        request_id_(options.request_id),
        consistency_(options.consistency),
        min_index_(options.min_index),
        search_(search),
        zone_(zone),
        responder_(std::move(responder)) {}

  static void ask(std::unique_ptr<Searching> self) {
    DbClient& db = self->db_;
    CallOptions options;
    options.request_id = self->request_id_;
    options.consistency = self->consistency_;
    options.min_index = self->min_index_;
    const Search& search = self->search_;
    const std::string request =
        rides::search_rides_request(search.route, search.now_ms, search.limit);
    db.read(request, options, [self = std::move(self)](Result<wire::Response> result) mutable {
      if (self->fits(result)) return self->finish(result);
      ask(std::move(self));
    });
  }

 private:
  // False: the answer was too large for a message (names can be long); it is to be asked for again
  // with fewer rides.
  bool fits(const Result<wire::Response>& result) {
    if (!rideshare::is_too_large(result) || search_.limit == 1) return true;
    search_.limit = std::max<int64_t>(search_.limit / kShrinkFactor, 1);
    return false;
  }

  void finish(const Result<wire::Response>& result) {
    if (!result) return rideshare::send(responder_, result.error());
    rideshare::send(responder_, rides::search_rides_answer({result->status, result->body}, zone_),
                    result->index);
  }

  DbClient& db_;
  const std::string request_id_;
  const wire::Consistency consistency_;
  const uint64_t min_index_;
  Search search_;
  const rides::TimeZone& zone_;
  http::Responder responder_;
};

}  // namespace

void search_rides(DbClient& db, const CallOptions& options, const Search& search,
                  const rides::TimeZone& zone, http::Responder responder) {
  Searching::ask(std::make_unique<Searching>(db, options, search, zone, std::move(responder)));
}

}  // namespace tandem::rs_rides
