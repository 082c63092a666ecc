#include "call.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/number.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::client {
namespace {

constexpr const char* kAnotherService = ": another service answers there";

// The kind of an answer that is a plain no.
std::optional<ErrorKind> kind_of_no(int status) {
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 400) return ErrorKind::kConflict;
  return std::nullopt;
}

// What a status that is no success means, for every command: the first row that fits. The exit
// status is that of the kind (base/result.h), and both are in the manual.
struct Meaning {
  int first;
  int last;
  ErrorKind kind;
};
constexpr Meaning kMeanings[] = {
    {401, 401, ErrorKind::kPermission},
    {403, 403, ErrorKind::kPermission},   // taken for a page of another origin
    {404, 404, ErrorKind::kNotFound},     // but where there is no such path
    {405, 405, ErrorKind::kUnavailable},  // another service answers there
    {408, 408, ErrorKind::kTimeout},
    {409, 409, ErrorKind::kConflict},
    {421, 421, ErrorKind::kUnavailable},  // it answers for another host
    {429, 429, ErrorKind::kUnavailable},
    {400, 499, ErrorKind::kBadInput},
    {501, 503, ErrorKind::kUnavailable},
    {504, 504, ErrorKind::kTimeout},
    {505, 505, ErrorKind::kUnavailable},
    {507, 507, ErrorKind::kNoSpace},
    {500, 599, ErrorKind::kBug},
    {0, 999, ErrorKind::kUnavailable},  // a redirection: none of ours
};

ErrorKind kind_of(int status) {
  const auto* found =
      std::find_if(std::begin(kMeanings), std::end(kMeanings), [status](const Meaning& meaning) {
        return meaning.first <= status && status <= meaning.last;
      });
  return found != std::end(kMeanings) ? found->kind : ErrorKind::kUnavailable;
}

// Whether it may change: the service is not able now.
bool is_for_now(int status) { return status == 429 || status == 502 || status == 503; }

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

bool is_another_service(const Error& error) { return error.message.ends_with(kAnotherService); }

bool settles(const Result<Reply>& reply) {
  return reply || reply.error().kind == ErrorKind::kBadInput ||
         reply.error().kind == ErrorKind::kConflict || reply.error().kind == ErrorKind::kNotFound;
}

bool is_open(const Error& error) {
  return error.kind == ErrorKind::kUnknown || error.kind == ErrorKind::kBug;
}

Error no_sense(const Error& parsing, const Reply& reply) {
  return {ErrorKind::kUnavailable, "the answer makes no sense: " + parsing.message + " (request " +
                                       reply.request_id + ")" + kAnotherService};
}

Result<Reply> judge(fetch::Answer answer, std::string_view request_id,
                    const std::vector<std::string_view>& no) {
  const std::string_view returned_id = answer.header("X-Request-Id");
  Reply reply{answer.status,
              {},
              std::string(returned_id.empty() ? request_id : returned_id),
              std::string(answer.header("Allow")),
              parse_number<uint64_t>(answer.header("X-Db-Index")).value_or(0),
              returned_id == request_id};
  if (answer.status >= 200 && answer.status < 300) {
    reply.body = std::move(answer.body);
    return reply;
  }
  std::string message = wire::error_message_in(answer.body).value_or("");
  const bool says_no = std::any_of(
      no.begin(), no.end(), [&](std::string_view start) { return message.starts_with(start); });
  const std::optional<ErrorKind> no_kind = says_no ? kind_of_no(answer.status) : std::nullopt;
  // A 404 may be about the path and not about the thing that was asked for.
  const bool no_path = answer.status == 404 && (message.empty() || message == "no such path");
  const ErrorKind kind =
      no_path ? ErrorKind::kUnavailable : no_kind.value_or(kind_of(answer.status));
  if (message.empty()) message = "the service gives no reason";
  message += " (status " + std::to_string(answer.status) + ", request " + reply.request_id + ")";
  if (kind == ErrorKind::kUnavailable && !is_for_now(answer.status)) message += kAnotherService;
  return fail(kind, message);
}

}  // namespace tandem::client
