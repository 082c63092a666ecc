#include "join_ride.h"

#include <memory>
#include <utility>

#include "rides/ride_calls.h"
#include "rideshare/db_call.h"

namespace tandem::rs_rides {
namespace {

using rideshare::CallOptions;
using rideshare::DbClient;

// One joining under way. It is owned by the completion of the call that it waits for.
class Joining {
 public:
  Joining(DbClient& db, const CallOptions& options, Join join, http::Responder responder)
      : db_(db),
        request_id_(options.request_id),
        key_(options.key),
        join_(std::move(join)),
        responder_(std::move(responder)) {}

  static void ask_when_it_starts(std::unique_ptr<Joining> self) {
    DbClient& db = self->db_;
    CallOptions options;
    options.request_id = self->request_id_;
    // Whatever the default is: a ride that was just created must be seen here.
    options.consistency = wire::Consistency::kLinearizable;
    const std::string request = rides::start_request(self->join_.ride_id);
    db.read(request, options,
            [self = std::move(self)](const Result<wire::Response>& result) mutable {
              if (!self->ask_went_well(result)) return;
              if (self->is_past(result->body)) return answer_past(std::move(self));
              write(std::move(self));
            });
  }

 private:
  // False: the client has its answer.
  bool ask_went_well(const Result<wire::Response>& result) {
    if (!result) {
      rideshare::send(responder_, result.error());
      return false;
    }
    const rides::DbReply reply{result->status, result->body};
    if (reply.status != 200) {
      rideshare::send(responder_, rides::pass_on(reply));
      return false;
    }
    const auto past = rides::ride_is_past(reply.body, join_.now_ms);
    if (!past) rideshare::send(responder_, rides::error_answer(past.error()));
    return past.has_value();
  }

  bool is_past(std::string_view body) const {
    return rides::ride_is_past(body, join_.now_ms).value_or(false);
  }

  CallOptions write_options() const {
    CallOptions options;
    options.request_id = request_id_;
    options.key = key_;
    return options;
  }
  std::string write_request() const {
    return rides::join_ride_request(join_.ride_id, join_.username);
  }

  // It may have been joined before it was.
  static void answer_past(std::unique_ptr<Joining> self) {
    const auto past = rides::ride_is_past_answer(self->join_.ride_id);
    if (self->key_.empty()) return rideshare::send(self->responder_, past);
    const CallOptions options = self->write_options();
    const std::string request = self->write_request();
    auto answer_of = [join = self->join_](const rides::DbReply& reply) {
      return rides::join_ride_answer(join.ride_id, join.username, reply);
    };
    rideshare::answer_repeated(self->db_, options, request, std::move(self->responder_),
                               std::move(answer_of), past);
  }

  static void write(std::unique_ptr<Joining> self) {
    DbClient& db = self->db_;
    const CallOptions options = self->write_options();
    const std::string request = self->write_request();
    db.write(request, options, [self = std::move(self)](const Result<wire::Response>& result) {
      self->finish(result);
    });
  }

  void finish(const Result<wire::Response>& result) {
    if (!result) return rideshare::send(responder_, result.error());
    rideshare::send(
        responder_,
        rides::join_ride_answer(join_.ride_id, join_.username, {result->status, result->body}),
        result->index);
  }

  DbClient& db_;
  const std::string request_id_;
  const std::string key_;
  const Join join_;
  http::Responder responder_;
};

}  // namespace

void join_ride(DbClient& db, const CallOptions& options, Join join, http::Responder responder) {
  Joining::ask_when_it_starts(
      std::make_unique<Joining>(db, options, std::move(join), std::move(responder)));
}

}  // namespace tandem::rs_rides
