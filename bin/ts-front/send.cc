#include "send.h"

namespace tandem::front {

void send(http::Responder& responder, const Answer& answer) {
  if (answer.status == 503) {
    responder.text(503, answer.content_type, answer.body, {{"Retry-After", "1"}});
  } else {
    responder.text(answer.status, answer.content_type, answer.body);
  }
}

void send_change(http::Responder& responder, const Answer& answer, int status,
                 const std::string& key) {
  if (status == 504) {
    responder.text(answer.status, answer.content_type, answer.body, {{"Idempotency-Key", key}});
  } else {
    send(responder, answer);
  }
}

}  // namespace tandem::front
