#include "render.h"

#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

constexpr std::string_view kTextType = "text/plain; charset=utf-8";
constexpr std::string_view kNonsense = "a replica's answer makes no sense";

bool is_ok(const wire::Response& response) {
  return response.status >= 200 && response.status < 300;
}

bool is_404_where_bare(std::string_view message) {
  return message == kNoProduct || message == kOutOfStock || message == kNoOrder ||
         message == kInvalidOrder;
}

void append_json(std::string& out, const ReplicaRow& row) {
  wire::Json json;
  json.set("id", static_cast<int64_t>(row.id));
  json.set("alive", row.alive);
  json.set("role", row.leads ? "leader" : "follower");
  json.set("last_order", row.last_order ? wire::Json(*row.last_order) : wire::Json());
  json.set("in_sync", row.in_sync);
  if (!row.mirror.is_null()) json.set("mirror", row.mirror);
  json.dump_to(out);
}

}  // namespace

std::string message_of(const wire::Response& response) {
  return wire::error_message_in(response.body).value_or(std::string(kNonsense));
}

Answer Renderer::data(int status, std::string_view json) const {
  if (style_ == Style::kBare) return {200, http::kJsonType, std::string(json)};
  std::string body = "{\"data\":";
  body += json;
  body += '}';
  return {status, http::kJsonType, std::move(body)};
}

Answer Renderer::error(int status, std::string_view message) const {
  if (style_ == Style::kStandard) {
    return {status, http::kJsonType, wire::error_body(status, message)};
  }
  return {200, http::kJsonType,
          wire::error_body(is_404_where_bare(message) ? 404 : status, message)};
}

Answer Renderer::error(const wire::Response& response) const {
  if (is_ok(response)) return error(500, kNonsense);
  return error(response.status, message_of(response));
}

Answer Renderer::product(int status, const Product& product) const {
  std::string json;
  front::append_json(json, product);
  return data(status, json);
}

Answer Renderer::product(const wire::Response& response) const {
  if (!is_ok(response)) return error(response);
  const auto parsed = parse_product(response.body);
  return parsed ? product(response.status, *parsed) : error(500, kNonsense);
}

Answer Renderer::products(const wire::Response& response) const {
  if (!is_ok(response)) return error(response);
  const auto all = parse_products(response.body);
  if (!all) return error(500, kNonsense);
  std::string json = "[";
  for (const Product& one : *all) {
    if (json.size() > 1) json += ',';
    front::append_json(json, one);
  }
  json += ']';
  return data(200, json);
}

Answer Renderer::order(const wire::Response& response) const {
  return is_ok(response) ? data(response.status, response.body) : error(response);
}

Answer Renderer::purchase(const wire::Response& response) const {
  if (!is_ok(response)) return error(response);
  if (style_ == Style::kStandard) return data(200, response.body);
  const auto json = wire::parse_json(response.body);
  const wire::Json* number = json ? json->find("order_number") : nullptr;
  if (number == nullptr || number->as_int() == nullptr) return error(500, kNonsense);
  return {200, kTextType, number->dump()};
}

Answer Renderer::replicas(const std::vector<ReplicaRow>& rows) const {
  std::string json = "[";
  for (const ReplicaRow& row : rows) {
    if (json.size() > 1) json += ',';
    append_json(json, row);
  }
  json += ']';
  return data(200, json);
}

}  // namespace tandem::front
