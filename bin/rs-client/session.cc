#include "session.h"

#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "help.h"

namespace tandem::client {
namespace {

constexpr size_t kBesideTheBatch = 4;  // requests that a command makes at a time on its own

}  // namespace

Session::Session(Settings given)
    : settings(std::move(given)),
      console(settings.verbose),
      output(settings.format),
      fetcher(loop, {.max_in_flight = settings.concurrency + kBesideTheBatch}),
      caller(loop, fetcher, console, settings.timeout_ms) {
  caller.set_url_origins(settings.url_origins);
}

Result<Reply> Session::ask(Call call) {
  std::optional<Result<Reply>> answered;
  const Call::Kind kind = call.kind;
  const std::string key = call.key;
  std::optional<loop::Signal> on_int;
  std::optional<loop::Signal> on_term;
  if (kind != Call::Kind::kRead) {
    on_int.emplace(loop, SIGINT, [&] { end_interrupted(kind, key); });
    on_term.emplace(loop, SIGTERM, [&] { end_interrupted(kind, key); });
  }
  caller.call(std::move(call), [&](Result<Reply> reply) {
    answered = std::move(reply);
    loop.stop();
  });
  loop.run();
  CHECK(answered);
  if (*answered && kind == Call::Kind::kWrite) {
    output.tell_if_lost("it was done; print its result again: " + again.with_key(key), true);
  } else if (*answered && kind == Call::Kind::kOnce) {
    output.tell_if_lost("it was done", true);
  }
  if (*answered || kind != Call::Kind::kWrite || !is_open(answered->error())) {
    return std::move(*answered);
  }
  return fail(with_finish(answered->error(), key));
}

Error Session::with_finish(Error error, const std::string& key) {
  unknown_key_ = key;
  error.message += "; finish it once: " + again.with_key(key);
  return error;
}

void Session::end_interrupted(Call::Kind kind, const std::string& key) {
  Error error{ErrorKind::kUnknown, "interrupted; may have been done"};
  if (kind == Call::Kind::kWrite) error = with_finish(std::move(error), key);
  const ExitStatus status = report(error);
  output.flush();
  std::_Exit(static_cast<int>(status));
}

Call Session::read(std::string method, std::string url) const {
  if (settings.consistency != "default") {
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += "consistency=" + settings.consistency;
  }
  Call call{.kind = Call::Kind::kRead, .method = std::move(method), .url = std::move(url)};
  if (!settings.db_index.empty()) call.headers.push_back("X-Db-Index: " + settings.db_index);
  return call;
}

uint64_t Session::follow(fetch::Request request, fetch::Fetcher::Completion done) {
  request.timeout_ms = 0;
  request.connect_timeout_ms = settings.timeout_ms;
  const auto id = fetcher.fetch(std::move(request), std::move(done));
  return id ? *id : 0;
}

Call Session::write(std::string method, std::string url, std::string body) const {
  return Call{.kind = Call::Kind::kWrite,
              .method = std::move(method),
              .url = std::move(url),
              .body = std::move(body),
              .key = write_key()};
}

std::string Session::write_key() const {
  return settings.key.empty() ? random_key() : settings.key;
}

ExitStatus Session::report(const Error& error) {
  console.say(error.message);
  if (error.kind == ErrorKind::kUsage) console.show(usage_of_command(again.command));
  if (is_open(error) && !unknown_key_.empty() && output.format() == Format::kJson) {
    const wire::Json row = wire::Json::Object{
        {"outcome", "unknown"}, {"key", unknown_key_}, {"finish", again.with_key(unknown_key_)}};
    output.write_json(row.dump());
  }
  return exit_status_of(error.kind);
}

ExitStatus Session::print(const Reply& reply, std::string_view empty) {
  const std::string_view body = reply.body.empty() ? empty : std::string_view(reply.body);
  const auto json = wire::parse_json(body.empty() ? "[]" : body);
  if (!json) return report(no_sense(json.error(), reply));
  if (output.format() == Format::kJson) {
    output.write_json(body);
  } else {
    output.print(*json);
  }
  return ExitStatus::kOk;
}

ExitStatus Session::ask_and_print(Call call, std::string_view empty) {
  const Result<Reply> reply = ask(std::move(call));
  return reply ? print(*reply, empty) : report(reply.error());
}

}  // namespace tandem::client
