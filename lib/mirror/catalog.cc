#include "mirror/catalog.h"

#include <utility>

#include "mirror/schema_text.h"

namespace tandem::mirror {
namespace {

constexpr std::string_view kSchema = R"({"catalog":{"key":"name","columns":[
  {"name":"name","type":"text"},{"name":"price_cents","type":"integer"},
  {"name":"quantity","type":"integer"},{"name":"version","type":"integer"},
  {"name":"start","type":"integer"},{"name":"restocked","type":"integer"},
  {"name":"sold","type":"integer"}]}})";

db::Row row_of(const toys::Toy& toy) {
  return {toy.name,  toy.price_cents, toy.stock, static_cast<int64_t>(toy.version),
          toy.start, toy.restocked,   toy.sold};
}

class ToyRows final : public Rows {
 public:
  ToyRows(std::vector<db::Row> rows, const Total& others)
      : rows_(std::move(rows)), others_(others) {}

  uint64_t size() const override { return rows_.size(); }
  db::Row next() override { return std::move(rows_[next_++]); }
  Total others() const override { return others_; }

 private:
  std::vector<db::Row> rows_;
  size_t next_ = 0;
  const Total others_;
};

}  // namespace

CatalogSource::CatalogSource(const toys::Catalog& catalog)
    : catalog_(catalog), schema_(schema_of_text(kSchema)) {}

std::vector<std::string> CatalogSource::made_columns() const {
  return {"price numeric(15, 2) GENERATED ALWAYS AS (price_cents / 100.0) STORED"};
}

std::unique_ptr<Rows> CatalogSource::all() const { return changed(true, 0); }

std::unique_ptr<Rows> CatalogSource::since(repl::Index index, const Total&) const {
  return changed(false, index);
}

// There are toys::kMaxToys of them at most.
std::unique_ptr<Rows> CatalogSource::changed(bool all, repl::Index since) const {
  std::vector<db::Row> rows;
  Total others;
  for (const toys::Toy& toy : catalog_.toys()) {
    db::Row row = row_of(toy);
    if (all || toy.version > since) {
      rows.push_back(std::move(row));
    } else {
      others.add(weight_of(row));
    }
  }
  return std::make_unique<ToyRows>(std::move(rows), others);
}

}  // namespace tandem::mirror
