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
      : read_(db, options), search_(search), zone_(zone), responder_(std::move(responder)) {}

  static void ask(std::unique_ptr<Searching> self) {
    const rideshare::LongRead& read = self->read_;
    const Search& search = self->search_;
    const std::string request =
        rides::search_rides_request(search.route, search.now_ms, search.limit);
    read.ask(request, [self = std::move(self)](const Result<wire::Response>& result) mutable {
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

  const rideshare::LongRead read_;
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
