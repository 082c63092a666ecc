#include "rideshare/db_call.h"

#include <string>
#include <utility>
#include <vector>

#include "http/call_request.h"

namespace tandem::rideshare {

Result<CallOptions> read_options(const http::Request& request) {
  const auto words = http::read_words(request);
  if (!words) return fail(words.error());
  CallOptions options;
  options.request_id = words->request_id;
  options.consistency = words->consistency;
  options.min_index = words->min_index;
  return options;
}

Result<CallOptions> write_options(const http::Request& request) {
  auto words = http::write_words(request);
  if (!words) return fail(words.error());
  CallOptions options;
  options.request_id = words->request_id;
  options.key = std::move(words->key);
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

void refuse(http::Responder& responder, const Error& error) {
  send(responder, rides::error_answer(http::status_of(error.kind), error.message));
}

void LongRead::ask(std::string_view body, DbClient::Completion done) const {
  CallOptions options;
  options.request_id = request_id_;
  options.consistency = consistency_;
  options.min_index = min_index_;
  db_.read(body, options, std::move(done));
}

DbClient::Completion answer_with(http::Responder responder, AnswerOf answer_of) {
  return [responder = std::move(responder),
          answer_of = std::move(answer_of)](Result<wire::Response> result) mutable {
    if (!result) return send(responder, result.error());
    send(responder, answer_of({result->status, result->body}), result->index);
  };
}

void answer_read(DbClient& db, const http::Request& request, std::string_view body,
                 http::Responder responder, AnswerOf answer_of) {
  const auto options = read_options(request);
  if (!options) return refuse(responder, options.error());
  db.read(body, *options, answer_with(std::move(responder), std::move(answer_of)));
}

void answer_write(DbClient& db, const http::Request& request, std::string_view body,
                  http::Responder responder, AnswerOf answer_of) {
  const auto options = write_options(request);
  if (!options) return refuse(responder, options.error());
  db.write(body, *options, answer_with(std::move(responder), std::move(answer_of)));
}

void answer_repeated(DbClient& db, const CallOptions& options, std::string_view body,
                     http::Responder responder, AnswerOf answer_of, rides::Answer otherwise) {
  db.repeated(body, options,
              [responder = std::move(responder), answer_of = std::move(answer_of),
               otherwise = std::move(otherwise)](Result<wire::Response> result) mutable {
                const bool cannot_tell = !result && result.error().kind == ErrorKind::kBadInput;
                if (cannot_tell || (result && result->status == 404)) {
                  return send(responder, otherwise);
                }
                if (!result) return send(responder, result.error());
                send(responder, answer_of({result->status, result->body}), result->index);
              });
}

bool is_too_large(const Result<wire::Response>& result) {
  return result ? result->status == 413 : result.error().kind == ErrorKind::kTooLarge;
}

}  // namespace tandem::rideshare
