// The orders of the toy store as rows: orders (number, name, quantity). They are only added, so that
// those which a table lacks are the ones behind the number that it has.
#pragma once

#include <memory>
#include <string>

#include "mirror/source.h"
#include "toys/orders.h"

namespace tandem::mirror {

class OrdersSource final : public Source {
 public:
  // `orders` outlives this.
  explicit OrdersSource(const toys::Orders& orders);

  const db::Schema& schema() const override { return schema_; }
  std::string comment() const override { return "the orders of the toy store, to be read only"; }
  std::unique_ptr<Rows> all() const override;
  std::unique_ptr<Rows> since(repl::Index index, const Total& there) const override;

 private:
  const toys::Orders& orders_;
  const db::Schema schema_;
};

}  // namespace tandem::mirror
