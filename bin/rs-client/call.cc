#include "call.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "wire/json.h"

namespace tandem::client {
namespace {

// error.message of a body in the services' form, or "".
std::string message_in(std::string_view body) {
  const auto json = wire::parse_json(body);
  if (!json) return "";
  const wire::Json* error = json->find("error");
  const wire::Json* message = error != nullptr ? error->find("message") : nullptr;
  const std::string* text = message != nullptr ? message->as_string() : nullptr;
  return text != nullptr ? *text : "";
}

// The kind of an answer that is a plain no.
std::optional<ErrorKind> kind_of_no(int status) {
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 400) return ErrorKind::kConflict;
  return std::nullopt;
}

ErrorKind kind_of(int status) {
  switch (status) {
    case 404:
    case 405:
    case 429:
    case 502:
    case 503:
      return ErrorKind::kUnavailable;
    case 408:
    case 504:
      return ErrorKind::kTimeout;
    case 507:
      return ErrorKind::kNoSpace;
    case 409:
      return ErrorKind::kConflict;
    default:
      return status >= 400 && status < 500 ? ErrorKind::kBadInput : ErrorKind::kBug;
  }
}

}  // namespace

bool worth_repeating(Call::Kind kind, const Result<fetch::Answer>& answer) {
  const bool nothing_done = answer ? answer->status == 503 || answer->status == 429
                                   : answer.error().kind == ErrorKind::kUnavailable;
  if (nothing_done || kind == Call::Kind::kOnce) return nothing_done;
  if (answer) return answer->status == 502 || answer->status == 504 || answer->status == 408;
  return answer.error().kind == ErrorKind::kUnknown || answer.error().kind == ErrorKind::kTimeout;
}

bool may_be_done(Call::Kind kind, const Result<fetch::Answer>& answer) {
  if (kind == Call::Kind::kRead) return false;
  if (!answer) {
    return answer.error().kind == ErrorKind::kUnknown ||
           answer.error().kind == ErrorKind::kTimeout ||
           answer.error().kind == ErrorKind::kTooLarge;
  }
  switch (answer->status) {
    case 408:
    case 500:
    case 502:
    case 504:
      return true;
    default:
      return false;
  }
}

bool settles(const Result<Reply>& reply) {
  return reply || reply.error().kind == ErrorKind::kBadInput ||
         reply.error().kind == ErrorKind::kConflict || reply.error().kind == ErrorKind::kNotFound;
}

bool is_open(const Error& error) {
  return error.kind == ErrorKind::kUnknown || error.kind == ErrorKind::kBug;
}

Result<Reply> judge(fetch::Answer answer, std::string_view request_id,
                    const std::vector<std::string_view>& no) {
  const std::string_view returned_id = answer.header("X-Request-Id");
  Reply reply{answer.status, {}, std::string(returned_id.empty() ? request_id : returned_id)};
  if (answer.status >= 200 && answer.status < 300) {
    reply.body = std::move(answer.body);
    return reply;
  }
  std::string message = message_in(answer.body);
  const bool says_no = std::find(no.begin(), no.end(), message) != no.end();
  const std::optional<ErrorKind> kind = says_no ? kind_of_no(answer.status) : std::nullopt;
  if (message.empty()) message = "the service gives no reason";
  return fail(kind.value_or(kind_of(answer.status)), message + " (status " +
                                                         std::to_string(answer.status) +
                                                         ", request " + reply.request_id + ")");
}

}  // namespace tandem::client
