#include "sim/engine.h"

#include <utility>

#include "base/check.h"
#include "sim/node.h"

namespace tandem::sim {

Engine::Engine(Node& node, repl::StateMachine& machine, const Clock& clock, repl::Jobs& jobs)
    : node_(node), memory_(machine, {}, clock, jobs) {
  memory_.set_owner(*this);
}

void Engine::start() {
  const Snapshot& snapshot = node_.disk_->snapshot();
  SnapshotText rows(snapshot.rows);
  restore(snapshot.index, snapshot.time_ms, rows);
}

void Engine::restore(repl::Index index, int64_t time_ms, repl::SnapshotRows& rows) {
  if (!memory_.restore(index, time_ms, rows)) violated("a snapshot has a malformed row");
  index_ = index;
  time_ms_ = time_ms;
  take_image();
}

std::string Engine::rows() const {
  repl::Index index = 0;
  std::string text;
  const_cast<repl::MemoryApplier&>(memory_).picture([&](Result<repl::Picture> picture) {
    index = picture->index;
    text = SnapshotText::of(*picture->rows);
  });
  CHECK(index == index_);
  return text;
}

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
  index_ = entry.index;
  time_ms_ = entry.time_ms;
  if (answer) node_.program().applied(entry, *answer);
  owner_->applied(entry, answer);
}

void Engine::batch_ended() {
  under_way_ = false;
  if (node_.world_.plan.weights[static_cast<size_t>(Fault::kEngineLost)] > 0 &&
      node_.world_.random.chance(100)) {
    take_image();
  }
  owner_->batch_ended();
}

void Engine::take_image() { image_ = Image{index_, time_ms_, rows()}; }

void Engine::lose() {
  if (std::exchange(lost_, true)) return;
  drop_batch();
  node_.later(node_.world_.between_ns(kMs, 300 * kMs), [this] { come_back(); });
}

void Engine::come_back() {
  lost_ = false;
  // What was forgotten of the log meanwhile is in the snapshot.
  if (image_.index + 1 < node_.disk_->log().first_index()) {
    const Snapshot& snapshot = node_.disk_->snapshot();
    image_ = Image{snapshot.index, snapshot.time_ms, snapshot.rows};
  }
  SnapshotText rows(image_.rows);
  restore(image_.index, image_.time_ms, rows);
  node_.world_.trace.note("engine goes back id index:", {node_.id_, index_});
  node_.drive([&] { owner_->went_back(index_); });
}

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
  World& world = node_.world_;
  if (!world.strikes(world.plan.slow_engine)) {
    install_now(time_ms);
    done({});
    return;
  }
  node_.later(world.between_ns(0, world.plan.engine_ns),
              [this, time_ms, done = std::move(done)]() mutable {
                install_now(time_ms);
                node_.drive([&] { done({}); });
              });
}

void Engine::install_now(int64_t time_ms) {
  memory_.install(time_ms, [](const Status&) {});
  index_ = std::exchange(prepared_, 0);
  time_ms_ = time_ms;
  take_image();
}

}  // namespace tandem::sim
