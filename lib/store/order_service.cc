#include "store/order_service.h"

#include <utility>

#include "base/ids.h"
#include "toys/catalog.h"
#include "toys/planted.h"
#include "toys/request.h"

namespace tandem::store {

using toys::Bug;

namespace {

constexpr uint64_t kTickMs = 5;  // while there are purchases
// While there are none that it knows of: an intent may be applied that nobody waits for any more.
constexpr uint64_t kIdleTickMs = 100;
constexpr int64_t kNsPerMs = 1'000'000;
// A purchase takes some ms. One that has no outcome after this waits for a catalog that is away,
// and is finished by the next leader, which there is none of before this one has ended.
constexpr int64_t kDrainNs = 1000 * kNsPerMs;
constexpr int64_t kMaxHoldMs = 2000;
constexpr std::string_view kUnknownOutcome =
    "the outcome of the purchase is unknown: ask again with the same Idempotency-Key";

Error takes_none() { return {ErrorKind::kUnavailable, "this replica does not take purchases"}; }

Error unknown_outcome() { return {ErrorKind::kUnknown, std::string(kUnknownOutcome)}; }

// Of what is open when leadership, or the process, ends.
Error not_finished() {
  if (!planted(Bug::kRefuseWhatIsOpen)) return unknown_outcome();
  return {ErrorKind::kUnavailable, "nothing was done"};
}

}  // namespace

OrderService::OrderService(const OrderOptions& options, const Time& time, toys::Orders& orders,
                           repl::Driver& replica, Gateway& catalog)
    : options_(options),
      time_(time),
      orders_(orders),
      replica_(replica),
      catalog_(catalog),
      purchases_(options.purchases, orders),
      ticker_(time.timers.make([this] { tick(); })) {
  replica_.on_takes_writes([this](bool takes_writes) { leadership_changed(takes_writes); });
}

void OrderService::drain(UniqueFunction<void()> done) {
  draining_ = true;
  drop_hold();
  drained_ = std::move(done);
  drain_until_ns_ = now_ns() + kDrainNs;
  // The end is looked at by the timer: the next part to drain answers what it has under way, which
  // must not happen from inside of a completion of it.
  tick_every(kTickMs);
  finish_draining();
}

void OrderService::finish_draining() {
  if (!drained_ || (is_busy() && now_ns() < drain_until_ns_)) return;
  ticker_->stop();
  purchases_.stop();
  fail_waiting(not_finished());
  std::exchange(drained_, {})();
}

void OrderService::on_request(ReplyHandle reply, const wire::Request& request) {
  switch (request.method) {
    case wire::Method::kOrderPlace:
      place(std::move(reply), request);
      return;
    case wire::Method::kOrderGet:
      get(std::move(reply), request);
      return;
    case wire::Method::kOrderHold:
      hold(std::move(reply), request);
      return;
    case wire::Method::kOrderRelease:
      release(std::move(reply), request);
      return;
    default:
      reply->refuse_method();
  }
}

void OrderService::add_info(wire::Json& info) const {
  info.set("orders", orders_.count());
  info.set("digest", hex_id(orders_.digest()));
  info.set("open", static_cast<int64_t>(orders_.open().size()));
  info.set("placed", placed_);
  info.set("catalog", catalog_.reaches_leader());
}

// --- purchases ---

void OrderService::place(ReplyHandle reply, const wire::Request& request) {
  if (!replica_.takes_writes() || draining_) {
    reply->fail(takes_none());
    return;
  }
  auto purchase = toys::parse_purchase(request.body);
  if (!purchase) {
    reply->fail(purchase.error());
    return;
  }
  if (request.key.empty()) {
    reply->fail({ErrorKind::kBadInput, "a purchase needs an Idempotency-Key"});
    return;
  }
  const size_t waiting = waiters_ + (hold_ ? hold_->placed.size() : 0);
  if (orders_.open().size() >= options_.max_open || waiting >= options_.max_open) {
    reply->fail({ErrorKind::kUnavailable, "too many purchases are under way"});
    return;
  }
  Placed placed{std::move(reply), std::string(request.key), std::move(*purchase),
                now_ns() + int64_t{request.budget_ms} * kNsPerMs};
  if (hold_) {
    hold_->placed.push_back(std::move(placed));
  } else {
    log_intent(std::move(placed), request.budget_ms);
  }
}

void OrderService::log_intent(Placed placed, uint32_t budget_ms) {
  ++placed_;
  ++logging_;
  tick_every(kTickMs);
  std::string_view key = placed.key;
  std::string another;
  if (planted(Bug::kIntentNotJoined)) {
    another = std::string(key) + '#' + std::to_string(replica_.logged_index());
    key = another;
  }
  replica_.write(toys::Orders::intent_command(placed.purchase), key, budget_ms,
                 [this, deadline_ns = placed.deadline_ns,
                  reply = std::move(placed.reply)](Result<repl::Written> written) mutable {
                   --logging_;
                   if (written) {
                     on_intent(std::move(reply), deadline_ns, *written);
                   } else {
                     reply->fail(written.error());
                   }
                 });
  if (planted(Bug::kAskBeforeCommit)) {
    ask_catalog({replica_.lineage_of(replica_.epoch()),
                 {replica_.epoch(), replica_.logged_index()},
                 orders_.closed_below(),
                 placed.purchase.name,
                 placed.purchase.quantity});
  }
}

void OrderService::on_intent(ReplyHandle reply, int64_t deadline_ns, const repl::Written& written) {
  if (written.answer.status != toys::kAccepted) {
    reply->answer(written.answer.status, written.index, written.answer.body);
    return;
  }
  const auto intent = toys::Orders::intent_of(written.answer.body);
  if (!intent || !orders_.open().contains(*intent)) {
    // Closed by a result whose answer no key remembers any more.
    reply->fail(unknown_outcome());
    return;
  }
  waiting_[*intent].push_back({std::move(reply), deadline_ns});
  ++waiters_;
  toys::Purchases::Effects effects;
  purchases_.opened(*intent, now_ns(), effects);
  carry_out(effects);
}

void OrderService::leadership_changed(bool takes_writes) {
  if (takes_writes && !draining_) {
    tick_every(kTickMs);
    toys::Purchases::Effects effects;
    purchases_.start([this](uint64_t epoch) { return replica_.lineage_of(epoch); }, now_ns(),
                     effects);
    carry_out(effects);
    return;
  }
  if (!drained_) ticker_->stop();
  purchases_.stop();
  drop_hold();
  fail_waiting(not_finished());
}

void OrderService::carry_out(const toys::Purchases::Effects& effects) {
  for (const toys::Take& take : effects.takes) ask_catalog(take);
  for (const toys::Purchases::Result& result : effects.results) log_result(result);
}

void OrderService::ask_catalog(const toys::Take& take) {
  const std::string body = toys::to_json(take);
  wire::Request request;
  request.method = wire::Method::kCatalogTake;
  request.body = body;
  catalog_.submit(request, [this, intent = take.intent](const wire::Response& response) {
    if (planted(Bug::kAnswerProvisional) && response.status == toys::kTaken) {
      const std::string number = std::to_string(orders_.count());
      answer_waiting(intent, {0, {200, "{\"order_number\":" + number + '}', "early"}});
    }
    toys::Purchases::Effects effects;
    purchases_.catalog_answered(intent, response.status, now_ns(), effects);
    carry_out(effects);
  });
}

std::string OrderService::command_of(const toys::Purchases::Result& result) const {
  std::string command = toys::Orders::result_command(result.intent, result.status);
  if (planted(Bug::kNumberAtProposal)) {
    const uint64_t number = result.status == toys::kTaken ? orders_.count() : 0;
    command.insert(command.size() - 2, ",\"number\":" + std::to_string(number));
  }
  return command;
}

void OrderService::log_result(const toys::Purchases::Result& result) {
  replica_.write(command_of(result), {}, options_.result_budget_ms,
                 [this, intent = result.intent](const Result<repl::Written>& written) {
                   on_result(intent, written);
                 });
}

void OrderService::on_result(const toys::IntentId& intent, const Result<repl::Written>& written) {
  if (!written) {
    if (!planted(Bug::kLogResultOnce)) purchases_.result_failed(intent, now_ns());
    return;
  }
  toys::Purchases::Effects effects;
  purchases_.closed(intent, now_ns(), effects);
  answer_waiting(intent, *written);
  carry_out(effects);
}

void OrderService::answer_waiting(const toys::IntentId& intent, const repl::Written& written) {
  const auto it = waiting_.find(intent);
  if (it == waiting_.end()) return;
  std::vector<Waiting> waiting = std::move(it->second);
  waiting_.erase(it);
  waiters_ -= waiting.size();
  // An earlier result of this intent, given up as lost, came first: its answer is with the key.
  const bool settled = !written.answer.settles.empty();
  for (Waiting& waits : waiting) {
    if (settled) {
      waits.reply->answer(written.answer.status, written.index, written.answer.body);
    } else {
      waits.reply->fail(unknown_outcome());
    }
  }
}

void OrderService::fail_waiting(const Error& error) {
  auto all = std::exchange(waiting_, {});
  waiters_ = 0;
  for (auto& [intent, waiting] : all) {
    for (Waiting& waits : waiting) waits.reply->fail(error);
  }
}

void OrderService::tick_every(uint64_t ms) {
  if (ticker_->active() && tick_ms_ == ms) return;
  tick_ms_ = ms;
  ticker_->start(ms, ms);
}

void OrderService::tick() {
  const int64_t now = now_ns();
  toys::Purchases::Effects effects;
  // Who placed an intent may have had its answer, 504, before the intent was applied: it is carried
  // on all the same.
  const bool missed = purchases_.started() && orders_.open().size() != purchases_.open();
  const bool forgets = planted(Bug::kForgetIntents) || planted(Bug::kForgetLateIntents);
  if (missed && !forgets) {
    for (const auto& [id, intent] : orders_.open()) purchases_.opened(id, now, effects);
  }
  purchases_.tick(now, effects);
  carry_out(effects);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    // Closed by a result that was given up for lost: the final answer is with the key.
    const bool over = !orders_.open().contains(it->first);
    const size_t late = std::erase_if(it->second, [now, over](Waiting& waits) {
      if (waits.deadline_ns > now && !over) return false;
      waits.reply->fail(unknown_outcome());
      return true;
    });
    waiters_ -= late;
    it = it->second.empty() ? waiting_.erase(it) : std::next(it);
  }
  look_at_hold();
  const bool idle =
      !hold_ && !is_busy() && orders_.open().empty() && purchases_.open() == 0 && !drained_;
  if (idle) tick_every(kIdleTickMs);
  finish_draining();
}

// --- while purchases are held ---

// {"ms":2000}, under a key that is its name.
void OrderService::hold(ReplyHandle reply, const wire::Request& request) {
  if (!replica_.takes_writes() || draining_) return reply->fail(takes_none());
  const auto ms = toys::parse_hold(request.body, kMaxHoldMs);
  if (!ms) return reply->fail(ms.error());
  if (hold_ && hold_->id != request.key) {
    return reply->fail({ErrorKind::kUnavailable, "purchases are held for another backup"});
  }
  if (!hold_) {
    hold_ = Hold{};
    hold_->id = request.key;
    hold_->epoch = replica_.epoch();
    hold_->until_ns = now_ns() + *ms * kNsPerMs;
  }
  hold_->asked = std::move(reply);
  tick_every(kTickMs);
  look_at_hold();
}

void OrderService::look_at_hold() {
  if (!hold_) return;
  const bool is_open = logging_ != 0 || !orders_.open().empty() || purchases_.open() != 0;
  if (now_ns() >= hold_->until_ns) {
    if (hold_->asked != nullptr) {
      // Not to be asked again and again: purchases wait for as long.
      hold_->asked->fail(
          {ErrorKind::kBusy, is_open ? "purchases are without an outcome: is the catalog there?"
                                     : "purchases were held for long enough"});
    }
    end_hold();
  } else if (hold_->asked != nullptr && !is_open) {
    ReplyHandle asked = std::move(hold_->asked);
    asked->answer(200, replica_.applied_index(), "{}");
  }
}

// While this leader's lease runs no later one has committed anything.
bool OrderService::stands(const std::string& id) const {
  return hold_ && hold_->id == id && now_ns() < hold_->until_ns && replica_.takes_writes() &&
         replica_.epoch() == hold_->epoch && replica_.leader_lease_until() > now_ns();
}

// {"hold":NAME}: 200 {"stood":true|false}
void OrderService::release(ReplyHandle reply, const wire::Request& request) {
  const auto id = toys::parse_release(request.body);
  if (!id) return reply->fail(id.error());
  const bool stood = stands(*id);
  if (hold_ && hold_->id == *id) end_hold();
  reply->answer(200, replica_.applied_index(), stood ? R"({"stood":true})" : R"({"stood":false})");
}

void OrderService::end_hold() {
  std::vector<Placed> all = std::move(hold_->placed);
  hold_.reset();
  const int64_t now = now_ns();
  for (Placed& placed : all) {
    const int64_t left_ms = (placed.deadline_ns - now) / kNsPerMs;
    if (left_ms > 0) {
      log_intent(std::move(placed), static_cast<uint32_t>(left_ms));
    } else {
      placed.reply->fail({ErrorKind::kUnavailable, "purchases were held for a backup"});
    }
  }
}

void OrderService::drop_hold() {
  if (!hold_) return;
  Hold dropped = std::move(*hold_);
  hold_.reset();
  if (dropped.asked != nullptr) dropped.asked->fail(takes_none());
  for (Placed& placed : dropped.placed) placed.reply->fail(takes_none());
}

// --- orders ---

void OrderService::get(ReplyHandle reply, const wire::Request& request) {
  const auto number = toys::parse_order_number(request.body);
  if (!number) {
    reply->fail(number.error());
    return;
  }
  replica_.when_readable(
      request.consistency, request.min_index, request.budget_ms,
      [this, number = *number, reply = std::move(reply)](Status readable) mutable {
        if (!readable) {
          reply->fail(readable.error());
          return;
        }
        const toys::Order* order = orders_.find(number);
        if (order == nullptr) {
          reply->fail({ErrorKind::kNotFound, "order_id does not exist"});
        } else {
          reply->answer(200, replica_.applied_index(), toys::to_json(number, *order));
        }
      });
}

}  // namespace tandem::store
