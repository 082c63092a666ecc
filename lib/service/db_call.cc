#include "service/db_call.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/form.h"

namespace tandem::service {
namespace {

constexpr size_t kMaxKeyBytes = 128;

bool parse_index(std::string_view text, uint64_t& index) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<dbclient::CallOptions> read_options(const http::Request& request) {
  dbclient::CallOptions options;
  options.request_id = request.request_id;
  const auto consistency = request.query_value("consistency");
  if (consistency && !wire::parse_consistency(*consistency, options.consistency)) {
    return fail(ErrorKind::kBadInput, "parameter consistency " + rides::in_quotes(*consistency) +
                                          " is not linearizable, session or eventual");
  }
  const auto index = request.header("X-Db-Index");
  if (index && !parse_index(*index, options.min_index)) {
    return fail(ErrorKind::kBadInput,
                "header X-Db-Index " + rides::in_quotes(*index) + " is not an index");
  }
  return options;
}

Result<dbclient::CallOptions> write_options(const http::Request& request) {
  dbclient::CallOptions options;
  options.request_id = request.request_id;
  options.key = request.header("Idempotency-Key").value_or("");
  if (options.key.size() > kMaxKeyBytes) {
    return fail(ErrorKind::kBadInput, "header Idempotency-Key has " +
                                          std::to_string(options.key.size()) +
                                          " bytes, more than the limit of 128");
  }
  if (!http::is_clean_utf8(options.key)) {
    return fail(ErrorKind::kBadInput, "header Idempotency-Key is not UTF-8");
  }
  return options;
}

void send(http::Responder& responder, const rides::Answer& answer, uint64_t index) {
  const std::string index_text = std::to_string(index);
  std::vector<http::NameValue> headers;
  if (index > 0) headers.push_back({"X-Db-Index", index_text});
  if (answer.status == 503) headers.push_back({"Retry-After", "1"});
  http::Response response;
  response.status = answer.status;
  if (!answer.body.empty()) response.content_type = http::kJsonType;
  response.body = answer.body;
  response.headers = headers;
  responder.send(response);
}

void send(http::Responder& responder, const Error& error) {
  send(responder, rides::error_answer(error));
}

dbclient::DbClient::Completion answer_with(http::Responder responder, AnswerOf answer_of) {
  return [responder = std::move(responder),
          answer_of = std::move(answer_of)](Result<wire::Response> result) mutable {
    if (!result) return send(responder, result.error());
    send(responder, answer_of({result->status, result->body}), result->index);
  };
}

void answer_read(dbclient::DbClient& db, const http::Request& request, std::string_view body,
                 http::Responder responder, AnswerOf answer_of) {
  const auto options = read_options(request);
  if (!options) return send(responder, options.error());
  db.read(body, *options, answer_with(std::move(responder), std::move(answer_of)));
}

void answer_write(dbclient::DbClient& db, const http::Request& request, std::string_view body,
                  http::Responder responder, AnswerOf answer_of) {
  const auto options = write_options(request);
  if (!options) return send(responder, options.error());
  db.write(body, *options, answer_with(std::move(responder), std::move(answer_of)));
}

bool is_too_large(const Result<wire::Response>& result) {
  return result ? result->status == 413 : result.error().kind == ErrorKind::kTooLarge;
}

}  // namespace tandem::service
