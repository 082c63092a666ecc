#include "store.h"

#include <algorithm>
#include <utility>

#include "base/number.h"
#include "fetch/url.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr std::string_view kNoProduct = "product not found";
constexpr std::string_view kOutOfStock = "product out of stock";
constexpr std::string_view kInvalidOrder = "invalid order_id";
constexpr std::string_view kNoOrder = "order_id does not exist";

constexpr std::string_view kBegin = R"({"data":)";

Call write(const char* method, std::string url, const Json& body) {
  return Call{.kind = Call::Kind::kWrite,
              .method = method,
              .url = std::move(url),
              .body = body.dump(),
              .no = {kNoProduct, kOutOfStock},
              .translate = from_bare_style};
}

std::string product_url(const std::string& url, const std::string& name) {
  return url + "/products/" + fetch::percent_encode(name);
}

bool is_whole(const Json* value) {
  return value != nullptr && value->as_int() != nullptr && *value->as_int() >= 0;
}

// Of which the bare style sends objects without anything around them.
bool is_row(const Json& value) {
  if (value.as_object() == nullptr) return false;
  const Json* name = value.find("name");
  if (name == nullptr || name->as_string() == nullptr) {
    return is_whole(value.find("id")) && value.find("role") != nullptr;
  }
  return value.find("price") != nullptr || is_whole(value.find("number"));
}

bool are_rows(const Json& value) {
  const Json::Array* rows = value.as_array();
  return rows != nullptr && std::all_of(rows->begin(), rows->end(), is_row);
}

// The status that the standard style has for an error of the bare one, or 0 where it is none.
int status_of(const Json& answer) {
  const Json* error = answer.as_object() != nullptr ? answer.find("error") : nullptr;
  const Json* code = error != nullptr ? error->find("code") : nullptr;
  const Json* message = error != nullptr ? error->find("message") : nullptr;
  if (!is_whole(code) || message == nullptr || message->as_string() == nullptr) return 0;
  if (*code->as_int() < 400 || *code->as_int() > 599) return 0;
  // There everything that the store says no to has the code 404.
  if (*message == Json(kOutOfStock) || *message == Json(kInvalidOrder)) return 400;
  return static_cast<int>(*code->as_int());
}

// The value of a metric without labels, in the text form of Prometheus: a line "NAME VALUE", or
// "NAME VALUE TIME".
double metric(std::string_view text, std::string_view name) {
  const std::string begin = "\n" + std::string(name) + " ";
  const size_t at = text.find(begin);
  if (at == std::string_view::npos) return 0;
  const std::string_view value = text.substr(at + begin.size());
  return parse_number<double>(value.substr(0, value.find_first_of(" \n"))).value_or(0);
}

}  // namespace

Call list_toys(const std::string& url) {
  return Call{.url = url + "/products", .translate = from_bare_style};
}

Call show_toy(const std::string& url, const std::string& name) {
  return Call{.url = product_url(url, name), .no = {kNoProduct}, .translate = from_bare_style};
}

Call show_order(const std::string& url, const std::string& number) {
  return Call{.url = url + "/orders/" + number, .no = {kNoOrder}, .translate = from_bare_style};
}

Call list_replicas(const std::string& url) {
  return Call{.url = url + "/replicas", .translate = from_bare_style};
}

Call lose_replicas(const std::string& url, const std::string& group, const Json::Array& ids,
                   bool force) {
  Json body = Json::Object{{"group", group}, {"ids", Json(ids)}};
  if (force) body.set("force", true);
  return Call{.kind = Call::Kind::kOnce,
              .method = "POST",
              .url = url + "/replicas/accept-loss",
              .body = body.dump(),
              .no = {"replica ", "'group' is to be "}};  // there is none such
}

Call show_metrics(const std::string& url) { return Call{.url = url + "/metrics"}; }

Call buy_toy(const std::string& url, const Amount& amount) {
  return write("POST", url + "/orders",
               Json::Object{{"name", amount.name}, {"quantity", amount.quantity}});
}

Call restock_toy(const std::string& url, const Amount& amount) {
  return write("POST", product_url(url, amount.name) + "/restock",
               Json::Object{{"quantity", amount.quantity}});
}

Call price_toy(const std::string& url, const std::string& name, const Json& price) {
  return write("PATCH", product_url(url, name), Json::Object{{"price", price}});
}

Call add_toy(const std::string& url, const std::string& body) {
  return Call{.kind = Call::Kind::kWrite,
              .method = "POST",
              .url = url + "/products",
              .body = body,
              .translate = from_bare_style};
}

Result<std::vector<Product>> products_of(const Reply& reply) {
  const auto data = data_of(reply);
  if (!data) return fail(data.error());
  std::vector<Product> products;
  if (data->as_array() == nullptr) return products;
  for (const Json& row : *data->as_array()) {
    const Json* name = row.find("name");
    const Json* quantity = row.find("quantity");
    if (name == nullptr || name->as_string() == nullptr) continue;
    const int64_t* count = quantity != nullptr ? quantity->as_int() : nullptr;
    products.push_back({*name->as_string(), count != nullptr ? *count : 0});
  }
  return products;
}

CacheFigures cache_figures_of(const Reply& reply) {
  const double hits = metric(reply.body, "tandem_cache_hits_total");
  return {hits + metric(reply.body, "tandem_cache_misses_total"), hits};
}

void from_bare_style(fetch::Answer& answer) {
  if (answer.status != 200 || answer.body.starts_with(kBegin)) return;
  const auto json = wire::parse_json(answer.body);
  if (!json) return;
  if (const int status = status_of(*json); status != 0) {
    answer.status = status;
  } else if (is_whole(&*json)) {
    answer.body = R"({"data":{"order_number":)" + answer.body + "}}";
  } else if (is_row(*json) || are_rows(*json)) {
    answer.body = std::string(kBegin) + answer.body + "}";
  }
}

Result<std::string> data_text(const Reply& reply) {
  const auto json = wire::parse_json(reply.body);
  const Json* data = json ? json->find("data") : nullptr;
  if (data == nullptr) {
    return fail(ErrorKind::kUnavailable,
                "this is no answer of a toy store (request " + reply.request_id + ")");
  }
  // As it was sent where that can be cut out: a price of 20.00 stays one.
  const std::string_view body = reply.body;
  if (json->as_object()->size() == 1 && body.starts_with(kBegin) && body.ends_with('}')) {
    return std::string(body.substr(kBegin.size(), body.size() - kBegin.size() - 1));
  }
  return data->dump();
}

Result<Json> data_of(const Reply& reply) {
  const auto text = data_text(reply);
  if (!text) return fail(text.error());
  return wire::parse_json(*text);
}

}  // namespace tandem::client
