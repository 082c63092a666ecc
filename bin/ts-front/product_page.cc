#include "product_page.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "product.h"
#include "send.h"

namespace tandem::front {
namespace {

// Cache-Control: no-cache, with other directives or alone (RFC 9111, 5.2.1).
bool wants_no_cache(const http::Request& request) {
  for (const http::NameValue& header : request.headers) {
    if (!http::equals_ignoring_case(header.name, "Cache-Control")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      std::string_view directive = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      while (directive.starts_with(' ') || directive.starts_with('\t')) directive.remove_prefix(1);
      while (directive.ends_with(' ') || directive.ends_with('\t')) directive.remove_suffix(1);
      if (http::equals_ignoring_case(directive, "no-cache")) return true;
    }
  }
  return false;
}

store::Shown shown(Answer answer) { return {answer.status, std::move(answer.body)}; }

class Client final : public store::Asker {
 public:
  explicit Client(http::Responder responder) : responder_(std::move(responder)) {}

  bool waiting() const override { return responder_.waiting(); }
  void answer(const store::Shown& shown) override {
    send(responder_, Answer{shown.status, http::kJsonType, shown.text});
  }
  void answer_cached(const std::string& text) override { responder_.json(200, text); }
  std::unique_ptr<store::Asker> keep() override {
    return std::make_unique<Client>(std::move(responder_));
  }

 private:
  http::Responder responder_;
};

}  // namespace

void ProductPage::answer(const http::Request& request, http::Responder responder) {
  store::ProductQueries::Query query;
  query.name = request.param("name");
  query.request_id = request.request_id;
  query.received_ns = request.received_ns;
  query.past_cache = wants_no_cache(request);
  Client client(std::move(responder));
  queries_.ask(query, client);
}

store::Shown ProductPage::product(std::string_view name, const wire::Response& response) const {
  if (response.status != 200) {
    store::Shown error = shown(renderer_.error(response));
    error.tells = response.status == 404;
    return error;
  }
  const auto product = parse_product(response.body);
  if (!product) {
    log::error(product.error().message, {{"name", name}});
    return shown(renderer_.error(response));
  }
  store::Shown good = shown(renderer_.product(200, *product));
  good.tells = true;
  good.version = product->version;
  return good;
}

store::Shown ProductPage::no_such_product() const {
  return shown(renderer_.error(404, kNoProduct));
}

store::Shown ProductPage::too_late() const {
  return shown(renderer_.error(503, "the catalog could not answer in time"));
}

}  // namespace tandem::front
