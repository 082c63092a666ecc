// A replica of the catalog: the service of ts-catalog.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "repl/driver.h"
#include "sim/node.h"
#include "sim/store/replica_server.h"
#include "sim/store/store.h"
#include "store/surroundings.h"
#include "toys/catalog.h"

namespace tandem::sim {

class CatalogServer final : public ReplicaServer, private store::Operator {
 public:
  using ReplicaServer::ReplicaServer;

  repl::StateMachine& machine() override { return catalog_; }
  void applied(const wire::Entry& entry, const repl::Applied& answer) override;

  const toys::Catalog& catalog() const { return catalog_; }

 private:
  std::unique_ptr<store::Service> make_service(repl::Driver& driver) override;
  Step logged_for(wire::Method) const override { return Step::kChangeLogged; }
  Step logged_by_itself() const override { return Step::kChangeLogged; }
  void leaves(const Call& call, const Response& response, repl::Index index) override;
  void has_left(const Call& call, const Response& response) override;
  void tell(log::Level level, std::string_view text,
            std::initializer_list<log::Field> fields) override;

  toys::Catalog catalog_;
};

}  // namespace tandem::sim
