#include "list_users.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "rides/user_list.h"
#include "service/db_call.h"

namespace {

using tandem::Result;
using tandem::dbclient::CallOptions;
using tandem::dbclient::DbClient;

// One listing under way. It is owned by the completion of the read that it waits for.
class Listing {
 public:
  Listing(DbClient& db, const CallOptions& options, tandem::http::Responder responder)
      : db_(db),
        request_id_(options.request_id),
        consistency_(options.consistency),
        index_(options.min_index),
        responder_(std::move(responder)) {}

  static void ask(std::unique_ptr<Listing> self) {
    const std::string request = self->list_.next_request();
    DbClient& db = self->db_;
    CallOptions options;
    options.request_id = self->request_id_;
    options.consistency = self->consistency_;
    options.min_index = self->index_;
    db.read(request, options,
            [self = std::move(self)](Result<tandem::wire::Response> result) mutable {
              if (self->take(result)) ask(std::move(self));
            });
  }

 private:
  // True: there is more to ask for. Else the client has its answer.
  bool take(const Result<tandem::wire::Response>& result) {
    if (tandem::service::is_too_large(result) && list_.shrink()) return responder_.waiting();
    if (!result) {
      tandem::service::send(responder_, result.error());
      return false;
    }
    if (result->status != 200) {
      tandem::service::send(responder_, tandem::rides::pass_on({result->status, result->body}));
      return false;
    }
    // A session never goes back, so no later page may be older than an earlier one.
    index_ = std::max(index_, result->index);
    const auto complete = list_.add(result->body);
    if (complete && !*complete) return responder_.waiting();
    tandem::service::send(responder_,
                          complete ? list_.answer() : tandem::rides::error_answer(complete.error()),
                          result->index);
    return false;
  }

  DbClient& db_;
  const std::string request_id_;
  const tandem::wire::Consistency consistency_;
  uint64_t index_;
  tandem::rides::UserList list_;
  tandem::http::Responder responder_;
};

}  // namespace

void list_users(DbClient& db, const CallOptions& options, tandem::http::Responder responder) {
  Listing::ask(std::make_unique<Listing>(db, options, std::move(responder)));
}
