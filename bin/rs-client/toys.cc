#include <algorithm>
#include <string>
#include <utility>

#include "base/number.h"
#include "batch.h"
#include "commands.h"
#include "session.h"
#include "store.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr const char* kProductColumns[] = {"name", "price", "quantity"};
constexpr const char* kOrderColumns[] = {"number", "name", "quantity"};
constexpr const char* kNumberColumns[] = {"order_number"};
constexpr const char* kReplicaColumns[] = {"id", "alive", "role", "last_order", "in_sync"};

// The columns that people and scripts get, whatever else the service may tell in JSON.
template <size_t kCount>
Json row_of(const Json& value, const char* const (&columns)[kCount]) {
  if (value.as_object() == nullptr) return value;
  Json row;
  for (const char* column : columns) {
    const Json* member = value.find(column);
    row.set(column, member != nullptr ? *member : Json());
  }
  return row;
}

// Prints the answer's data in these columns.
template <size_t kCount>
ExitStatus show(Session& session, const Reply& reply, const char* const (&columns)[kCount]) {
  const auto text = data_text(reply);
  if (!text) return session.report(text.error());
  if (session.output.format() == Format::kJson) {
    session.output.write_json(*text);
    return ExitStatus::kOk;
  }
  Json data = wire::parse_json(*text).value();
  if (Json::Array* rows = data.as_array()) {
    for (Json& row : *rows) row = row_of(row, columns);
    session.output.print(data);
  } else {
    session.output.print(row_of(data, columns));
  }
  return ExitStatus::kOk;
}

// Asks, and prints that.
template <size_t kCount>
ExitStatus ask_for(Session& session, Call call, const char* const (&columns)[kCount]) {
  const Result<Reply> reply = session.ask(std::move(call));
  return reply ? show(session, *reply, columns) : session.report(reply.error());
}

// Says on stderr why the table of a replica's orders in PostgreSQL is behind, where it has one.
void tell_mirrors(Session& session, const Reply& reply) {
  const auto text = data_text(reply);
  const auto rows = text ? wire::parse_json(*text) : fail(text.error());
  if (!rows || rows->as_array() == nullptr) return;
  for (const Json& row : *rows->as_array()) {
    const Json* id = row.find("id");
    const Json* mirror = row.find("mirror");
    const Json* trouble = mirror != nullptr ? mirror->find("trouble") : nullptr;
    if (trouble == nullptr || trouble->as_string() == nullptr) continue;
    if (id == nullptr || id->as_int() == nullptr) continue;
    session.console.say("the table of replica " + std::to_string(*id->as_int()) +
                        " is behind: " + *trouble->as_string());
  }
}

Call with_key(const Session& session, Call call) {
  call.key = session.write_key();
  return call;
}

// Whether a quantity or a price is a good one is for the service to say; what is no number cannot
// be sent as one.
Result<Json> number_of(const std::string& text, const char* what) {
  const size_t dot = std::min(text.find('.'), text.size());
  const bool decimal = dot < text.size() && are_digits(std::string_view(text).substr(0, dot)) &&
                       are_digits(std::string_view(text).substr(dot + 1));
  if (decimal || are_digits(text)) {
    if (const auto integer = parse_number<int64_t>(text)) return Json(*integer);
    // As it is given, so that the service sees every digit; zeros in front are not JSON's.
    const size_t zeros = std::min(text.find_first_not_of('0'), text.size());
    const bool alone = zeros == text.size() || text[zeros] == '.';
    if (auto number = wire::parse_request_json(text.substr(zeros - (alone ? 1 : 0)))) return number;
  }
  return fail(ErrorKind::kUsage, "'" + text + "' is no " + what);
}

// NAME and what has to follow it.
Status check_operands(const Arguments& arguments, size_t count, const char* usage) {
  if (arguments.operands.size() < count) return fail(ErrorKind::kUsage, usage);
  if (arguments.operands[0].empty()) return fail(ErrorKind::kUsage, "NAME is empty");
  return {};
}

// --- lines from standard input ---

tl::unexpected<Error> bad_member(const char* name, const char* wanted) {
  return fail(ErrorKind::kBadInput, std::string(name) + " must be " + wanted);
}

// The name of a toy: of a line that is an object, or the line itself.
Result<std::string> name_in(const Json& line) {
  const Json* member = line.as_object() != nullptr ? line.find("name") : &line;
  if (member == nullptr) return fail(ErrorKind::kBadInput, "name is missing");
  const std::string* name = member->as_string();
  if (name == nullptr || name->empty()) return bad_member("name", "a string that is not empty");
  return *name;
}

// What a line wants to be given beside the name.
Result<Json> member_of(const Json& line, const char* name) {
  const Json* member = line.find(name);
  if (member == nullptr) return fail(ErrorKind::kBadInput, std::string(name) + " is missing");
  return *member;
}

// "Tux" or {"name":"Tux"}
Result<Question> show_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"name"});
  if (!good) return fail(good.error());
  const auto name = name_in(*json);
  if (!name) return fail(name.error());
  return Question{show_toy(session.settings.store_url, *name), {}};
}

// "Tux" or {"name":"Tux","quantity":2}
Result<Question> buy_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"name", "quantity"});
  if (!good) return fail(good.error());
  const auto name = name_in(*json);
  if (!name) return fail(name.error());
  const Json* quantity = json->find("quantity");
  const Amount amount{*name, quantity != nullptr ? *quantity : Json(1)};
  return Question{with_key(session, buy_toy(session.settings.store_url, amount)), {}};
}

// 7, or {"number":7}, or {"order_number":7} as `toys buy -` prints it
Result<Question> order_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"number", "order_number"});
  if (!good) return fail(good.error());
  const Json* number = &*json;
  if (json->as_object() != nullptr) {
    const Json* given = json->find("number");
    number = given != nullptr ? given : json->find("order_number");
  }
  if (number == nullptr) return fail(ErrorKind::kBadInput, "number is missing");
  if (number->as_int() == nullptr || *number->as_int() < 0) {
    return bad_member("number", "an integer from 0 on");
  }
  return Question{show_order(session.settings.store_url, number->dump()), {}};
}

// {"name":"Tux","quantity":50}
Result<Question> restock_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"name", "quantity"});
  if (!good) return fail(good.error());
  const auto name = name_in(*json);
  if (!name) return fail(name.error());
  const auto quantity = member_of(*json, "quantity");
  if (!quantity) return fail(quantity.error());
  return Question{with_key(session, restock_toy(session.settings.store_url, {*name, *quantity})),
                  {}};
}

// {"name":"Tux","price":9.99}
Result<Question> price_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"name", "price"});
  if (!good) return fail(good.error());
  const auto name = name_in(*json);
  if (!name) return fail(name.error());
  const auto price = member_of(*json, "price");
  if (!price) return fail(price.error());
  return Question{with_key(session, price_toy(session.settings.store_url, *name, *price)), {}};
}

// {"name":"Kite","price":12.50,"quantity":10}: the line is the body, the service knows best what is
// wrong with it.
Result<Question> add_question(const Session& session, const std::string& line) {
  return Question{with_key(session, add_toy(session.settings.store_url, line)), {}};
}

template <const auto& kColumns>
Result<Json> data_row(const Json&, const Reply& reply) {
  const auto data = data_of(reply);
  if (!data) return fail(data.error());
  return row_of(*data, kColumns);
}

constexpr LineVerb kShowLines = {show_question, data_row<kProductColumns>, "toys shown"};
constexpr LineVerb kBuyLines = {buy_question, data_row<kNumberColumns>, "purchases done"};
constexpr LineVerb kOrderLines = {order_question, data_row<kOrderColumns>, "orders shown"};
constexpr LineVerb kRestockLines = {restock_question, data_row<kProductColumns>, "toys restocked"};
constexpr LineVerb kPriceLines = {price_question, data_row<kProductColumns>, "prices set"};
constexpr LineVerb kAddLines = {add_question, data_row<kProductColumns>, "toys added"};

}  // namespace

ExitStatus toys_ls(Session& session, const Arguments&) {
  return ask_for(session, list_toys(session.settings.store_url), kProductColumns);
}

ExitStatus toys_show(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  if (name == "-") return run_lines(session, kShowLines);
  const Status good = check_operands(arguments, 1, "");
  if (!good) return session.report(good.error());
  return ask_for(session, show_toy(session.settings.store_url, name), kProductColumns);
}

ExitStatus toys_buy(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  if (name == "-") return run_lines(session, kBuyLines);
  const Status good = check_operands(arguments, 1, "");
  if (!good) return session.report(good.error());
  const bool given = arguments.operands.size() > 1;
  const auto quantity = given ? number_of(arguments.operands[1], "quantity") : Result<Json>(1);
  if (!quantity) return session.report(quantity.error());
  Call call = buy_toy(session.settings.store_url, {name, *quantity});
  return ask_for(session, with_key(session, std::move(call)), kNumberColumns);
}

ExitStatus toys_order(Session& session, const Arguments& arguments) {
  const std::string& number = arguments.operands[0];
  if (number == "-") return run_lines(session, kOrderLines);
  if (!are_digits(number)) {
    return session.report({ErrorKind::kUsage, "'" + number + "' is no number of an order"});
  }
  return ask_for(session, show_order(session.settings.store_url, number), kOrderColumns);
}

ExitStatus toys_replicas(Session& session, const Arguments&) {
  const Result<Reply> reply = session.ask(list_replicas(session.settings.store_url));
  if (!reply) return session.report(reply.error());
  const ExitStatus shown = show(session, *reply, kReplicaColumns);
  if (session.output.format() != Format::kJson) tell_mirrors(session, *reply);
  return shown;
}

ExitStatus toys_restock(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  if (name == "-") return run_lines(session, kRestockLines);
  const Status good = check_operands(arguments, 2, "'toys restock' needs NAME N, or '-'");
  if (!good) return session.report(good.error());
  const auto quantity = number_of(arguments.operands[1], "quantity");
  if (!quantity) return session.report(quantity.error());
  Call call = restock_toy(session.settings.store_url, {name, *quantity});
  return ask_for(session, with_key(session, std::move(call)), kProductColumns);
}

ExitStatus toys_price(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  if (name == "-") return run_lines(session, kPriceLines);
  const Status good = check_operands(arguments, 2, "'toys price' needs NAME PRICE, or '-'");
  if (!good) return session.report(good.error());
  const auto price = number_of(arguments.operands[1], "price");
  if (!price) return session.report(price.error());
  Call call = price_toy(session.settings.store_url, name, *price);
  return ask_for(session, with_key(session, std::move(call)), kProductColumns);
}

ExitStatus toys_add(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  if (name == "-") return run_lines(session, kAddLines);
  const Status good = check_operands(arguments, 3, "'toys add' needs NAME PRICE N, or '-'");
  if (!good) return session.report(good.error());
  const auto price = number_of(arguments.operands[1], "price");
  if (!price) return session.report(price.error());
  const auto quantity = number_of(arguments.operands[2], "quantity");
  if (!quantity) return session.report(quantity.error());
  const Json body = Json::Object{{"name", name}, {"price", *price}, {"quantity", *quantity}};
  Call call = add_toy(session.settings.store_url, body.dump());
  return ask_for(session, with_key(session, std::move(call)), kProductColumns);
}

}  // namespace tandem::client
