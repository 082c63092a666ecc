#include "shop_report.h"

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

constexpr const char* kName = "latency";
constexpr int kPercents[] = {0, 20, 40, 60, 80};

Json rounded(double part) { return std::round(part * 1000) / 1000; }

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  if (!file) return fail_errno("cannot create '" + path + "'", errno);
  file << text;
  file.close();
  if (!file) return fail_errno("cannot write '" + path + "'", errno);
  return {};
}

}  // namespace

ShopReport::ShopReport(Session& session, ShopPlan plan, std::string uncached, std::string directory)
    : session_(session),
      plan_(std::move(plan)),
      uncached_(std::move(uncached)),
      directory_(std::move(directory)) {}

ExitStatus ShopReport::run() {
  Status good = prepare();
  for (const int percent : kPercents) {
    for (const bool cached : {true, false}) {
      if (good) good = shop(cached, percent);
    }
  }
  // What was measured before something failed is kept, too.
  if (!rows_.empty()) {
    const Status written = write_table();
    if (good) good = written;
  }
  if (good) good = plot();
  if (!rows_.empty()) session_.output.print(Json(std::move(rows_)));
  return good ? worst_ : session_.report(good.error());
}

Status ShopReport::prepare() {
  if (const Status here = check_gnuplot(session_.loop); !here) return here;
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) {
    return fail(ErrorKind::kCannotCreate,
                "cannot create the directory '" + directory_ + "': " + error.message());
  }
  if (const Status written = write_file(directory_ + "/" + kName + ".gp", latency_script(kName));
      !written) {
    return written;
  }
  const auto toys = products(plan_.url);
  if (!toys) return fail(toys.error());
  const auto same = products(uncached_);
  if (!same) return fail(same.error());
  for (const Product& toy : *toys) toys_.push_back(toy.name);
  std::vector<std::string> others;
  for (const Product& toy : *same) others.push_back(toy.name);
  if (toys_ != others) {
    return fail(ErrorKind::kBadInput,
                "'" + plan_.url + "' and '" + uncached_ + "' are no fronts of the same store");
  }
  return {};
}

Result<std::vector<Product>> ShopReport::products(const std::string& url) {
  const Result<Reply> reply = session_.ask(list_toys(url));
  if (!reply) return fail(reply.error());
  auto products = products_of(*reply);
  if (products && products->empty()) return fail(ErrorKind::kNotFound, "the store has no toys");
  return products;
}

// So that a run can't run out of a toy: what is not sold would be another thing to measure.
Status ShopReport::restock() {
  const auto wanted = static_cast<int64_t>(plan_.iterations * plan_.clients) * plan_.quantity;
  const auto toys = products(plan_.url);
  if (!toys) return fail(toys.error());
  for (const Product& toy : *toys) {
    if (toy.quantity >= wanted) continue;
    Call call = restock_toy(plan_.url, {toy.name, wanted - toy.quantity});
    call.key = session_.write_key();
    const Result<Reply> reply = session_.ask(std::move(call));
    if (!reply) return fail(reply.error());
  }
  return {};
}

Status ShopReport::shop(bool cached, int percent) {
  if (percent > 0) {
    if (const Status restocked = restock(); !restocked) return restocked;
  }
  ShopPlan plan = plan_;
  plan.url = cached ? plan_.url : uncached_;
  plan.probability = percent / 100.0;
  Shop shop(
      session_, plan, toys_,
      std::string("cache ") + (cached ? "on" : "off") + ", p " + std::to_string(percent) + " %: ");
  const CacheFigures before = cache_figures(plan.url);
  const ShopResult result = shop.run();
  Json hit_rate;
  if (!result.gone && !result.interrupted) {
    const CacheFigures after = cache_figures(plan.url);
    const double queries = after.queries - before.queries;
    if (queries > 0) hit_rate = rounded((after.hits - before.hits) / queries);
  }
  add_rows(cached, plan.probability, result, hit_rate);
  // The worst is a mismatch; after that, the first error.
  if (worst_ == ExitStatus::kOk || result.status() == ExitStatus::kNo) worst_ = result.status();
  if (result.interrupted) return fail(ErrorKind::kTimeout, "interrupted: there are no plots");
  if (result.gone) return fail(*result.first_error);
  return {};
}

void ShopReport::add_rows(bool cached, double p, const ShopResult& result, const Json& hit_rate) {
  for (size_t kind = 0; kind < result.tallies.size(); ++kind) {
    Json row = Json::Object{{"cache", cached ? "on" : "off"}, {"p", p}};
    const Json tally = to_row(kKindNames[kind], result.tallies[kind]);
    for (const auto& [name, value] : *tally.as_object()) row.set(name, value);
    row.set("hit_rate", kind == static_cast<size_t>(Kind::kQuery) ? hit_rate : Json());
    rows_.push_back(std::move(row));
  }
}

CacheFigures ShopReport::cache_figures(const std::string& url) {
  const Result<Reply> reply = session_.ask(show_metrics(url));
  return reply ? cache_figures_of(*reply) : CacheFigures{};
}

Status ShopReport::write_table() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : *rows_.front().as_object()) names.push_back(name);
  std::string text = tsv_row(names);
  for (const Json& row : rows_) text += tsv_row(cells_of(row));
  return write_file(directory_ + "/" + kName + ".tsv", text);
}

Status ShopReport::plot() const {
  return run_gnuplot(session_.loop, directory_, std::string(kName) + ".gp");
}

}  // namespace tandem::client
