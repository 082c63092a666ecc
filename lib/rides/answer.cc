#include "rides/answer.h"

#include <utility>

#include "wire/error_body.h"
#include "wire/utf8.h"

namespace tandem::rides {
namespace {

constexpr size_t kMaxQuotedBytes = 64;

bool is_error_object(std::string_view body) {
  const auto error = wire::error_in(body);
  return error && error->as_object() != nullptr;
}

tl::unexpected<Error> bad_reply(const std::string& what) {
  return fail(ErrorKind::kCorrupt, "the database's answer makes no sense: " + what);
}

// The database would tell of its own call, whose bounds the client has never set.
Answer too_much() {
  return error_answer(413, "this request takes more than the database does for one");
}

}  // namespace

std::string shortened(std::string_view text) { return wire::shortened(text, kMaxQuotedBytes); }

std::string in_quotes(std::string_view text) { return "'" + shortened(text) + "'"; }

Answer error_answer(int status, std::string_view message) {
  return {status, wire::error_body(status, message)};
}

Answer error_answer(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kBadInput:
      return error_answer(400, error.message);
    case ErrorKind::kTooLarge:
      return too_much();
    case ErrorKind::kUnavailable:
    case ErrorKind::kBusy:
      return error_answer(503, error.message);
    case ErrorKind::kTimeout:
    case ErrorKind::kUnknown:
      return error_answer(504, error.message);
    default:
      return error_answer(500, error.message);
  }
}

Answer pass_on(const DbReply& reply) {
  const bool for_the_client =
      (reply.status >= 400 && reply.status < 500 && reply.status != 404 && reply.status != 405 &&
       reply.status != 413 && (reply.status != 409 || failed_condition(reply) < 0)) ||
      reply.status == 503 || reply.status == 504 || reply.status == 507;
  if (for_the_client && is_error_object(reply.body)) return {reply.status, std::string(reply.body)};
  if (reply.status == 503) return error_answer(503, "the database is not able to answer now");
  if (reply.status == 504) return error_answer(504, "the database did not answer in time");
  if (reply.status == 413) return too_much();
  if (reply.status == 507) return error_answer(507, "the database has no space left");
  return error_answer(500, "the database answered " + std::to_string(reply.status) + " to a call");
}

int64_t failed_condition(const DbReply& reply) {
  if (reply.status != 409) return -1;
  const auto error = wire::error_in(reply.body);
  const wire::Json* condition = error ? error->find("condition") : nullptr;
  const int64_t* number = condition != nullptr ? condition->as_int() : nullptr;
  return number != nullptr ? *number : -1;
}

Result<wire::Json::Array> rows_of(std::string_view body) {
  auto json = wire::parse_json(body);
  if (!json) return bad_reply(json.error().message);
  wire::Json::Array* rows = json->as_array();
  if (rows == nullptr) return bad_reply("rows are " + std::string(json->type_name()));
  return std::move(*rows);
}

Result<int64_t> integer_of(const wire::Json& row, std::string_view column) {
  const wire::Json* value = row.find(column);
  const int64_t* number = value != nullptr ? value->as_int() : nullptr;
  if (number == nullptr) return bad_reply("no integer '" + std::string(column) + "' in a row");
  return *number;
}

Result<std::string> text_of(const wire::Json& row, std::string_view column) {
  const wire::Json* value = row.find(column);
  const std::string* text = value != nullptr ? value->as_string() : nullptr;
  if (text == nullptr) return bad_reply("no text '" + std::string(column) + "' in a row");
  return *text;
}

}  // namespace tandem::rides
