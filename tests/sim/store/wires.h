// Calls between the processes of the store, as rpc and http carry them: a call or its answer may be
// lost, come twice, late, or be stopped by a cut; the caller is told after a while that no answer
// came.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/function.h"
#include "sim/plan.h"
#include "sim/process.h"
#include "sim/universe.h"
#include "wire/envelope.h"

namespace tandem::sim {

enum class Role : uint8_t { kShopper, kFront, kOrders, kCatalog };

struct Address {
  Role role = Role::kShopper;
  uint32_t id = 0;
  auto operator<=>(const Address&) const = default;
};

struct Call {
  wire::Method method = wire::Method::kPing;
  std::string key;
  std::string body;
  // What a read has to show: what was committed when it was asked for.
  uint64_t committed = 0;
};

struct Response {
  uint16_t status = 0;  // 0: none came
  std::string body;
  uint64_t index = 0;  // of the log, that it reflects
  // Whether asking again may bring another one.
  bool is_final() const { return status != 0 && status != 503 && status != 504 && status != 507; }
};

class Wires;

// The way back of an answer. One that is never answered, or after the process has died, is a lost
// answer.
class Return {
 public:
  Return() = default;
  void answer(const Response& response) const;

 private:
  friend class Wires;
  Wires* wires_ = nullptr;
  uint64_t number_ = 0;
  Address from_;  // who answers
  Process* process_ = nullptr;
  uint64_t session_ = 0;
};

class Server {
 public:
  virtual ~Server() = default;
  virtual void serve(const Call& call, Return reply) = 0;
};

class Wires {
 public:
  using Done = UniqueFunction<void(const Response& response)>;
  using FindServer = std::function<Server&()>;  // called while its process is up

  Wires(Universe& universe, const Plan& plan) : universe_(universe), plan_(plan) {}

  // Both outlive this. A process is known by its address from here on.
  void attach(const Address& address, Process& process, FindServer server);
  // `done` is called once, unless the caller dies first. Whether the call comes twice.
  bool call(const Address& from, const Address& to, const Call& call, int64_t patience_ns,
            Done done);

  void cut(const Address& from, const Address& to) { cuts_.emplace(from, to); }
  void mend_cuts() { cuts_.clear(); }

 private:
  friend class Return;
  struct End {
    Process* process = nullptr;
    FindServer server;
  };
  struct Pending {
    Address from;
    uint64_t session = 0;  // of the caller
    Done done;
  };
  int copies();
  void arrive(const Address& from, const Address& to, uint64_t number, const Call& call);
  void send_back(const Return& way, const Response& response);
  void come_back(uint64_t number, const Address& from, const Response& response);
  void finish(uint64_t number, const Response& response);

  Universe& universe_;
  const Plan& plan_;
  std::map<Address, End> ends_;
  std::map<uint64_t, Pending> pending_;
  std::set<std::pair<Address, Address>> cuts_;
  uint64_t last_number_ = 0;
};

}  // namespace tandem::sim
