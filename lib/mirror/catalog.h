// The toys of the catalog as rows: catalog (name, price_cents, quantity, version, start, restocked,
// sold), and price, as people are told it. Each toy says which entry has changed it last.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mirror/source.h"
#include "toys/catalog.h"

namespace tandem::mirror {

class CatalogSource final : public Source {
 public:
  // `catalog` outlives this.
  explicit CatalogSource(const toys::Catalog& catalog);

  const db::Schema& schema() const override { return schema_; }
  std::vector<std::string> made_columns() const override;
  std::string comment() const override { return "the catalog of the toy store, to be read only"; }
  std::unique_ptr<Rows> all() const override;
  std::unique_ptr<Rows> since(repl::Index index, const Total& there) const override;

 private:
  std::unique_ptr<Rows> changed(bool all, repl::Index since) const;

  const toys::Catalog& catalog_;
  const db::Schema schema_;
};

}  // namespace tandem::mirror
