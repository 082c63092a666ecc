#include "sim/engine.h"

#include <utility>

#include "base/check.h"
#include "sim/node.h"

namespace tandem::sim {

std::string Engine::rows() const {
  repl::Index index = 0;
  std::string text;
  const_cast<repl::MemoryApplier&>(memory_).picture([&](Result<repl::Picture> picture) {
    index = picture->index;
    text = SnapshotText::of(*picture->rows);
  });
  CHECK(index == position_.index);
  return text;
}

// --- the state to begin with ---

void Engine::begin(repl::Applier::Owner& owner, UniqueFunction<void(Result<repl::Index>)> done) {
  owner_ = &owner;
  first_begun_ = std::move(done);
  World& world = node_.world_;
  if (world.plan.slow_engine == 0 || !world.strikes(world.plan.slow_engine)) return begin_now();
  lost_ = true;  // not reached yet
  node_.later(world.between_ns(0, 300 * kMs), [this] { come_back(); });
}

bool Engine::image_fits() const {
  return image_.position.index > 0 && image_.member == node_.member() &&
         owner_->goes_on_from(image_.position);
}

// What an engine has that this replica can go on from, or what is on the replica's own disk.
repl::Origin Engine::origin() {
  if (!image_fits()) return owner_->origin();
  return {.member = image_.member,
          .position = image_.position,
          .time_ms = image_.time_ms,
          .rows = std::make_shared<SnapshotText>(image_.rows)};
}

void Engine::begin_now() {
  beginning_ = true;
  const repl::Origin origin = this->origin();
  memory_.begin(*this, [this, position = origin.position,
                        time_ms = origin.time_ms](const Result<repl::Index>& index) {
    beginning_ = false;
    if (!index) violated("a snapshot has a malformed row");
    // What was there to go on from may have been forgotten of the log meanwhile.
    if (!owner_->goes_on_from(position)) return begin_now();
    position_ = position;
    time_ms_ = time_ms;
    node_.drive([&] { begun(index); });
  });
}

void Engine::begun(const Result<repl::Index>& index) {
  lost_ = false;
  take_image();
  node_.world_.trace.note("engine begins id index:", {node_.id_, *index});
  if (first_begun_) {
    std::exchange(first_begun_, {})(index);
  } else {
    owner_->went_back(*index);
  }
  if (install_) install_now();
}

void Engine::lose() {
  if (std::exchange(lost_, true) && !beginning_) return;
  drop_batch();
  if (std::exchange(beginning_, false)) memory_.drop_beginning();
  node_.later(node_.world_.between_ns(kMs, 300 * kMs), [this] { come_back(); });
}

void Engine::come_back() {
  if (!lost_ || beginning_) return;
  begin_now();
}

// --- batches ---

// Whoever reads a lost engine gets what it has when it comes back.
void Engine::apply(std::vector<wire::Entry> batch) {
  ++batch_;
  under_way_ = true;
  if (lost_) return;
  World& world = node_.world_;
  if (!world.strikes(world.plan.slow_engine)) return memory_.apply(std::move(batch));
  node_.later(world.between_ns(0, world.plan.engine_ns),
              [this, number = batch_, batch = std::move(batch)]() mutable {
                if (number != batch_ || !under_way_ || lost_) return;
                node_.drive([&] { memory_.apply(std::move(batch)); });
              });
}

void Engine::drop_batch() {
  under_way_ = false;
  memory_.drop_batch();
}

void Engine::applied(const wire::Entry& entry, const std::optional<repl::Applied>& answer) {
  node_.look();
  node_.world_.checks.applies(entry);
  node_.world_.checks.has_log_time(entry, node_.world_.now());
  position_ = {entry.epoch, entry.index};
  time_ms_ = entry.time_ms;
  if (answer) node_.program().applied(entry, *answer);
  owner_->applied(entry, answer);
}

void Engine::batch_ended() {
  under_way_ = false;
  const Plan& plan = node_.world_.plan;
  const bool loses = plan.weights[static_cast<size_t>(Fault::kEngineLost)] > 0;
  if ((loses || plan.engine_keeps) && node_.world_.random.chance(100)) take_image();
  owner_->batch_ended();
}

void Engine::take_image() { image_ = Image{node_.member(), position_, time_ms_, rows()}; }

// --- snapshots ---

void Engine::picture(UniqueFunction<void(Result<repl::Picture>)> done) {
  if (lost_) return done(fail(ErrorKind::kUnavailable, trouble()));
  memory_.picture(std::move(done));
}

void Engine::prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
                     UniqueFunction<void(Status)> done) {
  prepared_ = index;
  memory_.prepare(index, std::move(rows), std::move(done));
}

void Engine::drop_prepared() {
  prepared_ = 0;
  memory_.drop_prepared();
}

void Engine::install(int64_t time_ms, UniqueFunction<void(Status)> done) {
  install_ = Install{time_ms, std::move(done)};
  World& world = node_.world_;
  if (!world.strikes(world.plan.slow_engine)) {
    if (!lost_) install_now();
    return;
  }
  node_.later(world.between_ns(0, world.plan.engine_ns), [this] {
    if (!lost_ && install_) install_now();
  });
}

// The one that was put in place is the newest on the disk.
void Engine::install_now() {
  Install install = *std::exchange(install_, {});
  memory_.install(install.time_ms, [](const Status&) {});
  position_ = {node_.disk_->epoch(), std::exchange(prepared_, 0)};
  time_ms_ = install.time_ms;
  CHECK(position_.index == node_.disk_->index());
  take_image();
  node_.drive([&] { install.done({}); });
}

}  // namespace tandem::sim
