#include "toys/catalog.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/json_string.h"
#include "toys/catalog_rows.h"
#include "toys/fields.h"
#include "toys/planted.h"
#include "toys/price.h"
#include "toys/refusal.h"
#include "wire/request_object.h"

namespace tandem::toys {
namespace {

using repl::Applied;
using wire::Json;

constexpr uint16_t kUnavailable = 503;  // no outcome: ask again
constexpr std::string_view kNotFound = "product not found";

Applied outcome(uint16_t status) {
  if (status == kTaken) return Applied{kTaken, "{}"};
  if (status == kNoSuchToy) return refusal(status, kNotFound);
  if (status == kOutOfStock) return refusal(status, "product out of stock");
  return refusal(kClosed, "this intent has its result");
}

Json to_object(const NewToy& toy) {
  Json json;
  json.set("name", toy.name);
  json.set("price_cents", toy.price_cents);
  json.set("quantity", toy.quantity);
  return json;
}

Json to_object(const Take& take) {
  Json json;
  json.set("orders", hex_id(take.orders));
  json.set("intent", to_text(take.intent));
  json.set("closed_below", to_text(take.closed_below));
  json.set("name", take.name);
  json.set("quantity", take.quantity);
  return json;
}

std::string one_member(std::string_view name, Json value) {
  Json json;
  return json.set(name, std::move(value)).dump();
}

NewToy new_toy(Fields& in) {
  return {in.toy_name("name"), in.integer("price_cents", 0, kMaxPriceCents),
          in.integer("quantity", 0, kMaxQuantity)};
}

Result<Take> read_take(const Json& object) {
  Fields in(object);
  Take take{in.id("orders"), in.intent("intent"), in.intent("closed_below"), in.toy_name("name"),
            in.integer("quantity", 1, kMaxQuantity)};
  if (in.ok() && take.intent < take.closed_below) in.refuse("closed_below is above the intent");
  if (!in.ok()) return fail(in.error());
  return take;
}

Result<std::vector<NewToy>> read_init(const Json& toys) {
  if (toys.as_array() == nullptr) return fail(ErrorKind::kBadInput, "init must be an array");
  std::vector<NewToy> first;
  for (const Json& toy : *toys.as_array()) {
    Fields in(toy);
    first.push_back(new_toy(in));
    if (!in.ok()) return fail(in.error());
  }
  if (first.size() > kMaxToys) return fail(ErrorKind::kBadInput, "too many toys");
  return first;
}

Result<NewToy> read_add(const Json& command) {
  Fields in(command);
  NewToy toy = new_toy(in);
  if (!in.ok()) return fail(in.error());
  return toy;
}

Result<Purchase> read_restock(const Json& command) {
  Fields in(command);
  Purchase restock{in.toy_name("name"), in.integer("quantity", 1, kMaxQuantity)};
  if (!in.ok()) return fail(in.error());
  return restock;
}

Result<int64_t> read_restock_empty(const Json& command) {
  Fields in(command);
  const int64_t to = in.integer("to", 1, kMaxQuantity);
  if (!in.ok()) return fail(in.error());
  return to;
}

Result<NewPrice> read_price(const Json& command) {
  Fields in(command);
  NewPrice price{in.toy_name("name"), in.integer("price_cents", 0, kMaxPriceCents)};
  if (!in.ok()) return fail(in.error());
  return price;
}

template <typename T>
Status status_of(const Result<T>& read) {
  return read ? Status() : fail(read.error());
}

Toy toy_of(NewToy&& toy) {
  return {std::move(toy.name), toy.price_cents, toy.quantity, 0, toy.quantity, 0, 0};
}

class FrozenCatalog final : public repl::FrozenState {
 public:
  FrozenCatalog(bool initialised, std::vector<Toy> toys, std::map<uint64_t, Catalog::Group> groups)
      : initialised_(initialised), toys_(std::move(toys)), groups_(std::move(groups)) {}

  bool write_rows(const repl::RowSink& sink) const override {
    if (!sink(one_member("initialised", initialised_))) return false;
    for (const Toy& toy : toys_) {
      Json row;
      row.set("name", toy.name);
      row.set("price_cents", toy.price_cents);
      row.set("stock", toy.stock);
      row.set("version", toy.version);
      row.set("start", toy.start);
      row.set("restocked", toy.restocked);
      row.set("sold", toy.sold);
      if (!sink(one_member("toy", std::move(row)))) return false;
    }
    for (const auto& [lineage, group] : groups_) {
      if (!write_group(lineage, group, sink)) return false;
    }
    return true;
  }

 private:
  static bool write_group(uint64_t lineage, const Catalog::Group& group,
                          const repl::RowSink& sink) {
    Json row;
    row.set("lineage", hex_id(lineage));
    row.set("closed_below", to_text(group.closed_below));
    if (!sink(one_member("orders", std::move(row)))) return false;
    for (const auto& [intent, status] : group.outcomes) {
      if (planted(Bug::kLoseOutcomes)) break;
      Json take;
      take.set("orders", hex_id(lineage));
      take.set("intent", to_text(intent));
      take.set("status", static_cast<int64_t>(status));
      if (!sink(one_member("take", std::move(take)))) return false;
    }
    return true;
  }

  bool initialised_;
  std::vector<Toy> toys_;
  std::map<uint64_t, Catalog::Group> groups_;
};

}  // namespace

std::string to_json(const Toy& toy) {
  std::string json = "{\"name\":";
  append_json_string(json, toy.name);
  json += ",\"price\":" + format_price(toy.price_cents);
  json += ",\"quantity\":" + std::to_string(toy.stock);
  json += ",\"version\":" + std::to_string(toy.version) + '}';
  return json;
}

std::string to_json(const Take& take) { return to_object(take).dump(); }

Result<Take> parse_take(std::string_view body) {
  const auto object = wire::parse_request_object(body);
  if (!object) return fail(object.error());
  return read_take(*object);
}

// --- the commands ---

std::string Catalog::init_command(const std::vector<NewToy>& toys) {
  Json::Array all;
  for (const NewToy& toy : toys) all.push_back(to_object(toy));
  return one_member("init", std::move(all));
}

std::string Catalog::take_command(const Take& take) { return one_member("take", to_object(take)); }

std::string Catalog::restock_command(const Purchase& restock) {
  Json json;
  json.set("name", restock.name);
  json.set("quantity", restock.quantity);
  return one_member("restock", std::move(json));
}

std::string Catalog::restock_empty_command(int64_t to) {
  Json json;
  json.set("to", to);
  return one_member("restock_empty", std::move(json));
}

std::string Catalog::price_command(const NewPrice& price) {
  Json json;
  json.set("name", price.name);
  json.set("price_cents", price.price_cents);
  return one_member("price", std::move(json));
}

std::string Catalog::add_command(const NewToy& toy) { return one_member("add", to_object(toy)); }

Status Catalog::admit(std::string_view text) const {
  const auto command = wire::parse_object(text);
  if (!command) return fail(command.error());
  if (command->as_object()->empty()) return fail(ErrorKind::kBadInput, "no command");
  const auto& [name, body] = command->as_object()->front();
  if (name == "init") return status_of(read_init(body));
  if (name == "take") return status_of(read_take(body));
  if (name == "restock") return status_of(read_restock(body));
  if (name == "restock_empty") return status_of(read_restock_empty(body));
  if (name == "price") return status_of(read_price(body));
  if (name == "add") return status_of(read_add(body));
  return fail(ErrorKind::kBadInput, "no such command");
}

Applied Catalog::apply(const wire::Entry& entry) {
  const auto command = wire::parse_object(entry.payload);
  if (!command) return refusal(kMalformed, command.error().message);
  if (command->as_object()->empty()) return refusal(kMalformed, "no command");
  const auto& [name, body] = command->as_object()->front();
  if (name == "init") return init(body, entry.index);
  if (!initialised_) return refusal(kUnavailable, "the catalog has not got its first toys yet");
  if (name == "take") return take(body, entry.index);
  if (name == "restock") return restock(body, entry.index);
  if (name == "restock_empty") return restock_empty(body, entry.index);
  if (name == "price") return set_price(body, entry.index);
  if (name == "add") return add(body, entry.index);
  return refusal(kMalformed, "no such command");
}

Applied Catalog::init(const Json& toys, uint64_t version) {
  if (initialised_) return refusal(409, "the catalog has got its first toys");
  auto first = read_init(toys);
  if (!first) return refusal(kMalformed, first.error().message);
  initialised_ = true;
  for (NewToy& toy : *first) {
    if (find(toy.name) != nullptr) continue;  // the first of a name counts
    put(toy_of(std::move(toy)));
    changed(toys_.back(), version);
  }
  return Applied{200, "{\"toys\":" + std::to_string(toys_.size()) + '}'};
}

Applied Catalog::take(const Json& command, uint64_t version) {
  const auto take = read_take(command);
  if (!take) return refusal(kMalformed, take.error().message);
  if (groups_.size() >= kMaxLineages && !groups_.contains(take->orders)) {
    return refusal(kUnavailable, "too many order groups");
  }
  Group& group = groups_[take->orders];
  const bool closed = take->intent < group.closed_below;
  if (closed && !planted(Bug::kIgnoreClosedBelow)) return outcome(kClosed);
  group.closed_below = std::max(group.closed_below, take->closed_below);
  group.outcomes.erase(group.outcomes.begin(), group.outcomes.lower_bound(group.closed_below));
  const auto known = group.outcomes.find(take->intent);
  const bool remembered = known != group.outcomes.end();
  if (remembered && !planted(Bug::kForgetOutcomes)) return outcome(known->second);
  if (group.outcomes.size() >= kMaxOutcomes && take->intent != group.closed_below) {
    return refusal(kUnavailable, "too many intents are open");
  }
  const uint16_t status = take_out(*take, version);
  group.outcomes.emplace(take->intent, status);
  return outcome(status);
}

uint16_t Catalog::take_out(const Take& take, uint64_t version) {
  Toy* toy = find_toy(take.name);
  if (toy == nullptr) return kNoSuchToy;
  if (toy->stock < take.quantity) return kOutOfStock;
  toy->stock -= take.quantity;
  toy->sold += take.quantity;
  changed(*toy, version);
  return kTaken;
}

Applied Catalog::restock(const Json& command, uint64_t version) {
  const auto restock = read_restock(command);
  if (!restock) return refusal(kMalformed, restock.error().message);
  Toy* toy = find_toy(restock->name);
  if (toy == nullptr) return refusal(kNoSuchToy, kNotFound);
  if (toy->stock > kMaxStock - restock->quantity) {
    return refusal(400, "quantity: no more than " + std::to_string(kMaxStock) + " can be in stock");
  }
  toy->stock += restock->quantity;
  toy->restocked += restock->quantity;
  return Applied{200, changed(*toy, version)};
}

Applied Catalog::restock_empty(const Json& command, uint64_t version) {
  const auto to = read_restock_empty(command);
  if (!to) return refusal(kMalformed, to.error().message);
  size_t restocked = 0;
  for (Toy& toy : toys_) {
    if (toy.stock != 0) continue;
    toy.stock = *to;
    toy.restocked += *to;
    changed(toy, version);
    ++restocked;
  }
  return Applied{200, "{\"restocked\":" + std::to_string(restocked) + '}'};
}

Applied Catalog::set_price(const Json& command, uint64_t version) {
  const auto price = read_price(command);
  if (!price) return refusal(kMalformed, price.error().message);
  Toy* toy = find_toy(price->name);
  if (toy == nullptr) return refusal(kNoSuchToy, kNotFound);
  toy->price_cents = price->price_cents;
  return Applied{200, changed(*toy, version)};
}

Applied Catalog::add(const Json& command, uint64_t version) {
  auto toy = read_add(command);
  if (!toy) return refusal(kMalformed, toy.error().message);
  if (find(toy->name) != nullptr) return refusal(409, "there is a product of this name");
  if (toys_.size() >= kMaxToys) {
    return refusal(409, "the catalog is full: it holds " + std::to_string(kMaxToys) + " products");
  }
  put(toy_of(std::move(*toy)));
  return Applied{201, changed(toys_.back(), version)};
}

// --- the toys ---

Toy* Catalog::find_toy(std::string_view name) {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &toys_[found->second];
}

const Toy* Catalog::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &toys_[found->second];
}

std::string Catalog::changed(Toy& toy, uint64_t version) {
  toy.version = version;
  if (on_change_) on_change_(toy);
  return to_json(toy);
}

void Catalog::put(Toy toy) {
  by_name_.emplace(toy.name, toys_.size());
  toys_.push_back(std::move(toy));
}

bool Catalog::any_empty() const {
  return std::any_of(toys_.begin(), toys_.end(), [](const Toy& toy) { return toy.stock == 0; });
}

size_t Catalog::remembered_outcomes() const {
  size_t sum = 0;
  for (const auto& [lineage, group] : groups_) sum += group.outcomes.size();
  return sum;
}

// --- snapshots ---

std::unique_ptr<repl::FrozenState> Catalog::freeze() const {
  return std::make_unique<FrozenCatalog>(initialised_, toys_, groups_);
}

void Catalog::reset() {
  toys_.clear();
  by_name_.clear();
  groups_.clear();
  initialised_ = false;
}

Status Catalog::restore_row(std::string_view row) {
  auto parsed = parse_catalog_row(row);
  if (!parsed) return fail(std::move(parsed.error()));
  if (auto* toy = std::get_if<Toy>(&*parsed)) {
    if (find(toy->name) != nullptr) {
      return fail(ErrorKind::kCorrupt, "the toy '" + toy->name + "' comes twice");
    }
    put(std::move(*toy));
  } else if (const auto* group = std::get_if<GroupRow>(&*parsed)) {
    if (!groups_.emplace(group->lineage, Group{group->closed_below, {}}).second) {
      return fail(ErrorKind::kCorrupt, "a lineage comes twice");
    }
  } else if (const auto* take = std::get_if<TakeRow>(&*parsed)) {
    const auto group_of = groups_.find(take->orders);
    if (group_of == groups_.end() || take->intent < group_of->second.closed_below) {
      return take_of_no_intent(take->intent);
    }
    auto& outcomes = group_of->second.outcomes;
    outcomes.emplace_hint(outcomes.end(), take->intent, take->status);
  } else {
    initialised_ = std::get<InitialisedRow>(*parsed).initialised;
  }
  return {};
}

std::unique_ptr<repl::StateMachine> Catalog::make_empty() const {
  return std::make_unique<Catalog>();
}

void Catalog::swap_state(repl::StateMachine& made) {
  auto& other = static_cast<Catalog&>(made);
  toys_.swap(other.toys_);
  by_name_.swap(other.by_name_);
  groups_.swap(other.groups_);
  std::swap(initialised_, other.initialised_);
}

std::unique_ptr<repl::RowChecker> Catalog::row_checker() const {
  return std::make_unique<CatalogRowChecker>();
}

Status Catalog::finish_restore() { return {}; }

}  // namespace tandem::toys
