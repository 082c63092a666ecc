// What a worker is asked about the database: reads, writes, the declaration of the tables.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "backend.h"
#include "orphan_watch.h"
#include "queries.h"
#include "repl/driver.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "replica/spool.h"
#include "wire/envelope.h"

namespace tandem::worker {

class Requests final : public replica::Methods {
 public:
  // All of them outlive this.
  Requests(const Backend& backend, Queries& queries, replica::Host& replica,
           OrphanWatch& orphan_watch);

  void on_request(rpc::Reply reply, const wire::Request& request) override;
  void on_asked_by_controller() override { orphan_watch_.heard(); }
  void add_info(wire::Json& info) const override;
  std::unique_ptr<replica::SpoolForm> export_form(const repl::Picture& picture) const override;

 private:
  // What the request's body has to be; gives the command that is logged.
  using Check = Result<std::string> (Backend::*)(std::string_view) const;

  struct Read {
    std::string query;
    int64_t deadline_ns = 0;  // boot clock
    bool may_be_old = false;  // the state that it is answered from
  };

  void read(rpc::Reply reply, const wire::Request& request);
  void answer_read(rpc::Reply reply, Read read);
  void read_anew(rpc::Reply reply, Read read);
  bool takes_writes(rpc::Reply& reply) const;
  void change(rpc::Reply reply, const wire::Request& request, Check check);
  void repeated(rpc::Reply reply, const wire::Request& request);
  // `otherwise`: where nothing was done with this key.
  void answer_as_first(rpc::Reply reply, const std::string& body, const std::string& key,
                       Error otherwise);
  void answer_if_known(rpc::Reply reply, std::string body, std::string key, uint32_t budget_ms,
                       Error refusal);
  void log_command(rpc::Reply reply, const wire::Request& request, std::string command);

  const Backend& backend_;
  Queries& queries_;
  const std::string group_;
  repl::Driver& replica_;
  OrphanWatch& orphan_watch_;
  uint64_t reads_ = 0;
  uint64_t writes_ = 0;
};

}  // namespace tandem::worker
