#include "batch.h"

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "input.h"
#include "wire/utf8.h"

namespace tandem::client {
namespace {

constexpr size_t kMaxLineBytes = 4 << 20;
// Results that may wait for an older one, for each request in flight.
constexpr size_t kWindowFactor = 16;
constexpr size_t kMaxShownBytes = 64;  // of a key
constexpr uint64_t kProgressMs = 200;
constexpr uint64_t kMostTold = 10;  // lines that failed; the others are counted

int64_t now_ms() { return system_clock().boot_ns() / 1'000'000; }

// Where all further lines would fare no better.
bool ends_all(ErrorKind kind) {
  return kind != ErrorKind::kBadInput && kind != ErrorKind::kConflict &&
         kind != ErrorKind::kNotFound && kind != ErrorKind::kTooLarge;
}

wire::Json json_row(uint64_t line, const wire::Json& result) {
  wire::Json row;
  row.set("line", line);
  if (const wire::Json::Object* members = result.as_object()) {
    for (const auto& [name, value] : *members) row.set(name, value);
  } else {
    row.set("rows", result);
  }
  return row;
}

std::string tsv_rows(uint64_t line, const wire::Json& result) {
  const auto row_of = [line](const wire::Json& value) {
    std::vector<std::string> cells = cells_of(value);
    cells.insert(cells.begin(), std::to_string(line));
    return tsv_row(cells);
  };
  const wire::Json::Array* elements = result.as_array();
  if (elements == nullptr) return row_of(result);
  std::string text;
  for (const wire::Json& element : *elements) text += row_of(element);
  return text;
}

}  // namespace

Status check_keys(const wire::Json& line, std::initializer_list<std::string_view> known) {
  if (line.as_object() == nullptr) return {};
  for (const auto& [key, value] : *line.as_object()) {
    if (key == "line" || std::find(known.begin(), known.end(), key) != known.end()) continue;
    return fail(ErrorKind::kBadInput, "unknown key '" + wire::shortened(key, kMaxShownBytes) + "'");
  }
  return {};
}

Batch::Batch(Session& session, const LineVerb& verb)
    : session_(session),
      verb_(verb),
      key_(session.write_key()),
      lines_(kMaxLineBytes),
      progress_(session.loop, [this] { show_progress(); }) {}

ExitStatus Batch::run() {
  begun_ms_ = now_ms();
  if (session_.console.is_terminal()) progress_.start(kProgressMs, kProgressMs);
  loop::Signal on_int(session_.loop, SIGINT, [this] { interrupt(); });
  loop::Signal on_term(session_.loop, SIGTERM, [this] { interrupt(); });
  pump();
  if (!finished()) session_.loop.run();
  progress_.stop();
  session_.console.progress("");
  session_.output.flush();
  summarize();
  if (early_end_) return *early_end_;
  return failed_ > 0 ? ExitStatus::kBadInput : ExitStatus::kOk;
}

void Batch::pump() {
  const size_t window = session_.settings.concurrency * kWindowFactor;
  while (!early_end_ && in_flight_ < session_.settings.concurrency && rows_.size() < window) {
    const std::optional<Line> line = lines_.next();
    if (!line) break;
    start(*line);
  }
  const bool wants_lines = !early_end_ && in_flight_ < session_.settings.concurrency &&
                           rows_.size() < window && !lines_.done();
  if (wants_lines && !reading_) read_more();
  if (finished()) session_.loop.stop();
}

void Batch::start(const Line& line) {
  last_started_ = line.number;
  const uint64_t ticket = rows_.open();
  Result<Question> question = line.too_long
                                  ? fail(ErrorKind::kBadInput, "the line is longer than 4 MiB")
                                  : verb_.question(session_, line.text);
  if (!question) return settle(ticket, {line.number, fail(question.error())});
  Call& call = question->call;
  if (call.kind == Call::Kind::kWrite) {
    call.key = key_ + ":" + std::to_string(line.number);
    if (!std::exchange(writes_, true)) {
      session_.output.tell_if_lost("lines have been done; finish them once, with the same input: " +
                                       session_.again.with_key(key_),
                                   false);
    }
  }
  std::string key = call.key;
  ++in_flight_;
  session_.caller.call(std::move(call), [this, ticket, number = line.number,
                                         about = std::move(question->about),
                                         key = std::move(key)](Result<Reply> reply) mutable {
    --in_flight_;
    Row row{number, reply ? verb_.result(about, *reply) : Result<wire::Json>(fail(reply.error()))};
    if (!reply && is_open(reply.error())) row.open_key = std::move(key);
    settle(ticket, std::move(row));
    pump();
  });
}

void Batch::read_more() {
  reading_ = true;
  // What was printed must not wait for input that may take long to come.
  if (session_.output.is_terminal()) session_.console.progress("");
  session_.output.flush();
  read_input(session_.loop, [this](Result<std::string_view> bytes) {
    reading_ = false;
    if (!bytes) {
      stop_early(bytes.error());
    } else if (bytes->empty()) {
      lines_.end();
    } else {
      lines_.feed(*bytes);
    }
    pump();
  });
}

void Batch::settle(uint64_t ticket, Row row) {
  // That one may have been done outweighs that others were not.
  if (!row.open_key.empty()) early_end_ = exit_status_of(row.result.error().kind);
  if (!row.result && ends_all(row.result.error().kind) && !early_end_) {
    early_end_ = exit_status_of(row.result.error().kind);
  }
  rows_.put(ticket, std::move(row));
  print_settled();
}

void Batch::print_settled() {
  while (const std::optional<Row> row = rows_.take()) print(*row);
}

void Batch::print(const Row& row) {
  if (!row.result) {
    ++failed_;
    tell_failure(row);
    if (!row.open_key.empty() && session_.output.format() == Format::kJson) {
      const wire::Json open = wire::Json::Object{{"outcome", "unknown"}, {"key", row.open_key}};
      session_.output.write_json(json_row(row.line, open).dump());
    }
    return;
  }
  ++done_;
  Output& output = session_.output;
  if (output.format() == Format::kJson) {
    output.write_json(json_row(row.line, *row.result).dump());
  } else {
    output.write(tsv_rows(row.line, *row.result));
  }
}

// One that may have been done is told however many there are.
void Batch::tell_failure(const Row& row) {
  if (!row.open_key.empty() || told_ < kMostTold) {
    session_.console.say("line " + std::to_string(row.line) + ": " + row.result.error().message);
    ++told_;
  } else if (told_ + 1 == failed_) {
    session_.console.say("further lines that fail are counted");
  }
}

void Batch::stop_early(const Error& error) {
  if (!early_end_) early_end_ = session_.report(error);
}

void Batch::interrupt() {
  early_end_ = ExitStatus::kTimeout;
  session_.console.say(writes_ ? "interrupted: the lines sent last may have been done"
                               : "interrupted");
  session_.loop.stop();
}

bool Batch::finished() const { return in_flight_ == 0 && (early_end_ || lines_.done()); }

void Batch::show_progress() {
  // Where rows run over the terminal there is no place for a line that stays, but where most lines
  // fail nothing else is shown.
  if (session_.output.is_terminal() && failed_ == told_) return;
  const int64_t took_ms = std::max<int64_t>(now_ms() - begun_ms_, 1);
  const int64_t rate = static_cast<int64_t>(done_ + failed_) * 1000 / took_ms;
  std::string text = std::to_string(done_) + " " + verb_.done + ", " + std::to_string(rate) + "/s";
  if (failed_ > 0) text += ", " + std::to_string(failed_) + " failed";
  session_.console.progress(text);
}

void Batch::summarize() {
  if (failed_ > told_) {
    session_.console.say(std::to_string(failed_) + " lines failed, " +
                         std::to_string(failed_ - told_) + " of them are not shown");
  }
  if (early_end_) {
    if (writes_) {
      session_.console.say("finish it once, with the same input: " + session_.again.with_key(key_));
    }
    session_.console.say("stopped: no line after " + std::to_string(last_started_) + " was sent; " +
                         std::to_string(done_) + " " + verb_.done);
  } else if (session_.console.is_terminal()) {
    const int64_t took_ms = now_ms() - begun_ms_;
    session_.console.say(std::to_string(done_) + " " + verb_.done + ", " + std::to_string(failed_) +
                         " failed, in " + std::to_string(took_ms / 1000) + "." +
                         std::to_string(took_ms % 1000 / 100) + " s");
  }
}

ExitStatus run_lines(Session& session, const LineVerb& verb) {
  Batch batch(session, verb);
  return batch.run();
}

}  // namespace tandem::client
