#include "replica/host.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/durations.h"
#include "base/ids.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/memory.h"
#include "file/file.h"

namespace tandem::replica {
namespace {

constexpr int64_t kLookNs = 1'000'000'000;  // between looks whether it can be found
constexpr size_t kMaxQuestions = 1024;

}  // namespace

Host::Host(loop::Loop& loop, HostOptions options, repl::Applier& applier, coord::Coord& coord)
    : loop_(loop),
      options_(std::move(options)),
      applier_(applier),
      coord_(coord),
      session_(random_id()),
      end_of_turn_(loop, [this] { on_end_of_turn(); }),
      ticker_(loop, [this] { on_ticker(); }),
      self_(*this) {}

Host::~Host() = default;

// --- life cycle ---

void Host::start(UniqueFunction<void(Status)> done) {
  CHECK_MSG(driver_ != nullptr, "open() comes first");
  started_ = true;
  if (snapshots_->index() > 0) {
    log::info("restoring", {{"group", options_.group},
                            {"id", options_.id},
                            {"snapshot_index", snapshots_->index()},
                            {"bytes", snapshots_->size_bytes()}});
  }
  driver_->start([this, done = std::move(done)]() mutable {
    // Where the state was not made of it nobody has read it: others may want it, and a later start.
    snapshots_->verify_newest([this] { on_snapshot_lost(); });
    register_self(std::move(done));
  });
}

void Host::on_snapshot_lost() {
  if (!log_fits()) snapshots_->close();  // the one before it is of a log that was replaced since
  driver_->snapshot_lost();
}

void Host::drain(UniqueFunction<void()> done) {
  draining_ = true;
  watch_.reset();
  members_watch_.reset();
  if (!started_) {
    done();
    return;
  }
  driver_->stop();
  if (driver_->begins()) {  // it has not registered
    done();
    return;
  }
  coord_.unregister_member(options_.group, options_.id, session_,
                           [done = std::move(done)](const Status&) mutable { done(); });
}

// --- turns and time ---

void Host::on_end_of_turn() {
  end_of_turn_.stop();
  driver_->end_of_turn();
}

void Host::wake_at(int64_t boot_ns) {
  const int64_t now = system_clock().boot_ns();
  const int64_t next = std::max(std::min(boot_ns, looked_ns_ + kLookNs), now);
  ticker_.start(static_cast<uint64_t>((next - now + 999'999) / 1'000'000));
}

void Host::on_ticker() {
  const int64_t now = system_clock().boot_ns();
  if (now - looked_ns_ >= kLookNs) {
    looked_ns_ = now;
    stay_findable();
    prune_set_aside();
  }
  driver_->tick();
}

void Host::tell(const std::string& notice) {
  log::info(notice, {{"group", options_.group}, {"id", options_.id}});
}

// --- messages ---

void Host::on_peer(std::string_view payload) {
  if (driver_ == nullptr || !driver_->hears()) return;
  repl::Message message;
  if (!repl::decode(payload, message)) {
    log::warning("dropped a malformed message", {{"bytes", payload.size()}});
    return;
  }
  driver_->receive(std::move(message));
}

void Host::on_control(rpc::Reply reply, std::string_view payload) {
  repl::Message message;
  if (driver_ == nullptr || !driver_->hears() || !repl::decode(payload, message)) {
    reply.fail(Error{ErrorKind::kUnavailable, "not able to answer now"});
    return;
  }
  if (message.type == repl::MessageType::kQueryState ||
      message.type == repl::MessageType::kQueryMemory) {
    Question question;
    question.number = ++last_question_;
    question.asked_number = message.question;
    question.reply = std::move(reply);
    message.question = question.number;
    questions_.push_back(std::move(question));
    if (questions_.size() > kMaxQuestions) questions_.pop_front();
    driver_->receive(std::move(message));
    return;
  }
  driver_->receive(std::move(message));
  reply.answer({});
}

void Host::send(const repl::Message& message) {
  if (message.to == repl::kController) {
    answer(message);
  } else {
    peers_->send(message);
  }
}

void Host::answer(const repl::Message& message) {
  for (auto it = questions_.begin(); it != questions_.end(); ++it) {
    if (it->number != message.question) continue;
    repl::Message answer = message;
    answer.question = it->asked_number;
    std::string bytes;
    repl::encode(answer, bytes);
    it->reply.answer(bytes);
    questions_.erase(it);
    return;
  }
}

// --- the record ---

void Host::swap(const repl::Swap& swap, UniqueFunction<void(bool)> done) {
  const std::string there = swap.expected ? repl::to_text(*swap.expected) : std::string();
  coord_.swap_record(options_.group, {swap.expected_version, there}, repl::to_text(swap.record),
                     [self = self_.ref(),
                      done = std::move(done)](const Result<coord::SwapOutcome>& outcome) mutable {
                       if (!self) return;
                       self->tell_swap(outcome);
                       done(outcome && *outcome == coord::SwapOutcome::kApplied);
                     });
}

void Host::read(UniqueFunction<void(const Result<std::optional<repl::Record>>&)> done) {
  coord_.read_record(options_.group, [self = self_.ref(), done = std::move(done)](
                                         const Result<coord::Versioned>& record) mutable {
    if (!self) return;
    self->warn("cannot read the record", record, self->told_read_);
    done(self->parse(record));
  });
}

// What is tried again and again is told when it has changed.
template <typename T>
void Host::warn(const std::string& what, const Result<T>& outcome, std::string& told) {
  const std::string error = outcome ? "" : outcome.error().message;
  if (std::exchange(told, error) == error || outcome) return;
  log::warning(what, {{"group", options_.group}, {"error", error}});
}

void Host::tell_swap(const Result<coord::SwapOutcome>& outcome) {
  const bool nothing_done = !outcome && coord::nothing_was_done(outcome.error().kind);
  warn(nothing_done ? "cannot change the record" : "a change of the record has an unknown outcome",
       outcome, told_swap_);
}

// The newest version of the record is damaged: what this replica knows holds on, and the controller
// asks for it.
tl::unexpected<Error> Host::damaged(const std::string& damage) {
  const bool told = std::exchange(told_damage_, damage) == damage;
  if (!told) log::error(damage, {{"group", options_.group}});
  return fail(ErrorKind::kCorrupt, damage);
}

Result<std::optional<repl::Record>> Host::parse(const Result<coord::Versioned>& record) {
  if (!record) return fail(record.error());
  if (record->version == 0) return std::optional<repl::Record>();
  if (!record->damage.empty()) return damaged(record->damage);
  auto parsed = repl::parse_record(record->text);
  if (!parsed && parsed.error().kind == ErrorKind::kConfig) daemon::die(parsed.error());
  if (!parsed || parsed->version != record->version) {
    return damaged("version " + std::to_string(record->version) + " of the record is malformed");
  }
  told_damage_.clear();
  return std::optional<repl::Record>(std::move(*parsed));
}

wire::Json Host::status() const {
  const repl::Replica* core = driver_->begins() ? nullptr : &driver_->core();
  const bool in_sync = core != nullptr && core->in_sync();
  wire::Json json;
  json.set("id", static_cast<int64_t>(options_.id));
  json.set("storage_id", hex_id(identity_.storage_id));
  json.set("session", hex_id(session_));
  json.set("pid", static_cast<int64_t>(getpid()));
  json.set("restoring", core == nullptr);
  if (std::string trouble = applier_.trouble(); !trouble.empty()) json.set("trouble", trouble);
  json.set("leading", driver_->leading());
  json.set("takes_writes", driver_->takes_writes());
  json.set("in_sync", in_sync);
  // With a lease linearizable reads are answered at once, without one the leader is asked.
  json.set("lease", core != nullptr && core->read_index(system_clock().boot_ns()).has_value());
  json.set("leader", core == nullptr ? 0 : static_cast<int64_t>(core->leader_id()));
  json.set("epoch", driver_->epoch());
  json.set("last_index", log_->last_index());
  json.set("commit_index", core == nullptr ? 0 : core->commit());
  json.set("applied_index", driver_->applied_index());
  json.set("first_index", log_->first_index());
  json.set("snapshot_index", snapshots_->index());
  json.set("snapshot_ms", snapshots_->header().created_ms);
  json.set("snapshot_bytes", snapshots_->size_bytes());
  json.set("log_bytes", log_->size_bytes());
  if (const auto room = file::room_at(options_.directory)) {
    json.set("free_bytes", room->free).set("disk_bytes", room->size);
  }
  json.set("resident_bytes", daemon::resident_bytes());
  const Durations syncs = log_->syncs();
  wire::Json fsync;
  fsync.set("us", wire::Json(wire::Json::Array(syncs.counts().begin(), syncs.counts().end())));
  fsync.set("total_us", syncs.total_us());
  json.set("fsync", std::move(fsync));
  // A member of the set has no use for a snapshot of the leader's.
  json.set("has_space", log_->has_space() && (in_sync || !snapshots_->lacks_space()));
  wire::Json::Array aside;
  for (const storage::SetAside& data : set_aside_) {
    wire::Json entry;
    entry.set("path", data.path).set("reason", data.reason);
    entry.set("bytes", data.bytes).set("time_ms", data.time_ms);
    aside.push_back(std::move(entry));
  }
  json.set("set_aside", wire::Json(std::move(aside)));
  return json;
}

}  // namespace tandem::replica
