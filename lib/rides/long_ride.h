// A ride with so many riders, or with such long names, that one answer of the database does not
// hold it (GET rides/{rideId}), put together from several. Pure: the caller carries requests and
// replies.
//
//   LongRide ride(ride_id);
//   ask for ride.next_request(): a good reply goes to add(), one too large to be sent to shrink();
//   until add() says that it was the last; then answer().
//
// Pages follow each other by the names of the riders, so one who is there all the time is shown
// once, and one who comes or goes meanwhile may be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rides/answer.h"
#include "rides/timestamp.h"
#include "wire/json.h"

namespace tandem::rides {

class LongRide {
 public:
  static constexpr int64_t kPageRows = 50'000;

  explicit LongRide(int64_t ride_id) : ride_id_(ride_id) {}

  std::string next_request() const;
  // The body of a good reply; true: it was the last page. Fails with kCorrupt.
  Result<bool> add(std::string_view body);
  // Asks for less at a time; false: less than one row cannot be asked for.
  bool shrink();
  // As show_ride_answer: the riders in the order in which they joined; 204 where there is no such
  // ride, or no longer.
  Answer answer(const TimeZone& zone);

 private:
  const int64_t ride_id_;
  int64_t limit_ = kPageRows;
  wire::Json ride_;                                      // as the last page had it; null: none
  std::vector<std::pair<int64_t, std::string>> riders_;  // with the number of their joining
};

}  // namespace tandem::rides
