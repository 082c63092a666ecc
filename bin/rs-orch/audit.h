// What must be found again later: who emptied the database, who accepted a loss. Each leaves a line
// in the log when it is asked for, and an event when it has ended, refused or not. Both have the
// request id and who asked.
#pragma once

#include <string>
#include <string_view>

#include "events.h"
#include "wire/json.h"

namespace tandem::orch {

class Audit {
 public:
  struct Asked {
    std::string kind;  // of the event
    std::string what;  // "emptying the database"
    std::string request_id;
    std::string asker;       // as http::asker_of() says it
    wire::Json fields = {};  // what the event has besides
  };

  // `events` outlives this.
  Audit(Events& events, Asked asked);

  // `answer` is the body of an error, or its message; not looked at where the status is a success.
  void ended(int status, std::string_view answer);

 private:
  Events* events_;
  Asked asked_;
};

}  // namespace tandem::orch
