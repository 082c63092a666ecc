// What clients send, as values: bodies in JSON or as an HTML form, keys, order numbers. Pure. Errors
// are kBadInput and name the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"
#include "toys/request.h"

namespace tandem::front {

// --- bodies ---
// A form is told by its Content-Type; one that begins with a brace is JSON that a client such as
// curl -d calls a form, since in a form that brace would be escaped. Numbers in a form are digits.

// Whether the readers below know what the body is: false where it is called something that is
// neither JSON nor a form, such as multipart/form-data, and does not begin with a brace.
bool is_readable(const http::Request& request);
Result<toys::Purchase> read_purchase(const http::Request& request);
Result<toys::NewToy> read_new_toy(const http::Request& request);
// Those two have the name in their path.
Result<toys::Purchase> read_restock(const http::Request& request, std::string_view name);
Result<toys::NewPrice> read_price(const http::Request& request, std::string_view name);

// Idempotency-Key (http/call_request.h); empty where there is none.
Result<std::string> read_key(const http::Request& request);

// nullopt: not digits alone. One beyond 2^64-1 is that: no order has such a number.
std::optional<uint64_t> parse_order_number(std::string_view text);

}  // namespace tandem::front
