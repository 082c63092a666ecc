#include "store/product_queries.h"

#include <iterator>
#include <utility>

#include "toys/planted.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::store {

using toys::Bug;

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint64_t kExpireMs = 20;

}  // namespace

ProductQueries::ProductQueries(uint32_t timeout_ms, const Time& time, toys::ProductCache& cache,
                               Gateway& catalog, const ProductView& view)
    : timeout_ns_(timeout_ms * kNsPerMs),
      time_(time),
      cache_(cache),
      catalog_(catalog),
      view_(view),
      expirer_(time.timers.make([this] { expire(); })) {}

void ProductQueries::ask(const Query& query, Asker& asker) {
  const bool is_name = toys::check_name(query.name).has_value();
  if (query.past_cache && is_name) {
    // Neither reads the cache nor fills it, and waits for nobody who does.
    ask_catalog(std::string(query.name), open(query, asker), false, time_.clock.boot_ns());
    return;
  }
  // The lease is looked at as of when the query was there, not earlier: what was answered before
  // that has left the cache if the lease was good then.
  const int64_t before = std::exchange(received_before_ns_, query.received_ns);
  const int64_t now = planted(Bug::kFrontClockBefore) ? before : query.received_ns;
  const std::string* cached = cache_.find(query.name, now);
  if (cached != nullptr) {
    asker.answer_cached(*cached);
  } else if (is_name) {
    join(std::string(query.name), open(query, asker));
  } else {
    asker.answer(view_.no_such_product());
  }
}

ProductQueries::Open ProductQueries::open(const Query& query, Asker& asker) const {
  return {std::string(query.request_id), asker.keep(), query.received_ns + timeout_ns_, 0};
}

void ProductQueries::join(const std::string& name, Open query) {
  if (!query.asker->waiting()) return;
  const int64_t now = time_.clock.boot_ns();
  if (now >= query.deadline_ns) {
    query.asker->answer(view_.too_late());
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
  if (!expirer_->active()) expirer_->start(kExpireMs, kExpireMs);
}

void ProductQueries::ask_catalog(const std::string& name, Open query, bool fills, int64_t now) {
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

// Whoever asked the catalog is served by what it said: it was asked after their query was there.
void ProductQueries::answered(const std::string& name, Open query, bool fills,
                              const wire::Response& response) {
  const Shown shown = view_.product(name, response);
  if (fills && shown.tells) {
    cache_.end_fill(name, shown.version, shown.text);
  } else if (fills) {
    cache_.fail_fill(name);
  }
  query.asker->answer(shown);
  if (fills) answer_waiting(name, shown);
}

// One that comes again begins the next fill, and the others wait for that one: all of them are
// served by it.
void ProductQueries::answer_waiting(const std::string& name, const Shown& shown) {
  const auto it = waiting_.find(name);
  if (it == waiting_.end()) return;
  std::vector<Open> queries = std::move(it->second);
  waiting_.erase(it);
  for (Open& query : queries) {
    const bool serves = shown.version >= query.floor || planted(Bug::kServeBelowFloor);
    if (shown.tells && serves) {
      query.asker->answer(shown);
    } else {
      join(name, std::move(query));
    }
  }
}

void ProductQueries::expire() {
  const int64_t now = time_.clock.boot_ns();
  const Shown too_late = view_.too_late();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    std::erase_if(it->second, [&](Open& query) {
      if (now < query.deadline_ns) return false;
      query.asker->answer(too_late);
      return true;
    });
    it = it->second.empty() ? waiting_.erase(it) : std::next(it);
  }
  if (waiting_.empty()) expirer_->stop();
}

}  // namespace tandem::store
