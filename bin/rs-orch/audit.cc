#include "audit.h"

#include <utility>

#include "base/log.h"
#include "wire/error_body.h"

namespace tandem::orch {
namespace {

// Of an error, else the text itself.
std::string message_of(std::string_view answer) {
  return wire::error_message_in(answer).value_or(std::string(answer));
}

}  // namespace

Audit::Audit(Events& events, Asked asked) : events_(&events), asked_(std::move(asked)) {
  log::info(asked_.what + " is asked for",
            {{"request_id", asked_.request_id}, {"peer", asked_.asker}});
}

void Audit::ended(int status, std::string_view answer) {
  wire::Json fields = asked_.fields;
  fields.set("request_id", asked_.request_id);
  fields.set("peer", asked_.asker);
  fields.set("status", status);
  std::string reason = asked_.what;
  reason += status < 300 ? " is done" : ": " + message_of(answer);
  events_->tell(asked_.kind, reason, std::move(fields));
}

}  // namespace tandem::orch
