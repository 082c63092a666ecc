#include <charconv>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/number.h"
#include "commands.h"
#include "shop.h"
#include "shop_report.h"
#include "store.h"

namespace tandem::client {
namespace {

using wire::Json;

// Purchases and latencies are kept until the end.
constexpr uint64_t kMaxVisits = 10'000'000;  // of all shoppers of a run
constexpr uint64_t kMaxQuantity = 1'000'000'000;

tl::unexpected<Error> no_good(const char* option, const std::string& text, const std::string& is) {
  return fail(ErrorKind::kUsage, "'--" + std::string(option) + " " + text + "' is no " + is);
}

// A whole number in the range, or `otherwise` where the option was not given.
Result<uint64_t> number(const Arguments& arguments, const char* option, uint64_t most,
                        uint64_t otherwise, uint64_t least = 1) {
  if (!arguments.line.has(option)) return otherwise;
  const std::string text = arguments.value(option);
  if (const auto value = parse_number<uint64_t>(text, least, most)) return *value;
  return no_good(option, text,
                 "number from " + std::to_string(least) + " to " + std::to_string(most));
}

// "0.2" or "20%".
Result<double> probability(const Arguments& arguments, double otherwise) {
  if (!arguments.line.has("probability")) return otherwise;
  const std::string text = arguments.value("probability");
  const bool percent = text.ends_with('%');
  double value = 0;
  const char* end = text.data() + text.size() - (percent ? 1 : 0);
  const auto [stopped, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (percent) value /= 100;
  // Written so that what is no number is refused, too.
  if (error == std::errc{} && stopped == end && value >= 0 && value <= 1) return value;
  return no_good("probability", text, "probability such as 0.2 or 20%");
}

Result<ShopPlan> plan_of(const Session& session, const Arguments& arguments) {
  ShopPlan plan;
  plan.url = session.settings.store_url;
  const auto iterations = number(arguments, "iterations", kMaxVisits, plan.iterations);
  if (!iterations) return fail(iterations.error());
  const auto clients = number(arguments, "clients", session.settings.concurrency, plan.clients);
  if (!clients) return fail(clients.error());
  if (*iterations * *clients > kMaxVisits) {
    return fail(ErrorKind::kUsage,
                "all shoppers together look at no more than " + std::to_string(kMaxVisits));
  }
  const auto chance = probability(arguments, plan.probability);
  if (!chance) return fail(chance.error());
  const auto quantity = number(arguments, "quantity", kMaxQuantity, 1);
  if (!quantity) return fail(quantity.error());
  const auto seed = number(arguments, "seed", INT64_MAX, random_id() >> 32, 0);
  if (!seed) return fail(seed.error());
  plan.iterations = *iterations;
  plan.clients = *clients;
  plan.probability = *chance;
  plan.quantity = static_cast<int64_t>(*quantity);
  plan.seed = *seed;
  return plan;
}

void print(Session& session, const ShopPlan& plan, const ShopResult& result) {
  if (session.output.format() != Format::kJson) return session.output.print(result.rows());
  session.output.print(Json::Object{{"seed", plan.seed},
                                    {"clients", plan.clients},
                                    {"iterations", plan.iterations},
                                    {"probability", plan.probability},
                                    {"quantity", plan.quantity},
                                    {"took_ms", ms_of(result.took_ns)},
                                    {"requests", result.rows()}});
}

ExitStatus shop_once(Session& session, const ShopPlan& plan) {
  const Result<Reply> reply = session.ask(list_toys(plan.url));
  if (!reply) return session.report(reply.error());
  const auto products = products_of(*reply);
  if (!products) return session.report(products.error());
  if (products->empty()) return session.report({ErrorKind::kNotFound, "the store has no toys"});
  std::vector<std::string> toys;
  for (const Product& product : *products) toys.push_back(product.name);
  Shop shop(session, plan, std::move(toys), "");
  const ShopResult result = shop.run();
  print(session, plan, result);
  session.output.flush();
  if (session.console.is_terminal() || result.status() != ExitStatus::kOk) {
    session.console.say("the seed was " + std::to_string(plan.seed));
  }
  return result.status();
}

}  // namespace

ExitStatus shop(Session& session, const Arguments& arguments) {
  auto plan = plan_of(session, arguments);
  if (!plan) return session.report(plan.error());
  if (!session.settings.key.empty()) {
    return session.report({ErrorKind::kUsage, "every purchase has a key of its own: no --key"});
  }
  if (!arguments.line.has("report")) return shop_once(session, *plan);
  const std::string directory = arguments.value("report");
  if (directory.empty()) return session.report({ErrorKind::kUsage, "--report needs a directory"});
  return ShopReport(session, std::move(*plan), directory).run();
}

}  // namespace tandem::client
