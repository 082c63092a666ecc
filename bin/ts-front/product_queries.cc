#include "product_queries.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "product.h"
#include "send.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint64_t kExpireMs = 20;
constexpr std::string_view kTooLate = "the catalog could not answer in time";

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

}  // namespace

ProductQueries::ProductQueries(loop::Loop& loop, const Clock& clock, toys::ProductCache& cache,
                               Calls& catalog, const Renderer& renderer, uint32_t timeout_ms)
    : clock_(clock),
      cache_(cache),
      catalog_(catalog),
      renderer_(renderer),
      timeout_ns_(timeout_ms * kNsPerMs),
      expirer_(loop, [this] { expire(); }) {}

void ProductQueries::answer(const http::Request& request, http::Responder responder) {
  const std::string_view name = request.param("name");
  if (wants_no_cache(request) && toys::check_name(name))
    return answer_past_cache(request, responder);
  // The lease is looked at as of when the request was there, not earlier: what was answered before
  // that has left the cache if the lease was good then.
  const std::string* cached = cache_.find(name, request.received_ns);
  if (cached != nullptr) {
    responder.json(200, *cached);
    return;
  }
  if (!toys::check_name(name)) {
    send(responder, renderer_.error(404, kNoProduct));
    return;
  }
  ask(std::string(name), {std::string(request.request_id), std::move(responder),
                          request.received_ns + timeout_ns_, 0});
}

// Neither reads the cache nor fills it, and waits for nobody who does.
void ProductQueries::answer_past_cache(const http::Request& request, http::Responder& responder) {
  ask_catalog(
      std::string(request.param("name")),
      {std::string(request.request_id), std::move(responder), request.received_ns + timeout_ns_, 0},
      false, clock_.boot_ns());
}

void ProductQueries::ask(const std::string& name, Query query) {
  if (!query.responder.waiting()) return;
  const int64_t now = clock_.boot_ns();
  if (now >= query.deadline_ns) {
    send(query.responder, renderer_.error(503, kTooLate));
    return;
  }
  const auto join = cache_.join_fill(name, now);
  if (join.how != toys::ProductCache::Join::How::kWait) {
    const bool fills = join.how == toys::ProductCache::Join::How::kBegin;
    ask_catalog(name, std::move(query), fills, now);
    return;
  }
  query.floor = join.floor;
  waiting_[name].push_back(std::move(query));
  if (!expirer_.active()) expirer_.start(kExpireMs, kExpireMs);
}

void ProductQueries::ask_catalog(const std::string& name, Query query, bool fills, int64_t now) {
  const std::string request_id = query.request_id;
  const std::string body = wire::Json().set("name", name).dump();
  wire::Request request;
  request.method = wire::Method::kCatalogGet;
  request.consistency = wire::Consistency::kLinearizable;
  request.budget_ms = static_cast<uint32_t>((query.deadline_ns - now + kNsPerMs - 1) / kNsPerMs);
  request.request_id = request_id;
  request.body = body;
  catalog_.submit(request, [this, name, fills,
                            query = std::move(query)](const wire::Response& response) mutable {
    answered(name, std::move(query), fills, response);
  });
}

// Whoever asked the catalog is served by what it said: it was asked after their request was there.
void ProductQueries::answered(const std::string& name, Query query, bool fills,
                              const wire::Response& response) {
  Answer answer = renderer_.error(response);
  uint64_t version = 0;
  bool tells = response.status == 404;
  if (response.status == 200) {
    const auto product = parse_product(response.body);
    if (product) {
      answer = renderer_.product(200, *product);
      version = product->version;
      tells = true;
    } else {
      log::error(product.error().message, {{"name", name}});
    }
  }
  if (fills && tells) {
    cache_.end_fill(name, version, answer.body);
  } else if (fills) {
    cache_.fail_fill(name);
  }
  send(query.responder, answer);
  if (fills) answer_waiting(name, version, tells ? &answer : nullptr);
}

// `answer`: nullptr where the catalog gave none. One that comes again begins the next fill, and the
// others wait for that one: all of them are served by it.
void ProductQueries::answer_waiting(const std::string& name, uint64_t version,
                                    const Answer* answer) {
  const auto it = waiting_.find(name);
  if (it == waiting_.end()) return;
  std::vector<Query> queries = std::move(it->second);
  waiting_.erase(it);
  for (Query& query : queries) {
    if (answer != nullptr && version >= query.floor) {
      send(query.responder, *answer);
    } else {
      ask(name, std::move(query));
    }
  }
}

void ProductQueries::expire() {
  const int64_t now = clock_.boot_ns();
  const Answer too_late = renderer_.error(503, kTooLate);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    std::erase_if(it->second, [&](Query& query) {
      if (now < query.deadline_ns) return false;
      send(query.responder, too_late);
      return true;
    });
    it = it->second.empty() ? waiting_.erase(it) : std::next(it);
  }
  if (waiting_.empty()) expirer_.stop();
}

}  // namespace tandem::front
