// The answers of ts-front as clients see them, out of what the replicas say. Two styles: the
// standard one, and "bare", the older wire format: every answer has status 200, products and orders
// come without {"data":…} around them, and a purchase is answered with the bare order number. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/responder.h"
#include "product.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::front {

enum class Style : uint8_t { kStandard, kBare };

// Errors that have the code 404 in the bare style.
constexpr std::string_view kNoProduct = "product not found";
constexpr std::string_view kOutOfStock = "product out of stock";
constexpr std::string_view kNoOrder = "order_id does not exist";
constexpr std::string_view kInvalidOrder = "invalid order_id";

struct Answer {
  int status = 200;
  std::string_view content_type = http::kJsonType;
  std::string body;
};

// A replica of the orders, for GET /replicas.
struct ReplicaRow {
  uint32_t id = 0;
  bool alive = false;
  bool leads = false;
  bool in_sync = false;
  std::optional<int64_t> last_order;
  wire::Json mirror = {};  // what it tells of it; null: it has none
};

// The message of an error object that a replica or the gateway answered.
std::string message_of(const wire::Response& response);

class Renderer {
 public:
  explicit Renderer(Style style) : style_(style) {}

  Answer error(int status, std::string_view message) const;
  // Of a request that is at fault: the status is the error's.
  Answer error(const Error& error) const {
    return this->error(http::status_of(error.kind), error.message);
  }
  Answer product(int status, const Product& product) const;
  Answer replicas(const std::vector<ReplicaRow>& rows) const;

  // Of a reply: the thing asked for, or the error that it is.
  Answer product(const wire::Response& response) const;
  Answer products(const wire::Response& response) const;
  Answer order(const wire::Response& response) const;
  Answer purchase(const wire::Response& response) const;
  Answer error(const wire::Response& response) const;

 private:
  Answer data(int status, std::string_view json) const;

  const Style style_;
};

}  // namespace tandem::front
