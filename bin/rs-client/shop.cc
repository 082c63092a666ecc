#include "shop.h"

#include <csignal>
#include <utility>

#include "base/clock.h"
#include "store.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr uint64_t kProgressMs = 200;
constexpr size_t kMostTold = 10;

int64_t now_ns() { return system_clock().boot_ns(); }

// Whether it was answered, be it with no. A mismatch of the store's state is found by others.
bool is_answered(const Result<Reply>& reply) {
  return reply || reply.error().kind == ErrorKind::kNotFound ||
         reply.error().kind == ErrorKind::kConflict;
}

bool is_unreachable(ErrorKind kind) {
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kTimeout ||
         kind == ErrorKind::kUnknown;
}

}  // namespace

void ShopResult::add(const ShopResult& other) {
  for (size_t kind = 0; kind < tallies.size(); ++kind) {
    tallies[kind].add(other.tallies[kind]);
    tallies[kind].gap.add(other.tallies[kind].gap);
  }
  gap.add(other.gap);
  took_ns += other.took_ns;
  if (!first_error) first_error = other.first_error;
  interrupted = interrupted || other.interrupted;
  gone = gone || other.gone;
}

Tally ShopResult::all() const {
  Tally sum;
  for (const Tally& tally : tallies) sum.add(tally);
  sum.gap = gap;
  return sum;
}

ExitStatus ShopResult::status() const {
  for (const Tally& tally : tallies) {
    if (tally.mismatches > 0) return ExitStatus::kNo;
  }
  return first_error ? exit_status_of(first_error->kind) : ExitStatus::kOk;
}

Json ShopResult::rows() const {
  Json::Array rows;
  for (size_t kind = 0; kind < tallies.size(); ++kind) {
    rows.push_back(to_row(kKindNames[kind], tallies[kind]));
  }
  rows.push_back(to_row("all", all()));
  return rows;
}

Shop::Shop(Session& session, const ShopPlan& plan, std::vector<std::string> toys, std::string label)
    : session_(session),
      plan_(plan),
      toys_(std::move(toys)),
      label_(std::move(label)),
      progress_(session.loop, [this] { show_progress(); }) {
  for (size_t shopper = 0; shopper < plan.clients; ++shopper) {
    shoppers_.push_back({Choices(plan.seed, shopper)});
  }
}

ShopResult Shop::run() {
  loop::Signal on_int(session_.loop, SIGINT, [this] { interrupt(); });
  loop::Signal on_term(session_.loop, SIGTERM, [this] { interrupt(); });
  if (session_.console.is_terminal()) progress_.start(kProgressMs, kProgressMs);
  const int64_t begun_ns = now_ns();
  for (size_t shopper = 0; shopper < plan_.clients; ++shopper) visit(shopper);
  session_.loop.run();
  comparing_ = true;
  if (!gone_ && !purchases_.empty()) {
    for (size_t shopper = 0; shopper < plan_.clients; ++shopper) compare_next();
    session_.loop.run();
  }
  result_.took_ns = now_ns() - begun_ns;
  progress_.stop();
  session_.console.progress("");
  if (compared_ < purchases_.size()) {
    session_.console.say("stopped: " + std::to_string(purchases_.size() - compared_) +
                         " orders were not compared");
  }
  if (told_ > kMostTold) {
    session_.console.say("and " + std::to_string(told_ - kMostTold) + " more");
  }
  return std::move(result_);
}

void Shop::visit(size_t shopper) {
  Shopper& self = shoppers_[shopper];
  if (closing_ || self.visits == plan_.iterations) return leave();
  ++self.visits;
  ++visits_;
  // Both choices are made whatever comes of the first: the next ones shall not depend on it.
  const size_t toy = self.choices.pick(toys_.size());
  const bool buys = self.choices.chance(plan_.probability);
  Call query = show_toy(plan_.url, toys_[toy]);
  if (!plan_.cached) query.headers.emplace_back("Cache-Control: no-cache");
  ask(Kind::kQuery, std::move(query), [this, shopper, toy, buys](const Result<Reply>& reply) {
    check_toy(toy, reply);
    if (buys && reply && !closing_) return buy(shopper, toy);
    visit(shopper);
  });
}

void Shop::buy(size_t shopper, size_t toy) {
  Call call = buy_toy(plan_.url, {toys_[toy], plan_.quantity});
  call.key = session_.write_key();
  const std::string key = call.key;
  ask(Kind::kBuy, std::move(call), [this, shopper, toy, key](const Result<Reply>& reply) {
    if (!reply && is_open(reply.error())) tell_finish(toy, key);
    check_purchase(toy, reply);
    visit(shopper);
  });
}

// Said of each, however many there are: no one else knows the key.
void Shop::tell_finish(size_t toy, const std::string& key) {
  LineAgain line;
  line.program = session_.again.program;
  line.line.options = {{"store-url", plan_.url}};
  line.command = "toys buy";
  line.operands = {toys_[toy], std::to_string(plan_.quantity)};
  session_.console.say("finish it once: " + line.with_key(key));
}

void Shop::compare_next() {
  if (gone_ || compared_ == purchases_.size()) return leave();
  const Purchase purchase = purchases_[compared_++];
  ask(Kind::kOrder, show_order(plan_.url, std::to_string(purchase.number)),
      [this, purchase](const Result<Reply>& reply) {
        check_order(purchase, reply);
        compare_next();
      });
}

void Shop::leave() {
  if (in_flight_ == 0) session_.loop.stop();
}

void Shop::interrupt() {
  result_.interrupted = true;
  if (!closing_ && !comparing_) {
    closing_ = true;
    session_.console.say("interrupted: comparing the orders; once more ends that too");
    return;
  }
  gone_ = true;
  if (!result_.first_error) result_.first_error = {ErrorKind::kTimeout, "interrupted"};
  session_.loop.stop();
}

void Shop::ask(Kind kind, Call call, Then then) {
  uint64_t& retries = result_.tallies[static_cast<size_t>(kind)].retries;
  call.on_repeat = [&retries] { ++retries; };
  ++in_flight_;
  session_.caller.call(std::move(call), [this, kind, begun_ns = now_ns(), then = std::move(then)](
                                            const Result<Reply>& reply) mutable {
    --in_flight_;
    count(kind, begun_ns, reply);
    then(reply);
  });
}

void Shop::count(Kind kind, int64_t begun_ns, const Result<Reply>& reply) {
  Tally& tally = result_.tallies[static_cast<size_t>(kind)];
  if (is_answered(reply)) {
    last_answer_ns_ = now_ns();
    tally.latencies.add(last_answer_ns_ - begun_ns);
    tally.gap.answered(last_answer_ns_);
    result_.gap.answered(last_answer_ns_);
    return;
  }
  ++tally.errors;
  // That something may have been bought outweighs that something else was not.
  const bool open = kind == Kind::kBuy && is_open(reply.error());
  if (!result_.first_error || open) result_.first_error = reply.error();
  tell(std::string(kKindNames[static_cast<size_t>(kind)]) + ": " + reply.error().message);
  // Nobody was answered since this was asked first: the store has gone.
  if (is_unreachable(reply.error().kind) && last_answer_ns_ < begun_ns) {
    result_.gone = closing_ = gone_ = true;
  }
}

void Shop::check_toy(size_t toy, const Result<Reply>& reply) {
  if (!is_answered(reply)) return;
  if (!reply) return mismatch(Kind::kQuery, toys_[toy] + ": " + reply.error().message);
  const auto product = data_of(*reply);
  const Json* name = product ? product->find("name") : nullptr;
  if (name != nullptr && *name == Json(toys_[toy])) return;
  mismatch(Kind::kQuery, "asked for " + Json(toys_[toy]).dump() + ", got " + reply->body);
}

void Shop::check_purchase(size_t toy, const Result<Reply>& reply) {
  if (!is_answered(reply)) return;
  if (!reply && reply.error().kind == ErrorKind::kConflict) {
    ++result_.tallies[static_cast<size_t>(Kind::kBuy)].out_of_stock;
    return;
  }
  if (!reply) return mismatch(Kind::kBuy, toys_[toy] + ": " + reply.error().message);
  const auto data = data_of(*reply);
  const Json* given = data ? data->find("order_number") : nullptr;
  const int64_t* number = given != nullptr ? given->as_int() : nullptr;
  if (number == nullptr || *number < 0) {
    return mismatch(Kind::kBuy, "bought " + toys_[toy] + ", got no number: " + reply->body);
  }
  if (!numbers_.insert(*number).second) {
    mismatch(Kind::kBuy, "the number " + std::to_string(*number) + " was given twice");
  }
  purchases_.push_back({*number, toy});
}

void Shop::check_order(const Purchase& purchase, const Result<Reply>& reply) {
  if (!is_answered(reply)) return;
  const std::string order = "order " + std::to_string(purchase.number) + ": ";
  if (!reply) return mismatch(Kind::kOrder, order + reply.error().message);
  const std::pair<const char*, Json> wanted[] = {
      {"number", purchase.number}, {"name", toys_[purchase.toy]}, {"quantity", plan_.quantity}};
  const auto got = data_of(*reply);
  for (const auto& [name, value] : wanted) {
    const Json* member = got ? got->find(name) : nullptr;
    if (member != nullptr && *member == value) continue;
    return mismatch(Kind::kOrder, order + "bought " + std::to_string(plan_.quantity) + " of " +
                                      toys_[purchase.toy] + ", the store says " + reply->body);
  }
}

void Shop::mismatch(Kind kind, const std::string& text) {
  ++result_.tallies[static_cast<size_t>(kind)].mismatches;
  tell(text);
}

void Shop::tell(const std::string& text) {
  if (++told_ <= kMostTold) session_.console.say(text);
}

void Shop::show_progress() {
  const uint64_t done = comparing_ ? compared_ : visits_;
  const uint64_t all = comparing_ ? purchases_.size() : plan_.iterations * plan_.clients;
  std::string text = label_;
  text += comparing_ ? "orders compared: " : "toys looked at: ";
  text += std::to_string(done) + " of " + std::to_string(all) + ", " +
          std::to_string(numbers_.size()) + " purchases";
  uint64_t errors = 0;
  uint64_t mismatches = 0;
  for (const Tally& tally : result_.tallies) {
    errors += tally.errors;
    mismatches += tally.mismatches;
  }
  if (errors > 0) text += ", " + std::to_string(errors) + " errors";
  if (mismatches > 0) text += ", " + std::to_string(mismatches) + " mismatches";
  session_.console.progress(text);
}

}  // namespace tandem::client
