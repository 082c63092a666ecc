// The requests of Consul's HTTP API that coordination needs (v1: /kv, /session, /catalog/register),
// and what their answers say. What is known of Consul as a whole is kept beside: trouble().
//
// Names in keys are letters, digits, '-', '_', '.' and '/' alone (coord/names.h); they go into
// paths as they are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/self.h"
#include "base/timers.h"
#include "consul/transport.h"

namespace tandem::consul {

// What there is to know of one key. The indexes are Raft's: they rise with each change, and go back
// where Consul is restored from a snapshot.
struct Entry {
  std::string key;
  std::string value;
  uint64_t flags = 0;   // of who wrote it
  std::string session;  // holds it; empty: nobody
  uint64_t modify_index = 0;
};

struct Listing {
  std::vector<Entry> entries;
  uint64_t index = 0;  // for a blocking query
  const Entry* find(std::string_view key) const;
};

// What an answer of Consul's looks like: a key, or those that may be read, with an index, true or
// false, the id of a new session, a session or that it is not there.
enum class Shape { kKeys, kList, kYesNo, kNewSession, kSession };

enum class Renewal {
  kRenewed,
  kOver,     // the session is not there
  kEndless,  // it has no TTL: somebody else's
};

class Client {
 public:
  struct Put {
    std::optional<uint64_t> cas = {};  // the modify index that has to be there; 0: no key
    uint64_t flags = 0;
    std::string acquire = {};  // a session
    std::string release = {};
    int64_t timeout_ms = 1000;
    bool may_repeat = true;
  };

  // Both outlive this.
  Client(Transport& transport, Time time);

  // Reads. Errors: kPermission; kUnavailable, kTimeout and so on for all that may pass.
  void get(const std::string& key, UniqueFunction<void(Result<std::optional<Entry>>)> done);
  // All keys that begin with `prefix`, consistent. With an index: when that is passed, or after
  // `wait_ms`, whatever comes first. Consul leaves out what may not be read: that there is none is
  // believed of who may read a single one there, else it is kPermission. A number for cancel().
  uint64_t list(const std::string& prefix, uint64_t index, int64_t wait_ms,
                UniqueFunction<void(Result<Listing>)> done);
  void cancel(uint64_t number) { transport_.cancel(number); }

  // False: the condition does not hold, nothing was done. kBadInput, kPermission, kNotFound (the
  // session is not there): nothing was done. All other errors: the outcome is unknown.
  void put(const std::string& key, const std::string& value, const Put& how,
           UniqueFunction<void(Result<bool>)> done);
  void remove(const std::string& key, uint64_t cas, UniqueFunction<void(Result<bool>)> done);

  // On the node "tandem", which is made where it is missing: it has no checks and no agent, so that
  // a session there ends by its TTL or by who destroys it, and by nothing else.
  void create_session(std::string_view name, UniqueFunction<void(Result<std::string>)> done);
  void renew_session(const std::string& id, UniqueFunction<void(Result<Renewal>)> done);
  void destroy_session(const std::string& id, UniqueFunction<void(Status)> done);

  // What is wrong with Consul, for people; empty: nothing is known to be.
  std::string trouble() const;

  // What sessions are made with. Consul takes no shorter TTL, and lets a session live up to twice
  // as long.
  static constexpr int64_t kTtlNs = 10'000'000'000;

 private:
  // What a token may be allowed apart from the others.
  enum class Right { kReadKeys, kWriteKeys, kSessions };
  using Use = UniqueFunction<void(Result<Answer>)>;

  struct Wanted {
    Shape shape;
    std::string id = {};  // of the session
  };

  uint64_t send(Call call, Right right, Wanted wanted, Use use);
  Result<Answer> judge(Result<Answer> answer, bool changes, Right right, const Wanted& wanted);
  void create_session(const std::string& name, bool may_register,
                      UniqueFunction<void(Result<std::string>)> done);
  void check_readable(const std::string& prefix, Listing listing,
                      UniqueFunction<void(Result<Listing>)> done);
  void register_node(UniqueFunction<void(Status)> done);
  void note(const Error* error);
  static Result<bool> yes_or_no(const Result<Answer>& answer);

  Transport& transport_;
  const Time time_;
  std::optional<Error> failure_;  // of what was asked last
  int64_t failing_since_ns_ = 0;
  std::map<Right, std::string> forbidden_;  // what was refused with 403 last, and not granted since
  Self<Client> self_;                       // last: goes first
};

}  // namespace tandem::consul
