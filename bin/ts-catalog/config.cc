#include "config.h"

#include "base/log.h"
#include "file/file.h"
#include "storage/identity.h"

namespace tandem::catalog {
namespace {

constexpr size_t kMaxFileBytes = 4 << 20;  // the names of all toys that a catalog holds, and more

bool has_data(replica::ReplicaConfig replica) {
  replica::put_id(replica);
  const auto identity = storage::load_identity(replica.host.directory);
  return identity && *identity && (*identity)->lineage != 0;
}

}  // namespace

void declare_catalog(CatalogConfig& c, daemon::SettingTable& t) {
  c.replica.host.id = 1;
  c.replica.host.group = "catalog";
  c.replica.host.directory = "run/state/catalog-{id}";
  c.replica.rpc_url = "ipc://run/sock/catalog-{id}.sock";
  replica::declare_replica(c.replica, t);
  t.text("catalog.file", c.file, "the toys of a new store, as CSV: name,price,quantity");
  t.duration_ms("catalog.restock_every", c.restock_every_ms,
                "how often toys with none left are looked for; 0: never");
  t.integer("catalog.restock_to", c.restock_to, 1, toys::kMaxQuantity,
            "how many of such a toy there are afterwards");
  t.integer("catalog.max_fronts", c.max_fronts, 1, 10'000,
            "fronts with a cache at a time; further ones do without");
  replica::declare_tables(c.tables, t,
                          "where else the toys are: file (nowhere) or postgres (a table as well)");
}

Result<std::vector<toys::NewToy>> read_first_toys(const CatalogConfig& config) {
  const auto text = file::read_input(config.file, kMaxFileBytes);
  if (!text) return fail(ErrorKind::kConfig, "catalog.file: " + text.error().message);
  auto toys = toys::parse_toys_csv(*text, config.file);
  if (!toys) return fail(ErrorKind::kConfig, toys.error().message);
  return toys;
}

Status check_catalog(const CatalogConfig& config) {
  if (Status good = daemon::check_coord(config.replica.coord); !good) return good;
  const auto toys = read_first_toys(config);
  if (!toys) return fail(toys.error());
  return {};
}

Status check_restore(const CatalogConfig& config) {
  return daemon::check_coord(config.replica.coord);
}

Status check_start(const CatalogConfig& config) {
  if (Status good = daemon::check_coord(config.replica.coord); !good) return good;
  const Status checked = check_catalog(config);
  if (checked || !has_data(config.replica)) return checked;
  log::warning("the file of the first toys is not good; this replica has its toys",
               {{"error", checked.error().message}});
  return {};
}

}  // namespace tandem::catalog
