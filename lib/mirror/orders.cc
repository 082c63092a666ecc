#include "mirror/orders.h"

#include <utility>

#include "mirror/schema_text.h"

namespace tandem::mirror {
namespace {

constexpr std::string_view kSchema = R"({"orders":{"key":"number","columns":[
  {"name":"number","type":"integer"},{"name":"name","type":"text"},
  {"name":"quantity","type":"integer"}]}})";

class OrderRows final : public Rows {
 public:
  OrderRows(toys::OrderRange range, const Total& others)
      : range_(std::move(range)), next_(range_.begin()), others_(others) {}

  uint64_t size() const override { return range_.end() - range_.begin(); }
  db::Row next() override {
    const toys::Order& order = range_.at(next_);
    return {static_cast<int64_t>(next_++), order.name, order.quantity};
  }
  Total others() const override { return others_; }

 private:
  const toys::OrderRange range_;
  uint64_t next_;
  const Total others_;
};

}  // namespace

OrdersSource::OrdersSource(const toys::Orders& orders)
    : orders_(orders), schema_(schema_of_text(kSchema)) {}

std::unique_ptr<Rows> OrdersSource::all() const { return since(0, {}); }

std::unique_ptr<Rows> OrdersSource::since(repl::Index, const Total& there) const {
  return std::make_unique<OrderRows>(orders_.range(there.rows), there);
}

}  // namespace tandem::mirror
