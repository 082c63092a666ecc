#include "toys/catalog_rows.h"

#include <utility>

#include "toys/fields.h"
#include "toys/price.h"

namespace tandem::toys {
namespace {

using wire::Json;

Toy read_toy(Fields& in) {
  Toy toy{in.toy_name("name"),
          in.integer("price_cents", 0, kMaxPriceCents),
          in.integer("stock", 0, INT64_MAX),
          in.counter("version"),
          in.integer("start", 0, INT64_MAX),
          in.integer("restocked", 0, INT64_MAX),
          in.integer("sold", 0, INT64_MAX)};
  // None is negative: the sum of two fits.
  const auto sum = [](int64_t a, int64_t b) {
    return static_cast<uint64_t>(a) + static_cast<uint64_t>(b);
  };
  if (in.ok() && sum(toy.stock, toy.sold) != sum(toy.start, toy.restocked)) {
    in.refuse("stock and sold of '" + toy.name + "' are not start and restocked");
  }
  return toy;
}

TakeRow read_take(Fields& in) {
  TakeRow take{in.id("orders"), in.intent("intent"),
               static_cast<uint16_t>(in.integer("status", 0, UINT16_MAX))};
  const bool is_outcome =
      take.status == kTaken || take.status == kNoSuchToy || take.status == kOutOfStock;
  if (in.ok() && !is_outcome) in.refuse("the status of a take is no outcome");
  return take;
}

template <typename Row>
Result<CatalogRow> row_or_error(Row row, const Fields& in) {
  if (!in.ok()) return fail(ErrorKind::kCorrupt, in.error().message);
  return CatalogRow(std::move(row));
}

}  // namespace

Result<CatalogRow> parse_catalog_row(std::string_view row) {
  const auto json = parse_stored_object(row);
  if (!json) return fail(json.error());
  if (const Json* toy = json->find("toy")) {
    Fields in(*toy);
    Toy read = read_toy(in);
    return row_or_error(std::move(read), in);
  }
  if (const Json* orders = json->find("orders")) {
    Fields in(*orders);
    const GroupRow read{in.id("lineage"), in.intent("closed_below")};
    return row_or_error(read, in);
  }
  if (const Json* take = json->find("take")) {
    Fields in(*take);
    const TakeRow read = read_take(in);
    return row_or_error(read, in);
  }
  Fields in(*json);
  const InitialisedRow read{in.boolean("initialised")};
  return row_or_error(read, in);
}

tl::unexpected<Error> take_of_no_intent(const IntentId& intent) {
  return fail(ErrorKind::kCorrupt, "the take of " + to_text(intent) + " is of no open intent");
}

Status CatalogRowChecker::check(std::string_view row) {
  auto parsed = parse_catalog_row(row);
  if (!parsed) return fail(std::move(parsed.error()));
  if (auto* toy = std::get_if<Toy>(&*parsed)) {
    if (!names_.insert(toy->name).second) {
      return fail(ErrorKind::kCorrupt, "the toy '" + toy->name + "' comes twice");
    }
  } else if (const auto* group = std::get_if<GroupRow>(&*parsed)) {
    if (!closed_below_.emplace(group->lineage, group->closed_below).second) {
      return fail(ErrorKind::kCorrupt, "a lineage comes twice");
    }
  } else if (const auto* take = std::get_if<TakeRow>(&*parsed)) {
    const auto group_of = closed_below_.find(take->orders);
    if (group_of == closed_below_.end() || take->intent < group_of->second) {
      return take_of_no_intent(take->intent);
    }
  }
  return {};
}

}  // namespace tandem::toys
