#include "tables/blocking.h"

#include <utility>

namespace tandem::tables {
namespace {

constexpr uint64_t kLookMs = 50;
constexpr uint64_t kHeldUpMs = 200;  // before it is asked who blocks
constexpr size_t kCopyBytes = size_t{256} << 10;

tl::unexpected<Error> stopped() { return fail(ErrorKind::kTimeout, "stopped"); }

Status status_of(const pg::Outcome& outcome) {
  return outcome ? Status() : fail(outcome.error().error);
}

}  // namespace

BlockingSession::BlockingSession(std::unique_ptr<loop::Loop> loop,
                                 const pg::ConnectOptions& options, Stopping stopping)
    : stopping_(std::move(stopping)),
      loop_(std::move(loop)),
      looks_(*loop_, [this] { look(); }),
      locks_(*loop_, options),
      connection_(std::make_unique<pg::Connection>(*loop_, options)) {
  looks_.start(kLookMs, kLookMs);
}

Result<std::unique_ptr<BlockingSession>> BlockingSession::open(const pg::ConnectOptions& options,
                                                               Stopping stopping) {
  auto loop = loop::Loop::make();
  if (!loop) return fail(std::move(loop.error()));
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<BlockingSession> session(
      new BlockingSession(std::move(*loop), options, std::move(stopping)));
  std::optional<Status> up;
  session->connection_->connect([&up](Status status) { up = std::move(status); });
  if (!session->wait_until([&up] { return up.has_value(); })) return stopped();
  if (!*up) return fail(std::move(up->error()));
  return session;
}

// False: the work is to be stopped.
bool BlockingSession::wait_until(const std::function<bool()>& condition) {
  while (!condition()) {
    if (stopping_ && stopping_()) return false;
    loop_->run_once();
  }
  return true;
}

void BlockingSession::look() {
  if (connection_->waiting_ms() < kHeldUpMs) return locks_.forget();
  locks_.ask(connection_->backend_pid());
}

Error BlockingSession::told(Error why) const {
  if (why.kind == ErrorKind::kBusy) why.message += locks_.reason();
  return why;
}

pg::Outcome BlockingSession::run(pg::Batch batch) {
  // Shared, as whoever stops does not wait for it.
  const auto place = std::make_shared<std::optional<pg::Outcome>>();
  connection_->run(std::move(batch), [place](pg::Outcome got) { *place = std::move(got); });
  if (wait_until([&] { return place->has_value(); })) {
    pg::Outcome& outcome = **place;
    if (!outcome) outcome.error().error = told(outcome.error().error);
    return std::move(outcome);
  }
  connection_->cancel();
  return tl::unexpected(pg::Failure{.error = {ErrorKind::kTimeout, "stopped"}});
}

Status BlockingSession::run_all(const std::vector<std::string>& statements) {
  pg::Batch batch(pg::Place::kWhole);
  for (const std::string& sql : statements) batch.add_once(sql);
  return status_of(run(std::move(batch)));
}

Status BlockingSession::read(const std::string& sql, std::vector<pg::Type> columns,
                             const std::function<bool(const pg::Rows&)>& take) {
  pg::Cursor cursor(*loop_, *connection_, sql, {}, std::move(columns));
  while (true) {
    const auto place = std::make_shared<std::optional<pg::Cursor::Some>>();
    cursor.next([place](pg::Cursor::Some some) { *place = std::move(some); });
    if (!wait_until([&] { return place->has_value(); })) return stopped();
    const pg::Cursor::Some& some = **place;
    if (!some) return fail(told(some.error().error));
    if (some->empty() || !take(*some)) return {};
  }
}

void BlockingSession::copy_begin(const std::string& sql) {
  copy_ = std::make_unique<Copy>();
  const auto source = [copy = copy_.get()](pg::CopyRows& rows) -> Result<pg::CopyNext> {
    for (const pg::Parameters& row : copy->rows) {
      if (Status added = rows.add(row); !added) return fail(std::move(added.error()));
    }
    copy->rows.clear();
    copy->bytes = 0;
    return copy->ends ? pg::CopyNext::kEnd : pg::CopyNext::kWait;
  };
  connection_->copy_in(sql, source, [copy = copy_.get()](pg::Outcome outcome) {
    copy->outcome = std::move(outcome);
  });
}

Status BlockingSession::copy_row(pg::Parameters row) {
  copy_->bytes += row.total_bytes();
  copy_->rows.push_back(std::move(row));
  return copy_->bytes < kCopyBytes ? Status() : copy_flush();
}

Status BlockingSession::copy_flush() {
  connection_->copy_on();
  if (!wait_until([&] { return copy_->rows.empty() || copy_->outcome.has_value(); })) {
    return stopped();
  }
  return copy_->outcome ? status_of(*copy_->outcome) : Status();
}

Status BlockingSession::copy_end() {
  copy_->ends = true;
  connection_->copy_on();
  if (!wait_until([&] { return copy_->outcome.has_value(); })) return stopped();
  return status_of(*std::exchange(copy_, nullptr)->outcome);
}

}  // namespace tandem::tables
