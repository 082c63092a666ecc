// GET /backup: the snapshots of orders and catalog, one after the other, in which every order has its
// decrement of the stock and no decrement is without its order. Both are taken from followers while
// the order leader holds purchases (store/order_service.h): not even for the time of a round trip or
// two each, and never for more than two seconds. Where the hold did not stand all the time, as there
// is another leader by now, all of it is done anew.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/self.h"
#include "group/exports.h"
#include "group/group.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/router.h"
#include "wire/envelope.h"

namespace tandem::front {

class Backup {
 public:
  // `random`: a number that nobody else has, each time.
  Backup(group::Exports::Ask orders, group::Exports::Ask catalog, std::function<uint64_t()> random)
      : orders_(std::move(orders)),
        catalog_(std::move(catalog)),
        random_(std::move(random)),
        self_(*this) {}
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  void get(const http::Request& request, http::Responder responder);
  // Told of each that was given as a whole.
  using Given = std::function<void(uint64_t orders_index, uint64_t catalog_index, uint64_t bytes,
                                   const std::string& request_id)>;
  void on_given(Given given) { given_ = std::move(given); }

 private:
  using Source = group::Exports::Source;

  struct Run {  // until it is streamed
    std::string request_id;
    http::Responder responder;
    int tries = 0;
    std::string hold;  // its name
    std::optional<Source> orders;
    std::optional<Source> catalog;
  };

  void hold();
  void open(const group::Exports::Ask& ask, std::optional<Source> Run::*place, uint64_t min_index);
  void opened(group::Exports::Opened source, std::optional<Source> Run::*place);
  void release();
  void released(const wire::Response& response);
  void again(int status, const std::string& why);
  void refuse(int status, const std::string& why);
  void close_sources();
  void ask_leader(wire::Method method, const std::string& key, const std::string& body,
                  void (Backup::*then)(const wire::Response&));
  void held(const wire::Response& response);
  void let_go();
  void ignored(const wire::Response&) {}

  const group::Exports::Ask orders_;
  const group::Exports::Ask catalog_;
  const std::function<uint64_t()> random_;
  std::unique_ptr<Run> run_;
  uint64_t runs_ = 0;  // a late answer is of another one
  Given given_;
  group::Exports exports_;
  Self<Backup> self_;  // last: goes first
};

// `group` outlives what it gives.
group::Exports::Ask asks(group::Group& group);
// `backup` outlives the router.
void add_backup(http::Router& router, Backup& backup);

}  // namespace tandem::front
