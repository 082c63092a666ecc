#include "toys/orders.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/json_string.h"
#include "toys/catalog.h"
#include "toys/fields.h"
#include "toys/planted.h"
#include "toys/refusal.h"
#include "wire/request_object.h"
#include "wire/stored_json.h"

namespace tandem::toys {
namespace {

using repl::Applied;
using wire::Json;

bool is_outcome(int64_t status) {
  return status == kTaken || status == kNoSuchToy || status == kOutOfStock || status == kClosed;
}

// The answer for good to an intent that came to no order.
Applied refused(uint16_t status) {
  if (status == kNoSuchToy) return refusal(status, "product not found");
  if (status == kOutOfStock) return refusal(status, "product out of stock");
  return refusal(status, "what became of this order was lost");
}

Applied accepted(const IntentId& id) {
  return Applied{kAccepted, "{\"intent\":\"" + to_text(id) + "\"}"};
}

Json to_object(std::string_view name, int64_t quantity) {
  return Json(Json::Object{{"name", name}, {"quantity", quantity}});
}

std::string one_member(std::string_view name, Json value) {
  Json json;
  return json.set(name, std::move(value)).dump();
}

class FrozenOrders final : public repl::FrozenState {
 public:
  FrozenOrders(std::vector<Orders::Chunk> orders, uint64_t count, std::vector<Intent> open,
               const IntentId& next)
      : orders_(std::move(orders)), count_(count), open_(std::move(open)), next_(next) {}

  bool write_rows(const repl::RowSink& sink) const override {
    if (!sink(one_member("next_intent", to_text(next_)))) return false;
    for (const Intent& intent : open_) {
      Json row;
      row.set("intent", to_text(intent.id));
      wire::set_stored_text(row, "key", intent.key);
      row.set("name", intent.name);
      row.set("quantity", intent.quantity);
      if (!sink(one_member("open", std::move(row)))) return false;
    }
    std::string row;
    for (uint64_t number = 0; number < count_; ++number) {
      const Order& order = orders_[number / Orders::kChunkOrders][number % Orders::kChunkOrders];
      row = "{\"order\":" + to_json(number, order) + '}';
      if (!sink(row)) return false;
    }
    return true;
  }

 private:
  std::vector<Orders::Chunk> orders_;
  uint64_t count_;
  std::vector<Intent> open_;
  IntentId next_;
};

// --- the rows of a snapshot ---

struct NumberedOrder {
  uint64_t number = 0;
  Order order;
};
using SnapshotRow = std::variant<IntentId, Intent, NumberedOrder>;

tl::unexpected<Error> order_missing(uint64_t number) {
  return fail(ErrorKind::kCorrupt, "order " + std::to_string(number) + " is missing");
}

Result<SnapshotRow> parse_row(std::string_view row) {
  const auto json = parse_stored_object(row);
  if (!json) return fail(json.error());
  if (const Json* order = json->find("order")) {
    Fields in(*order);
    NumberedOrder parsed{in.counter("number"),
                         {in.toy_name("name"), in.integer("quantity", 1, kMaxQuantity)}};
    if (!in.ok()) return fail(ErrorKind::kCorrupt, "an order: " + in.error().message);
    return SnapshotRow(std::move(parsed));
  }
  if (const Json* open = json->find("open")) {
    Fields in(*open);
    Intent intent{in.intent("intent"), in.stored_text("key"), in.toy_name("name"),
                  in.integer("quantity", 1, kMaxQuantity)};
    if (!in.ok()) return fail(ErrorKind::kCorrupt, "an open intent: " + in.error().message);
    return SnapshotRow(std::move(intent));
  }
  Fields in(*json);
  const IntentId next = in.intent("next_intent");
  if (!in.ok()) return fail(ErrorKind::kCorrupt, in.error().message);
  return SnapshotRow(next);
}

class OrdersRowChecker final : public repl::RowChecker {
 public:
  Status check(std::string_view row) override {
    const auto parsed = parse_row(row);
    if (!parsed) return fail(parsed.error());
    if (const auto* order = std::get_if<NumberedOrder>(&*parsed)) {
      if (order->number != count_++) return order_missing(count_ - 1);
    } else if (const auto* intent = std::get_if<Intent>(&*parsed)) {
      const bool rises = !(intent->id < lowest_) && intent->id < next_;
      if (!rises) return fail(ErrorKind::kCorrupt, "an open intent is out of order");
      lowest_ = {intent->id.epoch, intent->id.index + 1};
    } else {
      next_ = std::get<IntentId>(*parsed);
    }
    return {};
  }

 private:
  IntentId next_;
  IntentId lowest_;
  uint64_t count_ = 0;
};

// --- the commands ---

Result<Purchase> read_intent(const Json& command) {
  Fields in(command);
  Purchase purchase{in.toy_name("name"), in.integer("quantity", 1, kMaxQuantity)};
  if (!in.ok()) return fail(in.error());
  return purchase;
}

struct IntentResult {
  IntentId intent;
  uint16_t status = 0;
};
Result<IntentResult> read_result(const Json& command) {
  Fields in(command);
  const IntentId intent = in.intent("intent");
  const int64_t status = in.integer("status", 0, UINT16_MAX);
  if (in.ok() && !is_outcome(status)) in.refuse("status is no outcome");
  if (!in.ok()) return fail(in.error());
  return IntentResult{intent, static_cast<uint16_t>(status)};
}

uint64_t digest_with(uint64_t digest, uint64_t number, const Order& order) {
  constexpr uint64_t kOffset = 0xcbf29ce484222325;
  constexpr uint64_t kPrime = 0x100000001b3;
  if (digest == 0) digest = kOffset;
  const auto add = [&](uint8_t byte) { digest = (digest ^ byte) * kPrime; };
  const auto add_number = [&](uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) add(static_cast<uint8_t>(value >> shift));
  };
  add_number(number);
  for (const char c : order.name) add(static_cast<uint8_t>(c));
  add_number(static_cast<uint64_t>(order.quantity));
  return digest;
}

}  // namespace

std::string to_json(uint64_t number, const Order& order) {
  std::string json = "{\"number\":" + std::to_string(number) + ",\"name\":";
  append_json_string(json, order.name);
  json += ",\"quantity\":" + std::to_string(order.quantity) + '}';
  return json;
}

std::string Orders::intent_command(const Purchase& purchase) {
  return one_member("intent", to_object(purchase.name, purchase.quantity));
}

std::string Orders::result_command(const IntentId& intent, uint16_t status) {
  Json result;
  result.set("intent", to_text(intent));
  result.set("status", static_cast<int64_t>(status));
  return one_member("result", std::move(result));
}

Result<IntentId> Orders::intent_of(std::string_view provisional_body) {
  return read_fields(wire::parse_object(provisional_body),
                     [](Fields& in) { return in.intent("intent"); });
}

Applied Orders::apply(const wire::Entry& entry) {
  next_ = {entry.epoch, entry.index + 1};
  const auto command = wire::parse_object(entry.payload);
  if (!command) return refusal(kMalformed, command.error().message);
  if (const Json* intent = command->find("intent")) return open_intent(entry, *intent);
  if (const Json* result = command->find("result")) return close_intent(*result);
  return refusal(kMalformed, "no such command");
}

Status Orders::admit(std::string_view text) const {
  const auto command = wire::parse_object(text);
  if (!command) return fail(command.error());
  if (const Json* intent = command->find("intent")) {
    const auto read = read_intent(*intent);
    return read ? Status() : fail(read.error());
  }
  if (const Json* result = command->find("result")) {
    const auto read = read_result(*result);
    return read ? Status() : fail(read.error());
  }
  return fail(ErrorKind::kBadInput, "no such command");
}

Applied Orders::open_intent(const wire::Entry& entry, const Json& command) {
  auto purchase = read_intent(command);
  if (!purchase) return refusal(kMalformed, purchase.error().message);
  Intent intent{
      {entry.epoch, entry.index}, entry.request_id, std::move(purchase->name), purchase->quantity};
  const auto known = open_by_key_.find(intent.key);
  if (known != open_by_key_.end()) {
    const Intent& first = open_.at(known->second);
    if (first.name == intent.name && first.quantity == intent.quantity) return accepted(first.id);
    return refusal(422, "this Idempotency-Key was used with another body");
  }
  const IntentId id = intent.id;
  keep_open(std::move(intent));
  return accepted(id);
}

void Orders::keep_open(Intent intent) {
  const IntentId id = intent.id;
  if (!intent.key.empty()) open_by_key_.emplace(intent.key, id);
  open_.emplace(id, std::move(intent));
}

Applied Orders::close_intent(const Json& command) {
  const auto result = read_result(command);
  if (!result) return refusal(kMalformed, result.error().message);
  const uint16_t status = result->status;
  auto open = open_.extract(result->intent);
  if (open.empty() && planted(Bug::kResultTwice) && count_ > 0) put(count_, *find(count_ - 1));
  if (open.empty()) return refusal(kClosed, "this intent is not open");
  Intent& intent = open.mapped();
  if (!intent.key.empty()) open_by_key_.erase(intent.key);
  Applied answer;
  if (status == kTaken) {
    const uint64_t number =
        planted(Bug::kNumberAtProposal) ? Fields(command).counter("number") : count_;
    put(number, {std::move(intent.name), intent.quantity});
    answer.body = "{\"order_number\":" + std::to_string(number) + '}';
  } else {
    answer = refused(status);
  }
  answer.settles = std::move(intent.key);
  return answer;
}

void Orders::put(uint64_t number, Order order) {
  digest_ = digest_with(digest_, number, order);
  while (orders_.size() <= number / kChunkOrders) {
    orders_.push_back(std::make_shared<Order[]>(kChunkOrders));
  }
  orders_[number / kChunkOrders][number % kChunkOrders] = std::move(order);
  count_ = std::max(count_, number + 1);
}

const Order* Orders::find(uint64_t number) const {
  return number < count_ ? &orders_[number / kChunkOrders][number % kChunkOrders] : nullptr;
}

OrderRange Orders::range(uint64_t from) const {
  const uint64_t begin = std::min(from, count_);
  const auto first = orders_.begin() + static_cast<std::ptrdiff_t>(begin / kChunkOrders);
  return {begin < count_ ? std::vector<Chunk>(first, orders_.end()) : std::vector<Chunk>(), begin,
          count_};
}

IntentId Orders::closed_below() const { return open_.empty() ? next_ : open_.begin()->first; }

// --- snapshots ---

std::unique_ptr<repl::FrozenState> Orders::freeze() const {
  std::vector<Intent> open;
  open.reserve(open_.size());
  for (const auto& [id, intent] : open_) open.push_back(intent);
  return std::make_unique<FrozenOrders>(orders_, count_, std::move(open), next_);
}

void Orders::reset() {
  orders_.clear();
  count_ = 0;
  digest_ = 0;
  open_.clear();
  open_by_key_.clear();
  next_ = {};
}

Status Orders::restore_row(std::string_view row) {
  auto parsed = parse_row(row);
  if (!parsed) return fail(std::move(parsed.error()));
  if (auto* order = std::get_if<NumberedOrder>(&*parsed)) {
    if (order->number != count_) return order_missing(count_);
    put(order->number, std::move(order->order));
  } else if (auto* intent = std::get_if<Intent>(&*parsed)) {
    const bool twice = open_.contains(intent->id) || open_by_key_.contains(intent->key);
    if (twice) return fail(ErrorKind::kCorrupt, "an open intent: intent or key comes twice");
    keep_open(std::move(*intent));
  } else {
    next_ = std::get<IntentId>(*parsed);
  }
  return {};
}

std::unique_ptr<repl::StateMachine> Orders::make_empty() const {
  return std::make_unique<Orders>();
}

void Orders::swap_state(repl::StateMachine& made) {
  auto& other = static_cast<Orders&>(made);
  orders_.swap(other.orders_);
  std::swap(count_, other.count_);
  std::swap(digest_, other.digest_);
  open_.swap(other.open_);
  open_by_key_.swap(other.open_by_key_);
  std::swap(next_, other.next_);
}

std::unique_ptr<repl::RowChecker> Orders::row_checker() const {
  return std::make_unique<OrdersRowChecker>();
}

Status Orders::finish_restore() {
  if (!open_.empty() && !(open_.rbegin()->first < next_)) {
    return fail(ErrorKind::kCorrupt, "an open intent is not below next_intent");
  }
  return {};
}

}  // namespace tandem::toys
