#include "list_users.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "rides/user_list.h"
#include "rideshare/db_call.h"

namespace tandem::rs_users {
namespace {

using rideshare::CallOptions;
using rideshare::DbClient;

using http::Responder;
using http::SharedAnswers;

// The listing under way. It is owned by the completion of the read that it waits for.
class Listing {
 public:
  Listing(const SharedAnswers& answers, DbClient& db, const CallOptions& options)
      : answers_(answers), read_(db, options) {}

  void answer_with(UniqueFunction<void(SharedAnswers::Send)> done) { done_ = std::move(done); }

  static void ask(std::unique_ptr<Listing> self) {
    const std::string request = self->list_.next_request();
    const rideshare::LongRead& read = self->read_;
    read.ask(request, [self = std::move(self)](const Result<wire::Response>& result) mutable {
      if (self->take(result)) ask(std::move(self));
    });
  }

 private:
  // True: there is more to ask for. Else the client has its answer.
  bool take(const Result<wire::Response>& result) {
    if (rideshare::is_too_large(result) && list_.shrink()) return go_on();
    if (!result) return finish(rides::error_answer(result.error()));
    if (result->status != 200) {
      return finish(rides::pass_on({result->status, result->body}));
    }
    read_.saw(result->index);
    const auto complete = list_.add(result->body);
    if (!complete) return finish(rides::error_answer(complete.error()), result->index);
    if (!*complete) return go_on();
    return finish(std::move(list_).answer(), result->index);
  }

  // Not for nobody.
  bool go_on() {
    if (answers_.wanted()) return true;
    return finish({503, {}});
  }

  bool finish(rides::Answer answer, uint64_t index = 0) {
    done_([answer = std::move(answer), index](Responder& responder) {
      rideshare::send(responder, answer, index);
    });
    return false;
  }

  const SharedAnswers& answers_;

  rideshare::LongRead read_;
  rides::UserList list_;
  UniqueFunction<void(SharedAnswers::Send)> done_;
};

}  // namespace

void list_users(SharedAnswers& answers, DbClient& db, const CallOptions& options,
                Responder responder) {
  const std::string kind = std::to_string(static_cast<int>(options.consistency)) + ' ' +
                           std::to_string(options.min_index);
  answers.answer(kind, std::move(responder),
                 [listing = std::make_unique<Listing>(answers, db, options)](auto done) mutable {
                   listing->answer_with(std::move(done));
                   Listing::ask(std::move(listing));
                 });
}

}  // namespace tandem::rs_users
