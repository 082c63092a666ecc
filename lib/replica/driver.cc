#include "replica/driver.h"

#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "replica/log_adapter.h"

namespace tandem::replica {
namespace {

// While something waits that has a deadline of its own, and where the core has something to look at
// again and again; otherwise the core's next deadline tells when.
constexpr int64_t kTickNs = 10'000'000;
constexpr size_t kApplyBytes = 1 << 20;
constexpr int64_t kApplyNsPerTurn = 4'000'000;
constexpr int64_t kLockCheckNs = 1'000'000'000;
constexpr size_t kMaxQuestions = 1024;
constexpr size_t kEntryOverhead = 256;  // of an entry beside its command and its key

int64_t nanoseconds(uint32_t ms) { return int64_t{ms} * 1'000'000; }

}  // namespace

Driver::Driver(loop::Loop& loop, DriverOptions options, repl::StateMachine& machine,
               coord::Coord& coord)
    : loop_(loop),
      options_(std::move(options)),
      machine_(machine, options_.keys),
      coord_(coord),
      session_(random_id()),
      background_(loop),
      self_(std::make_shared<Driver*>(this)) {}

Driver::~Driver() { *self_ = nullptr; }

// --- life cycle ---

void Driver::start(UniqueFunction<void(Status)> done) {
  CHECK_MSG(core_ != nullptr, "open() comes first");
  peers_ = std::make_unique<Peers>(loop_, [this] { refresh_members(); });
  ticker_ = std::make_unique<loop::Timer>(loop_, [this] { tick(); });
  tick();
  end_of_turn_ = std::make_unique<loop::Idle>(loop_, [this] { end_of_turn(); });
  if (dirty_) end_of_turn_->start();
  register_self(std::move(done));
}

void Driver::drain(UniqueFunction<void()> done) {
  draining_ = true;
  watch_.reset();
  if (core_ == nullptr || ticker_ == nullptr) {
    done();
    return;
  }
  // What was logged is durable or will be found torn; its clients ask again with the same key.
  writers_.fail_all(Error{ErrorKind::kUnknown,
                          "this replica is being stopped: the outcome is unknown, ask again with "
                          "the same key"});
  tell_takes_writes();
  step(repl::Stopping{});  // the log writes what is queued before it closes
  const Error stops{ErrorKind::kUnavailable, "this replica is being stopped"};
  readers_.fail_above(0, stops);
  index_readers_.fail_all(stops);
  coord_.unregister_member(options_.group, options_.id, session_,
                           [done = std::move(done)](const Status&) mutable { done(); });
}

void Driver::refresh_members() {
  coord_.members(options_.group, [self = self_](Result<std::vector<coord::Member>> members) {
    if (*self == nullptr || !members) return;
    Driver& driver = **self;
    for (const coord::Member& member : *members) {
      if (member.id != driver.options_.id) driver.peers_->set_address(member.id, member.address);
    }
  });
}

// --- the core and its effects ---

void Driver::step(repl::Event event) {
  repl::Effects effects;
  core_->set_space(log_->has_space());
  core_->step(std::move(event), system_clock().boot_ns(), effects);
  dirty_ = true;
  if (end_of_turn_ != nullptr) end_of_turn_->start();
  carry_out(std::move(effects));
}

void Driver::carry_out(repl::Effects effects) {
  for (const std::string& notice : effects.notices) {
    log::info(notice, {{"group", options_.group}, {"id", options_.id}});
  }
  if (effects.stepped_down) {
    writers_.fail_all(Error{ErrorKind::kUnknown,
                            "leadership was lost: the outcome is unknown, ask again with the same "
                            "key"});
  }
  for (repl::Persist& item : effects.persists) persist(item);
  for (repl::Send& send : effects.sends) {
    if (send.after <= durable_) {
      deliver(send.message);
    } else {
      held_.push_back(std::move(send));
    }
  }
  if (effects.swap) swap_record(*effects.swap);
  if (effects.read_record) read_record();
  if (effects.snapshot_chunk) take_chunk(*effects.snapshot_chunk);
  if (effects.went_back) begin_anew(*effects.went_back);
  for (const repl::Readable& read : effects.readable) readable(read);
  if (joins_anew_) tell_where_caught_up();
}

// What was told of this disk as lost, or was never there, is here.
void Driver::tell_where_caught_up() {
  if (!core_->in_sync()) return;
  joins_anew_ = false;
  if (core_->leading()) return;
  log::info("caught up from replica " + std::to_string(core_->leader_id()) +
                ": everything that was answered is here",
            {{"group", options_.group}, {"id", options_.id}});
}

void Driver::persist(repl::Persist& item) {
  storage::Ticket ticket = 0;
  if (auto* append = std::get_if<repl::AppendEntries>(&item.what)) {
    ticket = log_->append(append->entries);
  } else if (const auto* cut = std::get_if<repl::CutLog>(&item.what)) {
    readers_.fail_above(cut->from - 1,
                        Error{ErrorKind::kUnavailable, "the log was cut: ask again"});
    ticket = log_->cut(cut->from);
  } else if (const auto* promise = std::get_if<repl::SavePromise>(&item.what)) {
    ticket = log_->save_promise(promise->epoch);
  } else if (const auto* committed = std::get_if<repl::SaveCommitted>(&item.what)) {
    ticket = log_->save_committed(committed->position.epoch, committed->position.index);
  } else if (const auto* lineage = std::get_if<repl::SaveLineage>(&item.what)) {
    identity_.lineage = lineage->lineage;
    ticket = log_->save([directory = options_.directory, identity = identity_] {
      return storage::save_identity(directory, identity);
    });
  }
  tickets_.push_back(TicketPair{ticket, item.ticket});
}

void Driver::on_durable(storage::Ticket ticket) {
  repl::Ticket durable = durable_;
  while (!tickets_.empty() && tickets_.front().storage <= ticket) {
    durable = tickets_.front().core;
    tickets_.pop_front();
  }
  if (durable > durable_) {
    durable_ = durable;
    release_held();
    step(repl::Persisted{durable});
  }
  if (installing_ && installing_->ticket <= ticket) {
    const Install install = *installing_;
    installing_.reset();
    step(repl::SnapshotInstalled{install.index, install.time_ms});
  }
}

void Driver::release_held() {
  std::vector<repl::Send> still_held;
  std::vector<repl::Send> held = std::move(held_);
  for (repl::Send& send : held) {
    if (send.after <= durable_) {
      deliver(send.message);
    } else {
      still_held.push_back(std::move(send));
    }
  }
  held_ = std::move(still_held);
}

void Driver::deliver(const repl::Message& message) {
  if (message.to != repl::kController) {
    peers_->send(message);
    return;
  }
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

void Driver::end_of_turn() {
  if (!dirty_) return;
  dirty_ = false;
  end_of_turn_->stop();
  step(repl::EndOfTurn{});
  dirty_ = false;
  end_of_turn_->stop();
  apply_committed();
  tell_takes_writes();
  log_->flush();
  take_snapshot_if_due();
  tick_when_due();
}

void Driver::tell_takes_writes() {
  const repl::Epoch now = takes_writes() ? core_->epoch() : 0;
  const repl::Epoch before = std::exchange(told_epoch_, now);
  if (now == before || !on_takes_writes_) return;
  if (before != 0) on_takes_writes_(false);
  if (now != 0) on_takes_writes_(true);
}

// The core's time comes in ticks; each of them ends with a turn that sets the next. Nothing is set
// later than it was: deadlines mostly move on with each message, and a timer that was set for an
// earlier one costs less than setting it anew in each turn.
void Driver::tick_when_due() {
  if (ticker_ == nullptr) return;
  const int64_t now = system_clock().boot_ns();
  int64_t next = std::min(core_->next_deadline_ns(), lock_checked_ns_ + kLockCheckNs);
  const bool waits = writers_.size() + readers_.size() + index_readers_.size() > 0;
  if (next <= now) next = now + kTickNs;
  if (waits) next = std::min(next, now + kTickNs);
  if (ticker_->active() && next >= tick_at_ns_) return;
  tick_at_ns_ = next;
  ticker_->start(static_cast<uint64_t>((next - now + 999'999) / 1'000'000));
}

void Driver::tick() {
  step(repl::Tick{});
  const int64_t now = system_clock().boot_ns();
  writers_.expire(now);
  readers_.expire(now);
  index_readers_.expire(now);
  if (now - lock_checked_ns_ < kLockCheckNs) return;
  lock_checked_ns_ = now;
  stay_findable();
  prune_set_aside();
}

// --- messages ---

void Driver::on_peer(std::string_view payload) {
  // What is lost now is sent again. Before this process is registered it says and learns nothing:
  // a controller that sees the session before it there takes this member for dead.
  if (installing_ || core_ == nullptr || !registered_) return;
  repl::MessageIn event;
  if (!repl::decode(payload, event.message)) {
    log::warning("dropped a malformed message", {{"bytes", payload.size()}});
    return;
  }
  // What cannot be kept is not taken, and the leader goes on without this replica.
  if (!event.message.entries.empty() && !has_room_for(event.message.entries)) return;
  // It has left the registry: who looks there takes this process for dead.
  if (draining_ && event.message.type == repl::MessageType::kReadIndex) return;
  step(std::move(event));
}

// On a full disk the end of the log's segment is kept for what opens an epoch and names a set: so
// that where all disks are full another leader can be chosen, and reads go on.
bool Driver::has_room_for(const std::vector<wire::Entry>& entries) const {
  if (log_->has_space()) return true;
  const bool opens = std::all_of(entries.begin(), entries.end(), [](const wire::Entry& entry) {
    return entry.type == wire::EntryType::kOpen;
  });
  return log_->fit_in_segment(entries, opens ? 0 : options_.segment_bytes / 4);
}

void Driver::on_control(rpc::Reply reply, std::string_view payload) {
  repl::MessageIn event;
  if (core_ == nullptr || installing_ || !registered_ || !repl::decode(payload, event.message)) {
    reply.fail(Error{ErrorKind::kUnavailable, "not able to answer now"});
    return;
  }
  if (event.message.type == repl::MessageType::kQueryState ||
      event.message.type == repl::MessageType::kQueryMemory) {
    Question question;
    question.number = ++last_question_;
    question.asked_number = event.message.question;
    question.reply = std::move(reply);
    event.message.question = question.number;
    questions_.push_back(std::move(question));
    if (questions_.size() > kMaxQuestions) questions_.pop_front();
    step(std::move(event));
    return;
  }
  step(std::move(event));
  reply.answer({});
}

// --- the record ---

void Driver::swap_record(const repl::Swap& swap) {
  const uint64_t expected = swap.expected_version;
  const std::string there = swap.expected ? repl::to_text(*swap.expected) : std::string();
  coord_.swap_record(options_.group, {expected, there}, repl::to_text(swap.record),
                     [self = self_, expected](Result<coord::SwapOutcome> outcome) {
                       if (*self == nullptr) return;
                       if (!outcome) {
                         log::warning("a change of the record has an unknown outcome",
                                      {{"error", outcome.error().message}});
                       }
                       const bool applied = outcome && *outcome == coord::SwapOutcome::kApplied;
                       (*self)->step(repl::SwapDone{expected, applied});
                     });
}

void Driver::read_record() {
  if (reading_record_) {
    read_record_again_ = true;  // the read under way may have begun before what prompted this one
    return;
  }
  reading_record_ = true;
  const int64_t asked_ns = registered_ ? system_clock().boot_ns() : 0;
  coord_.read_record(options_.group, [self = self_, asked_ns](Result<coord::Versioned> record) {
    if (*self == nullptr) return;
    Driver& driver = **self;
    driver.reading_record_ = false;
    driver.record_was_read(record, asked_ns);
    if (std::exchange(driver.read_record_again_, false)) driver.read_record();
  });
}

// Whether the newest version of the record is damaged: what this replica knows holds on, and the
// controller asks for it.
bool Driver::tell_damage(const std::string& damage) {
  const bool told = std::exchange(told_damage_, damage) == damage;
  if (!damage.empty() && !told) log::error(damage, {{"group", options_.group}});
  return !damage.empty();
}

void Driver::record_was_read(const Result<coord::Versioned>& record, int64_t asked_ns) {
  if (!record) {
    log::warning("cannot read the record", {{"error", record.error().message}});
    return;
  }
  if (installing_ || draining_ || !registered_) return;
  if (record->version == 0) {
    step(repl::RecordRead{std::nullopt, asked_ns});
    return;
  }
  if (tell_damage(record->damage)) return;
  auto parsed = repl::parse_record(record->text);
  if (!parsed && parsed.error().kind == ErrorKind::kConfig) daemon::die(parsed.error());
  if (!parsed || parsed->version != record->version) {
    log::error("the record is malformed", {{"version", record->version}});
    return;
  }
  step(repl::RecordRead{std::move(*parsed), asked_ns});
}

// --- applying ---

// In slices: heartbeats, leases and reads go on between them.
void Driver::apply_committed() {
  if (long_command_ != nullptr) return;
  const int64_t began = system_clock().boot_ns();
  const repl::Index before = applied_;
  bool goes_on = true;
  std::vector<wire::Entry> entries;
  while (goes_on && applied_ < core_->commit()) {
    entries.clear();
    const Status read = log_->read(applied_ + 1, kApplyBytes, entries);
    if (!read) give_up(read.error());
    for (const wire::Entry& entry : entries) {
      goes_on = entry.index <= core_->commit() && apply(entry) &&
                system_clock().boot_ns() - began < kApplyNsPerTurn;
      if (!goes_on) break;
    }
  }
  if (applied_ > before) readers_.reached(applied_);
  // What it would bring has come as entries.
  if (incoming_ != nullptr && incoming_->index() <= applied_) drop_incoming();
  if (applied_ > 0 && applied_ >= core_->commit()) has_state_ = true;
  if (applied_ < core_->commit() && long_command_ == nullptr) {
    dirty_ = true;
    end_of_turn_->start();
  }
}

// False where it takes long: then it has only begun.
bool Driver::apply(const wire::Entry& entry) {
  CHECK(entry.index == applied_ + 1);
  if (entry.type != wire::EntryType::kCommand) {
    machine_.opened(entry);
    applied(entry);
    return true;
  }
  repl::Applying begun = machine_.begin(entry);
  if (auto* command = std::get_if<std::unique_ptr<repl::LongCommand>>(&begun)) {
    long_command_ = std::make_shared<LongCommand>(LongCommand{entry, std::move(*command)});
    run_long_command();
    return false;
  }
  applied(entry);
  writers_.applied(entry.index, std::get<repl::Applied>(begun));
  return true;
}

void Driver::applied(const wire::Entry& entry) {
  applied_ = entry.index;
  applied_time_ms_ = entry.time_ms;
  bytes_since_snapshot_ += wire::encoded_size(entry);
}

void Driver::run_long_command() {
  std::shared_ptr<LongCommand> job = long_command_;
  background_.run([this, job] { job->command->run([this] { return background_.stopping(); }); },
                  [this, job]() mutable {
                    if (long_command_ == job) end_long_command();
                    // What it holds now takes long to free.
                    background_.run([job = std::move(job)]() mutable { job.reset(); });
                  });
}

void Driver::end_long_command() {
  const std::shared_ptr<LongCommand> job = std::exchange(long_command_, nullptr);
  const repl::Applied answer = job->command->finish();
  applied(job->entry);
  writers_.applied(job->entry.index, answer);
  readers_.reached(applied_);
  dirty_ = true;
  end_of_turn_->start();
}

// --- clients ---

void Driver::write(std::string command, std::string_view key, uint32_t budget_ms,
                   Writers::Done done) {
  if (!takes_writes()) {
    done(fail(ErrorKind::kUnavailable, "this replica does not take writes"));
    return;
  }
  if (writers_.size() >= options_.max_writers) {
    done(fail(ErrorKind::kUnavailable, "too many writes wait"));
    return;
  }
  if (command.size() + key.size() + kEntryOverhead > options_.max_entry_bytes) {
    done(fail(ErrorKind::kTooLarge, "the write has more bytes than an entry of the log may have"));
    return;
  }
  if (!log_->has_space()) {
    done(fail(ErrorKind::kNoSpace, "no space left on the disk of the log"));
    return;
  }
  // Whoever asks: what is in the log has to be applied, kept and read back for ever.
  if (Status good = machine_.admit(command, key); !good) {
    done(fail(std::move(good.error())));
    return;
  }
  repl::Propose event;
  event.wall_ms = system_clock().wall_ms();
  event.request_id = key;
  event.payload = std::move(command);
  step(std::move(event));
  writers_.add(core_->last_index(), system_clock().boot_ns() + nanoseconds(budget_ms),
               std::move(done));
}

void Driver::when_readable(wire::Consistency consistency, uint64_t min_index, uint32_t budget_ms,
                           Readers::Done done) {
  if (core_ == nullptr || draining_) {
    done(fail(ErrorKind::kUnavailable, "this replica is not ready"));
    return;
  }
  if (readers_.size() + index_readers_.size() >= options_.max_readers) {
    done(fail(ErrorKind::kUnavailable, "too many reads wait"));
    return;
  }
  // Sampled after the request was there: a lease that was good before proves nothing.
  const int64_t now = system_clock().boot_ns();
  const int64_t deadline = now + nanoseconds(budget_ms);
  if (consistency == wire::Consistency::kEventual || consistency == wire::Consistency::kSession) {
    if (!has_state_) {
      done(fail(ErrorKind::kUnavailable, "this replica has no data yet"));
      return;
    }
    read_at(consistency == wire::Consistency::kSession ? min_index : 0, deadline, std::move(done));
    return;
  }
  const auto index = core_->read_index(now);
  if (index) {
    read_linearizable(min_index, *index, deadline, std::move(done));
    return;
  }
  const uint64_t token =
      index_readers_.add(IndexReaders::Waiting{min_index, deadline, std::move(done)});
  step(repl::Read{token, deadline});
}

void Driver::when_logged_is_readable(uint32_t budget_ms, Readers::Done done) {
  const int64_t deadline = system_clock().boot_ns() + nanoseconds(budget_ms);
  when_readable(wire::Consistency::kLinearizable, 0, budget_ms,
                [this, logged = logged_index(), deadline,
                 done = std::move(done)](const Status& status) mutable {
                  if (!status) return done(status);
                  read_at(logged, deadline, std::move(done));
                });
}

void Driver::readable(const repl::Readable& read) {
  auto waiting = index_readers_.take(read.token);
  if (!waiting) return;
  read_linearizable(waiting->min_index, read.index, waiting->deadline_ns, std::move(waiting->done));
}

// Up to `index` there is everything that was ever answered: a later one was not given out here.
void Driver::read_linearizable(uint64_t min_index, uint64_t index, int64_t deadline_ns,
                               Readers::Done done) {
  if (min_index <= index) return read_at(index, deadline_ns, std::move(done));
  done(fail(ErrorKind::kBadInput, "X-Db-Index " + std::to_string(min_index) +
                                      " is beyond the last index there is, " +
                                      std::to_string(index)));
}

void Driver::read_at(uint64_t index, int64_t deadline_ns, Readers::Done done) {
  if (applied_ >= index) {
    done({});
  } else {
    readers_.add(index, deadline_ns, std::move(done));
    tick_when_due();
  }
}

int64_t Driver::leader_lease_until() const {
  return core_ == nullptr ? 0 : core_->leader_lease_until(system_clock().boot_ns());
}

wire::Json Driver::status() const {
  wire::Json json;
  json.set("id", static_cast<int64_t>(options_.id));
  json.set("storage_id", hex_id(identity_.storage_id));
  json.set("session", hex_id(session_));
  json.set("pid", static_cast<int64_t>(getpid()));
  json.set("leading", leading());
  json.set("takes_writes", takes_writes());
  json.set("in_sync", core_->in_sync());
  // With a lease linearizable reads are answered at once, without one the leader is asked.
  json.set("lease", core_->read_index(system_clock().boot_ns()).has_value());
  json.set("leader", static_cast<int64_t>(core_->leader_id()));
  json.set("epoch", core_->epoch());
  json.set("last_index", core_->last_index());
  json.set("commit_index", core_->commit());
  json.set("applied_index", applied_);
  json.set("first_index", log_->first_index());
  json.set("snapshot_index", snapshots_->index());
  json.set("has_space", log_->has_space());
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
