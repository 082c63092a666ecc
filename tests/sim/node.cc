#include "sim/node.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "repl/planted.h"

namespace tandem::sim {

using repl::Bug;

namespace {

constexpr int64_t kTickNs = 10 * kMs;  // the driver's, while something waits
constexpr int64_t kNeverNs = 3'600'000 * kMs;
constexpr uint32_t kReadBudgetMs = 400;
constexpr uint32_t kAnyTimeMs = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kBytesAnEntry = 70;  // about as many as commands and keys here have

repl::DriverLimits limits_of(const Plan& plan) {
  repl::DriverLimits limits;
  limits.snapshot_log_bytes = plan.snapshot_every == 0 ? std::numeric_limits<uint64_t>::max() / 16
                                                       : plan.snapshot_every * kBytesAnEntry;
  return limits;
}

}  // namespace

Node::Node(World& world, Network& network, RecordStore& store, repl::ReplicaId id, MakeProgram make)
    : Process(world.universe, world.plan.clock_ppm),
      world_(world),
      network_(network),
      store_(store),
      id_(id),
      make_program_(std::move(make)),
      disk_(std::make_unique<Disk>(world.new_id())) {
  world_.checks.has_disk(id_, *disk_);
}

Node::Life::Life(Node& node)
    : program(node.make_program_(node)),
      log(node),
      snapshots(node),
      engine(node, program->machine(), node, node, node.engine_image_) {}

// --- life and death ---

void Node::start() {
  if (up()) return;
  begin_life();
  const repl::Member before = member();
  disk_goes_on_ = disk_->recover(world_.new_id());
  if (!disk_goes_on_) world_.checks.disk_is_renewed(before);
  if (!world_.plan.engine_keeps) engine_image_ = {};
  life_ = std::make_unique<Life>(*this);
  life_->seen_commit = disk_->snapshot().index;
  life_->driver = std::make_unique<repl::Driver>(limits_of(world_.plan),
                                                 repl::Surroundings{.clock = *this,
                                                                    .log = life_->log,
                                                                    .snapshots = life_->snapshots,
                                                                    .recovery = *this,
                                                                    .applier = life_->engine,
                                                                    .outbox = *this,
                                                                    .record = *this,
                                                                    .alarm = *this,
                                                                    .people = *this});
  program().begin(driver());
  world_.trace.note("start id last promise:", {id_, disk_->log().last_index(), disk_->promise()});
  drive([this] { driver().start([this] { driver().registered(); }); });
  later(0, [this] { look_around(); });
}

repl::Recovered Node::recovered() const {
  const Snapshot& snapshot = disk_->snapshot();
  const Log& log = disk_->log();
  repl::Recovered recovered;
  recovered.lineage = disk_->lineage();
  recovered.promise = disk_->promise();
  recovered.cut_tail = disk_->tail_was_cut();
  recovered.committed = disk_->committed();
  recovered.record = disk_->newest_record();
  recovered.applied = snapshot.index;
  recovered.last_time_ms =
      log.last_index() > snapshot.index ? log.at(log.last_index()).time_ms : snapshot.time_ms;
  return recovered;
}

// Disk::recover() has made log and snapshot fit.
repl::Origin Node::origin() {
  const Snapshot& snapshot = disk_->snapshot();
  return {.member = member(),
          .position = {snapshot.epoch, snapshot.index},
          .time_ms = snapshot.time_ms,
          .rows = std::make_shared<SnapshotText>(snapshot.rows)};
}

bool Node::goes_on_from(const repl::Position& position) const {
  const Log& log = disk_->log();
  if (position.index == disk_->index()) return position.epoch == disk_->epoch();
  return position.index + 1 >= log.first_index() && position.index <= log.last_index() &&
         log.epoch_at(position.index) == position.epoch;
}

Result<repl::Start> Node::settle() {
  repl::Start start;
  start.options = world_.plan.replica;
  start.options.self = member();
  start.options.session = session();
  start.recovered = recovered();
  start.joins_anew = !disk_goes_on_;
  return start;
}

void Node::crash() {
  CHECK(up());
  disk_->crash(world_.random);
  world_.checks.dies(id_, session(), *disk_);
  world_.trace.note("crash id durable promise:",
                    {id_, disk_->durable_log().last_index(), disk_->promise()});
  life_.reset();
  end_life();
}

// As by a signal: the program finishes what it has under way, then the driver says goodbye, and
// what it wrote may or may not reach the disk.
void Node::end_in_order() {
  if (std::exchange(life_->ends, true)) return;
  world_.trace.note("ends id:", {id_});
  drive([this] { program().drain([this] { drained(); }); });
}

void Node::drained() {
  world_.trace.note("drained id:", {id_});
  driver().stop();
  later(world_.between_ns(0, 20 * kMs), [this] { crash(); });
}

void Node::wipe() {
  CHECK(!up());
  world_.trace.note("wipe id:", {id_});
  const uint64_t id = planted(Bug::kKeepIdAfterWipe) ? disk_->storage_id() : world_.new_id();
  disk_ = std::make_unique<Disk>(id);
  world_.checks.has_disk(id_, *disk_);
}

void Node::change_disk() {
  std::swap(disk_, former_disk_);
  world_.trace.note("other disk id:", {id_});
  if (disk_ == nullptr) disk_ = std::make_unique<Disk>(world_.new_id());
  world_.checks.has_disk(id_, *disk_);
}

bool Node::go_back() {
  CHECK(!up());
  if (image_ == nullptr || image_->storage_id() != disk_->storage_id()) {
    image_ = std::make_unique<Disk>(*disk_);
    return false;
  }
  world_.trace.note("disk goes back id last:", {id_, image_->durable_log().last_index()});
  disk_->go_back_to(*image_);
  return true;
}

bool Node::has_seen(const repl::Record& record) const {
  const bool knows = up() && !driver().begins();
  const auto newest = knows ? core().newest_record() : disk_->newest_record();
  return newest && newest->order() >= record.order();
}

// The process ends; at its next start it sets its data aside.
void Node::begin_anew() {
  crash();
  wipe();
}

bool Node::flip_bit() {
  CHECK(!up());
  world_.trace.note("flip id:", {id_});
  return disk_->flip_bit(world_.random, world_.new_id());
}

void Node::heal() {
  mend();
  start();
}

void Node::mend() {
  stay_awake();
  full_until_ns_ = 0;
  next_sync_fails_ = false;
  const bool needed = former_disk_ != nullptr &&
                      store_.newest().contains(repl::Member{id_, former_disk_->storage_id()});
  if (needed && up()) crash();
  if (needed) change_disk();
}

// --- what the driver does ---

// As often as something could have changed: before anything of it leaves this process, and before
// anything is applied.
void Node::look() {
  if (driver().begins()) return;
  const repl::Replica& replica = core();
  if (replica.leading()) {
    world_.checks.leads(id_, session(), replica.epoch(), disk_->log());
  } else {
    world_.checks.stopped_leading(id_);
  }
  const auto& committed = world_.checks.committed();
  if (driver().takes_writes() && applied() < committed.size() &&
      committed[applied()].epoch < replica.epoch()) {
    violated("a leader judges writes by an old state");
  }
  repl::Index& seen = life_->seen_commit;
  const repl::Index commit = replica.commit();
  if (commit == seen || !driver().hears()) return;
  if (commit < seen) violated("a commit index goes back");
  if (replica.leading()) {
    world_.checks.leader_commits(replica.epoch(), disk_->log(), seen, commit);
  } else {
    world_.checks.follower_commits(disk_->log(), seen, commit);
  }
  seen = commit;
}

void Node::not_quiet() const {
  if (life_->quiet) violated("something was due before the driver's alarm");
}

void Node::send(const repl::Message& message) {
  not_quiet();
  if (!acts()) return;
  look();
  world_.checks.leaves(message, *disk_);
  network_.send(message);
}

void Node::swap(const repl::Swap& swap, UniqueFunction<void(bool)> done) {
  not_quiet();
  if (!acts()) return;
  store_.swap(swap, network_.reaches_store(id_),
              [this, session = session(), done = std::move(done)](bool applied) mutable {
                run(session, [this, done = std::move(done), applied]() mutable {
                  drive([&] { done(applied); });
                });
              });
}

void Node::read(UniqueFunction<void(const Result<std::optional<repl::Record>>&)> done) {
  not_quiet();
  store_.read(network_.reaches_store(id_),
              [this, session = session(), done = std::move(done)](
                  bool read, const std::optional<repl::Record>& record) mutable {
                run(session, [this, read, record, done = std::move(done)]() mutable {
                  Result<std::optional<repl::Record>> result = record;
                  if (!read) result = fail(ErrorKind::kUnavailable, "no answer");
                  drive([&] { done(result); });
                });
              });
}

void Node::tell(const std::string& notice) {
  not_quiet();
  world_.trace.note("notice id epoch:", {id_, driver().epoch()});
  world_.trace.say(notice);
}

void Node::went_back(const std::string& reason) {
  world_.trace.say(reason);
  later(0, [this] { begin_anew(); });
}

void Node::run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) {
  work([] { return false; });
  if (!done) return;
  later(world_.between_ns(0, 5 * kMs),
        [this, done = std::move(done)]() mutable { drive([&] { done(); }); });
}

// One fsync at a time; it covers what was written before it began.
void Node::begin_sync() {
  if (life_->syncing || disk_->unsynced() == 0) return;
  life_->syncing = true;
  const bool slow = world_.strikes(world_.plan.slow_sync);
  const int64_t ns =
      slow ? world_.between_ns(kMs, 1000 * kMs) : world_.between_ns(kMs / 100, world_.plan.sync_ns);
  later(ns, [this, count = disk_->unsynced()] { synced(count); });
}

// What a failed fsync did not write is lost, whatever a second one says: the process ends.
void Node::synced(size_t count) {
  const bool failed = std::exchange(next_sync_fails_, false);
  if (failed && !planted(Bug::kRetryFsync)) {
    crash();
    if (store_.can_do_without(member())) wipe();
    return;
  }
  life_->syncing = false;
  const repl::Ticket ticket = disk_->sync(count, failed);
  begin_sync();
  world_.trace.note("synced id ticket:", {id_, ticket});
  drive([&] { driver().durable(ticket); });
}

void Node::receive(const repl::Message& message) {
  run(session(), [this, message] { drive([&] { driver().receive(message); }); });
}

// --- what the program wants ---

void Node::write(const std::string& key, std::string command, Written done) {
  drive([&] {
    const repl::Index before = driver().logged_index();
    const auto logged = std::make_shared<bool>(false);
    driver().write(
        std::move(command), key, kAnyTimeMs,
        [this, key, logged, done = std::move(done)](const Result<repl::Written>& written) mutable {
          if (written) {
            answers_key(written->index, key);
            done(&written->answer, written->index);
          } else if (written.error().kind == ErrorKind::kUnknown) {
            done(nullptr, 0);
          } else if (*logged) {
            violated("a write is refused that was logged");
          }
        });
    *logged = driver().logged_index() > before;
  });
}

void Node::answers_key(repl::Index index, const std::string& key) const {
  const auto& committed = world_.checks.committed();
  if (committed[index - 1].request_id != key) violated("a client gets the answer of another");
}

void Node::read(Reader reader) {
  using enum wire::Consistency;
  const auto consistency = reader.level == history::Level::kLinearizable ? kLinearizable
                           : reader.level == history::Level::kSession    ? kSession
                                                                         : kEventual;
  const repl::Index min_index = consistency == kSession ? reader.floor : 0;
  drive([&] {
    driver().when_readable(consistency, min_index, kReadBudgetMs,
                           [this, reader = std::move(reader)](const Status& readable) mutable {
                             if (!readable) return;
                             shows(reader.level, reader.floor);
                             reader.done();
                           });
  });
}

void Node::shows(history::Level level, repl::Index floor) {
  if (applied() < life_->shown) violated("a process shows an older state than before");
  life_->shown = applied();
  if (applied() >= floor || level == history::Level::kEventual) return;
  violated(level == history::Level::kSession ? "a session goes back"
                                             : "a linearizable read is too old");
}

// --- turns and time ---

void Node::end_turn() {
  if (life_->quiet || std::exchange(life_->turn_open, true)) return;
  later(world_.between_ns(0, kMs / 4), [this] { end_of_turn(); });
}

void Node::end_of_turn() {
  life_->turn_open = false;
  drive([this] { driver().end_of_turn(); });
  if (!up()) return;
  const int64_t due_ns = std::max(core().next_deadline_ns(), clock() + kTickNs);
  if (life_->wake_at_ns == 0 || life_->wake_at_ns > due_ns) violated("the driver oversleeps");
}

void Node::wake_at(int64_t boot_ns) {
  life_->wake_at_ns = boot_ns;
  const int64_t in_ns = std::clamp<int64_t>(boot_ns - clock(), 0, kNeverNs);
  later(in_ns + world_.between_ns(0, 2 * kMs), [this, number = ++life_->wakes] { wake(number); });
}

void Node::wake(uint64_t number) {
  if (number != life_->wakes) return;
  life_->wake_at_ns = 0;
  drive([this] { driver().tick(); });
}

// A driver sleeps until the time that it named: a tick before it must bring about nothing.
void Node::tick_too_early() {
  const bool asleep = !life_->turn_open && life_->wake_at_ns > clock() + 2 * kTickNs;
  if (!asleep || full()) return;
  const repl::Index commit = core().commit();
  life_->quiet = true;
  driver().tick();
  driver().end_of_turn();
  life_->quiet = false;
  if (core().commit() != commit) violated("something was due before the driver's alarm");
}

void Node::look_around() {
  tick_too_early();
  if (network_.reaches_store(id_)) watched_version_ = store_.record().version;
  if (world_.strikes(world_.plan.stale_watch)) {
    drive([this] { driver().record_seen(store_.stale(watched_version_)); });
  }
  later(world_.between_ns(8 * kMs, 12 * kMs), [this] { look_around(); });
}

}  // namespace tandem::sim
