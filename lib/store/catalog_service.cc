#include "store/catalog_service.h"

#include <algorithm>
#include <utility>

#include "toys/planted.h"

namespace tandem::store {

using toys::Bug;

namespace {

// While something waits for more than the next heartbeat to a front.
constexpr int64_t kTickNs = 5'000'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kFirstToysAgainNs = 1000 * kNsPerMs;

// By the entry at this index, which was just applied.
bool changed_anything(const toys::Catalog& catalog, uint64_t index) {
  const auto& toys = catalog.toys();
  return std::any_of(toys.begin(), toys.end(),
                     [index](const toys::Toy& toy) { return toy.version == index; });
}

Error no_toys_yet() { return {ErrorKind::kUnavailable, "the catalog has no toys yet"}; }

}  // namespace

CatalogService::CatalogService(CatalogOptions options, const Time& time, Operator& people,
                               toys::Catalog& catalog, repl::Driver& replica)
    : options_(std::move(options)),
      time_(time),
      people_(people),
      catalog_(catalog),
      replica_(replica),
      subscriptions_(options_.subscriptions, options_.first_subscription),
      ticker_(time.timers.make([this] { tick(); })),
      restocker_(time.timers.make([this] { restock(); })) {
  catalog_.on_change([this](const toys::Toy& toy) {
    if (!subscriptions_.started()) return;
    subscriptions_.changed(toy.name, toy.version);
    tick_by(now_ns() + kTickNs);  // nobody may wait for its answer any more, who would push it out
  });
  replica_.on_takes_writes([this](bool takes_writes) { leadership_changed(takes_writes); });
}

void CatalogService::start() {
  if (options_.restock_every_ms != 0) {
    restocker_->start(options_.restock_every_ms, options_.restock_every_ms);
  }
}

void CatalogService::drain(UniqueFunction<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  restocker_->stop();
  if (planted(Bug::kDrainAnswersHeld)) answer_held();
  finish_draining();
}

void CatalogService::finish_draining() {
  if (!drained_ || writing_ != 0 || !held_.empty()) return;
  stop_ticking();
  let_go();
  std::exchange(drained_, {})();
}

void CatalogService::on_request(ReplyHandle reply, const wire::Request& request) {
  switch (request.method) {
    case wire::Method::kCatalogGet:
      get(std::move(reply), request);
      return;
    case wire::Method::kCatalogList:
      list(std::move(reply), request);
      return;
    case wire::Method::kCatalogTake:
    case wire::Method::kCatalogRestock:
    case wire::Method::kCatalogPrice:
    case wire::Method::kCatalogAdd:
      change(std::move(reply), request);
      return;
    case wire::Method::kCatalogPoll:
      poll(std::move(reply), request);
      return;
    default:
      reply->refuse_method();
  }
}

void CatalogService::add_info(wire::Json& info) const {
  int64_t stock = 0, start = 0, restocked = 0, sold = 0;
  for (const toys::Toy& toy : catalog_.toys()) {
    stock += toy.stock;
    start += toy.start;
    restocked += toy.restocked;
    sold += toy.sold;
  }
  info.set("toys", static_cast<int64_t>(catalog_.toys().size()));
  info.set("stock", stock);
  info.set("start", start);
  info.set("restocked", restocked);
  info.set("sold", sold);
  info.set("outcomes", static_cast<int64_t>(catalog_.remembered_outcomes()));
  info.set("fronts", static_cast<int64_t>(subscriptions_.fronts()));
  info.set("held", static_cast<int64_t>(held_.size()));
  info.set("changes", changes_);
}

// --- products ---

void CatalogService::get(ReplyHandle reply, const wire::Request& request) {
  auto name = toys::parse_toy_name(request.body);
  if (!name) {
    reply->fail(name.error());
    return;
  }
  replica_.when_readable(
      request.consistency, request.min_index, request.budget_ms,
      [this, name = std::move(*name), reply = std::move(reply)](Status readable) mutable {
        if (!readable) {
          reply->fail(readable.error());
          return;
        }
        const toys::Toy* toy = catalog_.find(name);
        if (toy != nullptr) {
          reply->answer(200, replica_.applied_index(), toys::to_json(*toy));
        } else if (catalog_.initialised()) {
          reply->fail({ErrorKind::kNotFound, "product not found"});
        } else {
          reply->fail(no_toys_yet());
        }
      });
}

void CatalogService::list(ReplyHandle reply, const wire::Request& request) {
  replica_.when_readable(request.consistency, request.min_index, request.budget_ms,
                         [this, reply = std::move(reply)](Status readable) mutable {
                           if (!readable) {
                             reply->fail(readable.error());
                             return;
                           }
                           if (!catalog_.initialised()) {
                             reply->fail(no_toys_yet());
                             return;
                           }
                           std::string body = R"({"products":[)";
                           for (const toys::Toy& toy : catalog_.toys()) {
                             if (body.back() != '[') body += ',';
                             body += toys::to_json(toy);
                           }
                           body += "]}";
                           reply->answer(200, replica_.applied_index(), body);
                         });
}

// --- changes ---

Result<std::string> CatalogService::command_of(const wire::Request& request) const {
  switch (request.method) {
    case wire::Method::kCatalogTake: {
      const auto take = toys::parse_take(request.body);
      // Not as bad input: to the order group 400 is an outcome.
      if (!take) return fail(ErrorKind::kBug, "a take: " + take.error().message);
      return toys::Catalog::take_command(*take);
    }
    case wire::Method::kCatalogRestock: {
      const auto restock = toys::parse_purchase(request.body);
      if (!restock) return fail(restock.error());
      return toys::Catalog::restock_command(*restock);
    }
    case wire::Method::kCatalogPrice: {
      const auto price = toys::parse_new_price(request.body);
      if (!price) return fail(price.error());
      return toys::Catalog::price_command(*price);
    }
    default: {
      const auto toy = toys::parse_new_toy(request.body);
      if (!toy) return fail(toy.error());
      return toys::Catalog::add_command(*toy);
    }
  }
}

void CatalogService::change(ReplyHandle reply, const wire::Request& request) {
  if (!subscriptions_.started() || !catalog_.initialised() || draining_) {
    reply->fail({ErrorKind::kUnavailable, "this replica does not take changes"});
    return;
  }
  if (writing_ + held_.size() >= options_.max_held) {
    reply->fail({ErrorKind::kUnavailable, "too many changes are under way"});
    return;
  }
  auto command = command_of(request);
  if (!command) {
    reply->fail(command.error());
    return;
  }
  ++changes_;
  ++writing_;
  // A take is known by its intent, which is remembered for as long as that is open.
  const bool is_take = request.method == wire::Method::kCatalogTake;
  replica_.write(std::move(*command), is_take ? std::string_view() : request.key, request.budget_ms,
                 [this, is_take, reply = std::move(reply)](Result<repl::Written> written) mutable {
                   // As above: 400 would be an outcome.
                   if (is_take && !written && written.error().kind == ErrorKind::kBadInput) {
                     written.error().kind = ErrorKind::kBug;
                   }
                   hold(std::move(reply), std::move(written));
                 });
}

void CatalogService::hold(ReplyHandle reply, Result<repl::Written> written) {
  --writing_;
  if (!written) {
    reply->fail(written.error());
    finish_draining();
    return;
  }
  if (planted(Bug::kRepetitionAnswers) && !changed_anything(catalog_, written->index)) {
    reply->answer(written->answer.status, written->index, written->answer.body);
    return;
  }
  // A repetition waits too: what it repeats may not be known everywhere yet.
  held_.push_back({subscriptions_.latest(), std::move(reply), std::move(*written)});
  push_out();
}

void CatalogService::stop_ticking() {
  tick_at_.clear();
  ticker_->stop();
}

void CatalogService::tick() {
  tick_at_.clear();
  const int64_t now = now_ns();
  if (!catalog_.initialised()) log_first_toys(now);
  push_out();
  if (!subscriptions_.started()) return;
  if (!catalog_.initialised()) tick_by(now + kTickNs);
  tick_by(subscriptions_.next_beat());
}

void CatalogService::tick_by(int64_t at_ns) {
  if (at_ns == INT64_MAX || !tick_at_.bring_forward(at_ns)) return;
  const int64_t left_ns = std::max<int64_t>(at_ns - now_ns(), 0);
  ticker_->start(static_cast<uint64_t>(left_ns / kNsPerMs + 1), 0);
}

void CatalogService::log_first_toys(int64_t now) {
  if (now < first_toys_again_at_ || draining_) return;
  const auto first = options_.first_toys();
  if (!first) {
    people_.tell(log::Level::kError, "there are no first toys for the catalog",
                 {{"error", first.error().message}});
    first_toys_again_at_ = now + kFirstToysAgainNs;
    return;
  }
  first_toys_again_at_ = now + options_.own_budget_ms * kNsPerMs + kFirstToysAgainNs;
  replica_.write(toys::Catalog::init_command(*first), {}, options_.own_budget_ms,
                 [this](const Result<repl::Written>& written) {
                   if (written) {
                     people_.tell(log::Level::kInfo, "the catalog has its first toys",
                                  {{"toys", static_cast<int64_t>(catalog_.toys().size())}});
                   } else {
                     people_.tell(log::Level::kWarning, "the first toys could not be logged",
                                  {{"error", written.error().message}});
                     first_toys_again_at_ = now_ns() + kFirstToysAgainNs;
                   }
                 });
}

void CatalogService::restock() {
  if (!subscriptions_.started() || !catalog_.any_empty() || restocking_) return;
  restocking_ = true;
  replica_.write(toys::Catalog::restock_empty_command(options_.restock_to), {},
                 options_.own_budget_ms, [this](const Result<repl::Written>& written) {
                   restocking_ = false;
                   if (!written) {
                     people_.tell(log::Level::kWarning, "toys could not be restocked",
                                  {{"error", written.error().message}});
                   }
                   push_out();
                 });
}

// --- the caches of the fronts ---

void CatalogService::leadership_changed(bool takes_writes) {
  if (takes_writes && !draining_) {
    subscriptions_.start(replica_.leading_since_ns());
    tick_by(now_ns() + kTickNs);
    return;
  }
  stop_ticking();
  subscriptions_.stop();
  let_go();
  finish_draining();
}

// Planted: what is held back is answered though a cache may not know of it.
void CatalogService::answer_held() {
  for (Held& answer : std::exchange(held_, {})) {
    answer.reply->answer(answer.written.answer.status, answer.written.index,
                         answer.written.answer.body);
  }
}

void CatalogService::let_go() {
  if (planted(Bug::kLetGoAnswers)) answer_held();
  auto held = std::exchange(held_, {});
  for (Held& answer : held) {
    answer.reply->fail({ErrorKind::kUnknown,
                        "leadership was lost: the outcome is unknown, ask again with the same "
                        "key"});
  }
  auto polls = std::exchange(polls_, {});
  for (auto& [front, reply] : polls) {
    reply->fail({ErrorKind::kUnavailable, "this replica does not lead any more"});
  }
}

void CatalogService::poll(ReplyHandle reply, const wire::Request& request) {
  // Not earlier: what is granted is counted from here.
  const int64_t received = now_ns();
  if (!subscriptions_.started()) {
    reply->fail({ErrorKind::kUnavailable, "this replica grants no leases"});
    return;
  }
  const auto poll = toys::parse_poll(request.body);
  if (!poll) {
    reply->fail(poll.error());
    return;
  }
  const Status taken = subscriptions_.poll(*poll, received);
  if (!taken) {
    reply->fail(taken.error());
    return;
  }
  ReplyHandle& waiting = polls_[poll->front];
  if (waiting != nullptr) {
    waiting->fail({ErrorKind::kUnavailable, "a later poll took its place"});
  }
  waiting = std::move(reply);
  push_out();
  tick_by(subscriptions_.next_beat());
}

// A leader that has no lease itself at the moment grants none, and its polls go on.
void CatalogService::push_out() {
  const int64_t now = now_ns();
  for (const uint64_t front : subscriptions_.due(now)) {
    const toys::Push push = subscriptions_.answer(front, now, replica_.leader_lease_until());
    const auto waiting = polls_.find(front);
    waiting->second->answer(200, replica_.applied_index(), toys::to_json(push));
    polls_.erase(waiting);
  }
  release();
}

void CatalogService::release() {
  const int64_t now = now_ns();
  while (!held_.empty() && subscriptions_.acknowledged(held_.front().barrier, now)) {
    Held& answer = held_.front();
    answer.reply->answer(answer.written.answer.status, answer.written.index,
                         answer.written.answer.body);
    held_.pop_front();
  }
  if (!held_.empty()) tick_by(now + kTickNs);
  finish_draining();
}

}  // namespace tandem::store
