#include "shop_report.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "gnuplot.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr std::string_view kByProbability = "latency";
constexpr std::string_view kByClients = "clients";
constexpr int kPercents[] = {0, 20, 40, 60, 80};
constexpr size_t kMostClients = 10;
constexpr uint64_t kTurns = 4;  // of each side of a point

Json rounded(double part) { return std::round(part * 1000) / 1000; }

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  if (!file) return fail_errno("cannot create '" + path + "'", errno);
  file << text;
  file.close();
  if (!file) return fail_errno("cannot write '" + path + "'", errno);
  return {};
}

std::string label_of(const ShopPlan& plan) {
  return std::string("cache ") + (plan.cached ? "on" : "off") + ", p " +
         std::to_string(std::lround(plan.probability * 100)) + " %, " +
         std::to_string(plan.clients) + " at a time: ";
}

// The share of turn `turn` in all looks of a shopper.
uint64_t looks_in_turn(uint64_t iterations, uint64_t turn) {
  return iterations / kTurns + (turn < iterations % kTurns ? 1 : 0);
}

}  // namespace

ShopReport::ShopReport(Session& session, ShopPlan plan, std::string directory)
    : session_(session), plan_(std::move(plan)), directory_(std::move(directory)) {}

ExitStatus ShopReport::run() {
  Status good = prepare();
  if (good) good = sweep_probabilities();
  if (good) good = sweep_clients();
  // What was measured before something failed is kept, too.
  for (const std::string_view name : {kByProbability, kByClients}) {
    const Json::Array& rows = name == kByClients ? by_clients_ : by_probability_;
    if (rows.empty()) continue;
    const Status written = write_table(name, rows);
    if (good) good = written;
    if (good) good = run_gnuplot(session_.loop, directory_, std::string(name) + ".gp");
  }
  if (good && queries_with_cache_ > 0 && hits_ == 0) {
    session_.console.say("the front '" + plan_.url +
                         "' has answered nothing from its cache: is cache.enabled false there?");
  }
  Json::Array all = std::move(by_probability_);
  for (Json& row : by_clients_) all.push_back(std::move(row));
  if (!all.empty()) session_.output.print(Json(std::move(all)));
  return good ? worst_ : session_.report(good.error());
}

Plot ShopReport::plot_of(std::string_view name) const {
  const std::string looks = "n = " + std::to_string(plan_.iterations) + " looks of each shopper, ";
  const std::string seed = ", seed " + std::to_string(plan_.seed);
  if (name == kByClients) {
    return {std::string(name),
            "clients",
            1,
            "shoppers at a time",
            0,
            kMostClients + 1,
            1,
            looks + std::to_string(std::lround(plan_.probability * 100)) + "% purchases" + seed};
  }
  return {std::string(name),
          "p",
          100,
          "purchases (% of queries)",
          -4,
          84,
          20,
          looks + std::to_string(plan_.clients) +
              (plan_.clients == 1 ? " shopper" : " shoppers at a time") + seed};
}

Status ShopReport::prepare() {
  if (const Status here = check_gnuplot(session_.loop); !here) return here;
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) {
    return fail(ErrorKind::kCannotCreate,
                "cannot create the directory '" + directory_ + "': " + error.message());
  }
  for (const std::string_view name : {kByProbability, kByClients}) {
    const std::string path = directory_ + "/" + std::string(name) + ".gp";
    if (const Status written = write_file(path, latency_script(plot_of(name))); !written) {
      return written;
    }
  }
  const auto toys = products();
  if (!toys) return fail(toys.error());
  for (const Product& toy : *toys) toys_.push_back(toy.name);
  return {};
}

Result<std::vector<Product>> ShopReport::products() {
  const Result<Reply> reply = session_.ask(list_toys(plan_.url));
  if (!reply) return fail(reply.error());
  auto products = products_of(*reply);
  if (products && products->empty()) return fail(ErrorKind::kNotFound, "the store has no toys");
  return products;
}

// So that a point can't run out of a toy: what is not sold would be another thing to measure.
Status ShopReport::restock(const ShopPlan& plan) {
  const auto wanted = static_cast<int64_t>(2 * plan.iterations * plan.clients) * plan.quantity;
  const auto toys = products();
  if (!toys) return fail(toys.error());
  for (const Product& toy : *toys) {
    if (toy.quantity >= wanted) continue;
    Call call = restock_toy(plan.url, {toy.name, wanted - toy.quantity});
    call.key = session_.write_key();
    const Result<Reply> reply = session_.ask(std::move(call));
    if (!reply) return fail(reply.error());
  }
  return {};
}

Status ShopReport::sweep_probabilities() {
  for (const int percent : kPercents) {
    ShopPlan plan = plan_;
    plan.probability = percent / 100.0;
    if (const Status good = measure(plan, by_probability_); !good) return good;
  }
  return {};
}

Status ShopReport::sweep_clients() {
  for (size_t clients = 1; clients <= kMostClients; ++clients) {
    ShopPlan plan = plan_;
    plan.clients = clients;
    if (const Status good = measure(plan, by_clients_); !good) return good;
  }
  return {};
}

// On, off, off, on, …: neither side is always the first.
Status ShopReport::measure(const ShopPlan& plan, Json::Array& rows) {
  if (plan.probability > 0) {
    if (const Status restocked = restock(plan); !restocked) return restocked;
  }
  Side on;
  Side off;
  Status good;
  for (uint64_t turn = 0; turn < kTurns && good; ++turn) {
    ShopPlan part = plan;
    part.iterations = looks_in_turn(plan.iterations, turn);
    part.seed = plan.seed + turn;
    if (part.iterations == 0) break;
    for (const bool first : {true, false}) {
      part.cached = first == (turn % 2 == 0);
      if (good) good = take_turn(part, part.cached ? on : off);
    }
  }
  for (const bool cached : {true, false}) {
    ShopPlan side = plan;
    side.cached = cached;
    add_rows(side, cached ? on : off, rows);
  }
  return good;
}

Status ShopReport::take_turn(const ShopPlan& plan, Side& side) {
  const CacheFigures before = cache_figures();
  Shop shop(session_, plan, toys_, label_of(plan));
  const ShopResult result = shop.run();
  side.result.add(result);
  // The worst is a mismatch; after that, the first error.
  if (worst_ == ExitStatus::kOk || result.status() == ExitStatus::kNo) worst_ = result.status();
  if (result.interrupted) return fail(ErrorKind::kTimeout, "interrupted: there are no plots");
  if (result.gone) return fail(*result.first_error);
  const CacheFigures after = cache_figures();
  side.figures.queries += after.queries - before.queries;
  side.figures.hits += after.hits - before.hits;
  if (plan.cached) {
    queries_with_cache_ += after.queries - before.queries;
    hits_ += after.hits - before.hits;
  }
  return {};
}

void ShopReport::add_rows(const ShopPlan& plan, const Side& side, Json::Array& rows) {
  Json hit_rate;
  if (side.figures.queries > 0) hit_rate = rounded(side.figures.hits / side.figures.queries);
  const auto& tallies = side.result.tallies;
  for (size_t kind = 0; kind < tallies.size(); ++kind) {
    Json row = Json::Object{
        {"cache", plan.cached ? "on" : "off"}, {"p", plan.probability}, {"clients", plan.clients}};
    const Json tally = to_row(kKindNames[kind], tallies[kind]);
    for (const auto& [name, value] : *tally.as_object()) row.set(name, value);
    row.set("hit_rate", kind == static_cast<size_t>(Kind::kQuery) ? hit_rate : Json());
    rows.push_back(std::move(row));
  }
}

CacheFigures ShopReport::cache_figures() {
  const Result<Reply> reply = session_.ask(show_metrics(plan_.url));
  return reply ? cache_figures_of(*reply) : CacheFigures{};
}

Status ShopReport::write_table(std::string_view name, const Json::Array& rows) const {
  std::vector<std::string> names;
  for (const auto& [column, value] : *rows.front().as_object()) names.push_back(column);
  std::string text = tsv_row(names);
  for (const Json& row : rows) text += tsv_row(cells_of(row));
  return write_file(directory_ + "/" + std::string(name) + ".tsv", text);
}

}  // namespace tandem::client
