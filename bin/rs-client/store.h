// The calls of the toy store, which ts-front answers, and what its answers hold. Pure.
//
// A front in the bare style (ts-front(8)) is understood as well: its answers are turned into those
// of the standard style, status included, as they come.
//
// What is a plain no there (no such toy, too few of it, no such order) is kNotFound or kConflict,
// exit status 1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "call.h"
#include "wire/json.h"

namespace tandem::client {

// As many of a toy as a purchase buys or a restock adds.
struct Amount {
  std::string name;
  wire::Json quantity;
};

// `url` is that of the front, without a slash at its end.
Call list_toys(const std::string& url);
Call show_toy(const std::string& url, const std::string& name);
Call show_order(const std::string& url, const std::string& number);
Call list_replicas(const std::string& url);
Call lose_replicas(const std::string& url, const std::string& group, const wire::Json::Array& ids,
                   bool force);
Call show_metrics(const std::string& url);

// Writes: their keys are the caller's to set.
Call buy_toy(const std::string& url, const Amount& amount);
Call restock_toy(const std::string& url, const Amount& amount);
Call price_toy(const std::string& url, const std::string& name, const wire::Json& price);
Call add_toy(const std::string& url, const std::string& body);

struct Product {
  std::string name;
  int64_t quantity = 0;
};
// Of an answer to list_toys().
Result<std::vector<Product>> products_of(const Reply& reply);

// How many product queries a front has had, and how many it has answered from its cache.
struct CacheFigures {
  double queries = 0;
  double hits = 0;
};
// Of an answer to show_metrics(). Zeros where it does not tell.
CacheFigures cache_figures_of(const Reply& reply);

// An answer of a front in the bare style as the standard style has it. Leaves others as they are.
void from_bare_style(fetch::Answer& answer);

// The JSON text of what an answer has in `data`. Fails with kUnavailable where it has none: another
// service answers there.
Result<std::string> data_text(const Reply& reply);
// The same, read.
Result<wire::Json> data_of(const Reply& reply);

}  // namespace tandem::client
