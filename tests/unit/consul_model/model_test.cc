// The simulator's model of Consul against what Consul does: with CONSUL_HTTP_ADDR the same questions
// go to an agent, too, whose keys below "model-test/" are its own, and whose state is put back to an
// earlier one (on_agent.sh starts one).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "consul_model/asked.h"
#include "fetch/fetcher.h"
#include "loop/loop.h"
#include "sim/coord/consul_model.h"
#include "wire/base64.h"
#include "wire/json.h"

namespace tandem::sim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Agent final : public Consul {
 public:
  explicit Agent(std::string url) : url_(std::move(url)) {}

  size_t begin(const Request& request) override {
    const size_t number = ++last_;
    fetch::Request fetched{.method = request.method, .url = url_ + request.target};
    fetched.body = request.body;
    fetched.timeout_ms = 60'000;
    EXPECT_TRUE(fetcher_.fetch(std::move(fetched), [this, number](Result<fetch::Answer> answer) {
      ASSERT_TRUE(answer) << answer.error().message;
      const std::string index(answer->header("X-Consul-Index"));
      replies_[number] = {answer->status, answer->body, index.empty() ? 0 : std::stoull(index)};
    }));
    return number;
  }
  bool finished(size_t number) override {
    loop_.run_once_nowait();
    return replies_.contains(number);
  }
  Reply finish(size_t number) override {
    while (!replies_.contains(number)) loop_.run_once();
    return replies_.at(number);
  }
  void save() override { saved_ = ask("GET", "/v1/snapshot").body; }
  void go_back() override { EXPECT_EQ(ask("PUT", "/v1/snapshot", saved_).status, 200); }

 private:
  const std::string url_;
  loop::Loop loop_;
  fetch::Fetcher fetcher_{loop_, {}};
  size_t last_ = 0;
  std::map<size_t, Reply> replies_;
  std::string saved_;
};

std::vector<std::string> agents() {
  const char* url = std::getenv("CONSUL_HTTP_ADDR");
  return url == nullptr ? std::vector<std::string>{""} : std::vector<std::string>{"", url};
}

class ConsulModelTest : public testing::TestWithParam<std::string> {
 protected:
  ConsulModelTest() {
    if (GetParam().empty()) {
      consul_ = std::make_unique<Model>();
    } else {
      consul_ = std::make_unique<Agent>(GetParam());
    }
    ask("PUT", "/v1/catalog/register", R"({"Node":"tandem","Address":"127.0.0.1"})");
    ask("DELETE", kKeys + "?recurse");
  }

  Reply ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    return consul_->ask(method, target, body);
  }
  std::string put(const std::string& key, const std::string& body) {
    const Reply reply = ask("PUT", kKeys + key, body);
    return std::to_string(reply.status) + " " + text(reply);
  }
  std::string remove(const std::string& key) { return text(ask("DELETE", kKeys + key)); }
  std::string session(const std::string& how = kHolder) {
    return *wire::parse_json(ask("PUT", "/v1/session/create", how).body)->find("ID")->as_string();
  }
  std::string destroy(const std::string& id) {
    return text(ask("PUT", "/v1/session/destroy/" + id));
  }
  size_t wait_for(const std::string& key, uint64_t index, const std::string& wait = "30s") {
    return consul_->begin(
        {"GET", kKeys + key + "&index=" + std::to_string(index) + "&wait=" + wait});
  }

  // Without the line end that Consul may put behind it.
  static std::string text(const Reply& reply) {
    return reply.body.substr(0, reply.body.find_last_not_of('\n') + 1);
  }
  struct Seen {
    std::string key, value, session;
    uint64_t flags = 0, lock_index = 0, create_index = 0, modify_index = 0;
  };
  static std::vector<Seen> entries(const Reply& reply) {
    std::vector<Seen> all;
    const auto json = wire::parse_json(reply.status == 404 ? "[]" : reply.body);
    EXPECT_TRUE(json) << reply.body;
    for (const wire::Json& one : *json->as_array()) {
      const auto number = [&](const char* key) {
        return static_cast<uint64_t>(*one.find(key)->as_int());
      };
      Seen seen{*one.find("Key")->as_string(),
                "",
                "",
                number("Flags"),
                number("LockIndex"),
                number("CreateIndex"),
                number("ModifyIndex")};
      if (!one.find("Value")->is_null()) {
        seen.value = *wire::decode_base64(*one.find("Value")->as_string());
      }
      if (one.find("Session") != nullptr) seen.session = *one.find("Session")->as_string();
      all.push_back(std::move(seen));
    }
    return all;
  }
  Seen see(const std::string& key) {
    const auto all = entries(ask("GET", kKeys + key + "?consistent"));
    return all.empty() ? Seen{} : all[0];
  }
  uint64_t index_of_all() { return ask("GET", kKeys + "?recurse&consistent").index; }

  std::unique_ptr<Consul> consul_;
};

INSTANTIATE_TEST_SUITE_P(On, ConsulModelTest, testing::ValuesIn(agents()), [](const auto& param) {
  return std::string(param.param.empty() ? "Model" : "Agent");
});

// --- keys ---

TEST_P(ConsulModelTest, WhatIsNotThereIs404WithTheIndexOfTheLastChange) {
  put("a", "x");
  EXPECT_EQ(remove("a"), "true");
  const Reply one = ask("GET", kKeys + "none?consistent");
  EXPECT_EQ(one.status, 404);
  EXPECT_EQ(one.body, "");
  const Reply all = ask("GET", kKeys + "?recurse");
  EXPECT_EQ(all.status, 404);
  EXPECT_EQ(all.index, one.index);
  EXPECT_GT(all.index, 1U);
}

TEST_P(ConsulModelTest, AnEntryIsToldWithAllItHas) {
  const uint64_t before = index_of_all();
  EXPECT_EQ(put("a?flags=9007199254740993", std::string("\0\xff", 2)), "200 true");
  const Reply reply = ask("GET", kKeys + "a");
  EXPECT_THAT(reply.body, StartsWith("["));
  EXPECT_THAT(reply.body, HasSubstr("\"AP8=\""));
  const Seen seen = entries(reply).at(0);
  EXPECT_EQ(seen.key, "model-test/a");
  EXPECT_EQ(seen.flags, 9007199254740993U);
  EXPECT_EQ(seen.session, "");
  EXPECT_EQ(seen.lock_index, 0U);
  EXPECT_GT(seen.create_index, before);
  EXPECT_EQ(seen.modify_index, seen.create_index);
  EXPECT_EQ(reply.index, seen.modify_index);
  EXPECT_EQ(put("empty", ""), "200 true");
  EXPECT_EQ(see("empty").value, "");
}

TEST_P(ConsulModelTest, AListHasAllKeysOfAPrefixInOrder) {
  put("b", "2");
  put("a/c", "1");
  ask("PUT", "/v1/kv/model-tesu", "not that");
  const Reply all = ask("GET", kKeys + "?recurse&consistent");
  const auto seen = entries(all);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].key, "model-test/a/c");
  EXPECT_EQ(seen[1].key, "model-test/b");
  EXPECT_EQ(all.index, seen[0].modify_index);
  EXPECT_EQ(entries(ask("GET", kKeys + "b?consistent")).at(0).value, "2");
}

TEST_P(ConsulModelTest, AListRemembersWhatWasRemoved) {
  put("a", "1");
  put("b", "2");
  EXPECT_EQ(remove("b"), "true");
  EXPECT_GT(index_of_all(), see("a").modify_index);
}

TEST_P(ConsulModelTest, CompareAndSwapGoesByTheModifyIndex) {
  EXPECT_EQ(put("a?cas=7", "x"), "200 false");
  EXPECT_EQ(put("a?cas=0", "1"), "200 true");
  EXPECT_EQ(put("a?cas=0", "2"), "200 false");
  const Seen first = see("a");
  const std::string there = std::to_string(first.modify_index);
  EXPECT_EQ(put("a?flags=1&cas=" + there, "2"), "200 true");
  EXPECT_EQ(put("a?flags=2&cas=" + there, "3"), "200 false");
  const Seen second = see("a");
  EXPECT_EQ(second.value, "2");
  EXPECT_EQ(second.flags, 1U);
  EXPECT_EQ(second.create_index, first.create_index);
  EXPECT_GT(second.modify_index, first.modify_index);
}

TEST_P(ConsulModelTest, AWriteThatChangesNothingIsTrueAndMovesNoIndex) {
  put("a?flags=3", "1");
  const uint64_t all = index_of_all();
  const uint64_t there = see("a").modify_index;
  EXPECT_EQ(put("a?flags=3&cas=" + std::to_string(there), "1"), "200 true");
  EXPECT_EQ(see("a").modify_index, there);
  EXPECT_EQ(index_of_all(), all);
}

TEST_P(ConsulModelTest, AKeyIsRemovedWhereItIsAsExpected) {
  put("a", "1");
  EXPECT_EQ(remove("a?cas=0"), "false");
  EXPECT_EQ(remove("a?cas=1"), "false");
  EXPECT_EQ(remove("a?cas=" + std::to_string(see("a").modify_index)), "true");
  EXPECT_EQ(ask("GET", kKeys + "a").status, 404);
  EXPECT_EQ(remove("a?cas=5"), "true");
  EXPECT_EQ(remove("a"), "true");
}

TEST_P(ConsulModelTest, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(ask("GET", "/v1/kv/").status, 400);
  EXPECT_EQ(put("a?cas=x", "1").substr(0, 3), "500");
  EXPECT_EQ(put("a?flags=x", "1").substr(0, 3), "500");
  EXPECT_EQ(put("a?cas=0&acquire=" + session(), "1").substr(0, 3), "400");
  EXPECT_EQ(put("a", std::string(524'288, 'x')), "200 true");
  EXPECT_EQ(put("a", std::string(524'289, 'x')).substr(0, 3), "413");
  EXPECT_EQ(ask("GET", kKeys + "a?index=x").status, 400);
  EXPECT_EQ(ask("GET", kKeys + "a?index=1&wait=x").status, 400);
  EXPECT_EQ(ask("POST", kKeys + "a").status, 405);
  EXPECT_EQ(ask("GET", "/v1/nothing").status, 404);
}

// --- locks and sessions ---

TEST_P(ConsulModelTest, OneSessionHoldsAKey) {
  const std::string first = session();
  const std::string second = session();
  EXPECT_EQ(put("l?acquire=" + first, "1"), "200 true");
  EXPECT_EQ(put("l?acquire=" + second, "2"), "200 false");
  Seen seen = see("l");
  EXPECT_EQ(seen.session, first);
  EXPECT_EQ(seen.value, "1");
  EXPECT_EQ(seen.lock_index, 1U);
  const uint64_t there = seen.modify_index;
  EXPECT_EQ(put("l?acquire=" + first, "1"), "200 true");
  EXPECT_EQ(see("l").modify_index, there);
  EXPECT_EQ(put("l?acquire=" + first, "3"), "200 true");
  EXPECT_EQ(see("l").lock_index, 1U);

  EXPECT_EQ(put("l?release=" + second, "4"), "200 false");
  EXPECT_EQ(put("l?release=" + first, "5"), "200 true");
  EXPECT_EQ(put("l?release=" + first, "6"), "200 false");
  seen = see("l");
  EXPECT_EQ(seen.session, "");
  EXPECT_EQ(seen.value, "5");
  EXPECT_EQ(put("l?acquire=" + second, "2"), "200 true");
  EXPECT_EQ(see("l").lock_index, 2U);
}

TEST_P(ConsulModelTest, APlainWriteLeavesTheHolderAndForgetsTheLockIndex) {
  const std::string holder = session();
  put("l?acquire=" + holder, "1");
  EXPECT_EQ(put("l", "2"), "200 true");
  EXPECT_EQ(see("l").session, holder);
  EXPECT_EQ(see("l").lock_index, 0U);
}

TEST_P(ConsulModelTest, TheEndOfASessionFreesItsKeysOrRemovesThem) {
  const std::string keeps = session();
  put("l?acquire=" + keeps, "1");
  const uint64_t before = see("l").modify_index;
  EXPECT_EQ(destroy(keeps), "true");
  EXPECT_EQ(see("l").session, "");
  EXPECT_EQ(see("l").value, "1");
  EXPECT_GT(see("l").modify_index, before);

  const std::string removes = session(
      R"({"Node":"tandem","NodeChecks":[],"TTL":"10s","LockDelay":"0s","Behavior":"delete"})");
  put("m?acquire=" + removes, "1");
  EXPECT_EQ(destroy(removes), "true");
  EXPECT_EQ(ask("GET", kKeys + "m").status, 404);
}

TEST_P(ConsulModelTest, WithoutALockDelayAFreedKeyIsTakenAtOnce) {
  const std::string gone = session();
  const std::string next = session();
  put("l?acquire=" + gone, "1");
  destroy(gone);
  EXPECT_EQ(put("l?acquire=" + next, "2"), "200 true");

  const std::string slow =
      session(R"({"Node":"tandem","NodeChecks":[],"TTL":"10s","Behavior":"release"})");
  put("m?acquire=" + slow, "1");
  destroy(slow);
  EXPECT_EQ(put("m?acquire=" + next, "2"), "200 false");
}

TEST_P(ConsulModelTest, ASessionThatIsGoneIsTold) {
  const std::string gone = session();
  EXPECT_EQ(destroy(gone), "true");
  EXPECT_EQ(destroy(gone), "true");
  const Reply renewal = ask("PUT", "/v1/session/renew/" + gone);
  EXPECT_EQ(renewal.status, 404);
  EXPECT_EQ(text(renewal), "Session id '" + gone + "' not found");
  EXPECT_EQ(put("l?acquire=" + gone, "1"), "500 invalid session \"" + gone + "\"");
  EXPECT_EQ(put("l?release=" + gone, "1"), "200 false");
  EXPECT_EQ(text(ask("GET", "/v1/session/info/" + gone)), "[]");
  EXPECT_EQ(put("l?acquire=none", "1").substr(0, 11), "500 failed ");
  EXPECT_EQ(ask("PUT", "/v1/session/renew/none").status, 500);
}

TEST_P(ConsulModelTest, SessionsAreToldWithAllTheyHave) {
  const std::string id = session();
  const Reply info = ask("GET", "/v1/session/info/" + id);
  const auto json = wire::parse_json(info.body);
  ASSERT_TRUE(json);
  const wire::Json& told = json->as_array()->at(0);
  EXPECT_EQ(*told.find("ID")->as_string(), id);
  EXPECT_EQ(*told.find("Node")->as_string(), "tandem");
  EXPECT_EQ(*told.find("TTL")->as_string(), "10s");
  EXPECT_EQ(*told.find("Behavior")->as_string(), "release");
  EXPECT_EQ(*told.find("LockDelay")->as_int(), 0);
  EXPECT_GT(info.index, 1U);
  EXPECT_EQ(*wire::parse_json(ask("PUT", "/v1/session/renew/" + id).body), *json);
  EXPECT_THAT(ask("GET", "/v1/session/list").body, HasSubstr(id));
  EXPECT_THAT(ask("GET", "/v1/session/node/tandem").body, HasSubstr(id));
  EXPECT_EQ(text(ask("GET", "/v1/session/node/another")), "[]");
}

TEST_P(ConsulModelTest, ASessionNeedsItsNodeAndATtlOfTenSeconds) {
  const Reply homeless = ask("PUT", "/v1/session/create", R"({"Node":"none","NodeChecks":[]})");
  EXPECT_EQ(homeless.status, 500);
  EXPECT_EQ(text(homeless), "Missing node registration");
  const Reply hasty =
      ask("PUT", "/v1/session/create", R"({"Node":"tandem","NodeChecks":[],"TTL":"9s"})");
  EXPECT_EQ(hasty.status, 500);
  EXPECT_THAT(hasty.body, StartsWith("Invalid Session TTL '9000000000', must be between"));
}

TEST_P(ConsulModelTest, ASessionThatIsNotRenewedEnds) {
  const std::string id = session();
  put("l?acquire=" + id, "1");
  const size_t waits = wait_for("?recurse&consistent", index_of_all());
  const auto seen = entries(consul_->finish(waits));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].session, "");
  EXPECT_EQ(ask("PUT", "/v1/session/renew/" + id).status, 404);
}

// --- blocking queries ---

TEST_P(ConsulModelTest, ABlockingQueryWaitsForAChangeBelowItsPrefix) {
  put("a", "1");
  const uint64_t index = index_of_all();
  const size_t waits = wait_for("?recurse&consistent", index);
  ask("PUT", "/v1/kv/model-tesu", std::to_string(index));
  EXPECT_FALSE(consul_->finished(waits));
  put("b", "2");
  const Reply reply = consul_->finish(waits);
  EXPECT_EQ(entries(reply).size(), 2U);
  EXPECT_GT(reply.index, index);
  // It does not wait where there is something new already.
  EXPECT_EQ(entries(consul_->finish(wait_for("?recurse&consistent", index))).size(), 2U);
  // ... nor without an index.
  EXPECT_EQ(entries(consul_->finish(wait_for("?recurse", 0))).size(), 2U);
}

TEST_P(ConsulModelTest, ABlockingQueryHearsOfARemovalAndOfALock) {
  put("a", "1");
  size_t waits = wait_for("?recurse", index_of_all());
  remove("a");
  EXPECT_EQ(consul_->finish(waits).status, 404);
  waits = wait_for("?recurse", index_of_all());
  const std::string holder = session();
  put("l?acquire=" + holder, "1");
  EXPECT_EQ(entries(consul_->finish(waits)).at(0).session, holder);
  waits = wait_for("?recurse", index_of_all());
  destroy(holder);
  EXPECT_EQ(entries(consul_->finish(waits)).at(0).session, "");
}

TEST_P(ConsulModelTest, ABlockingQueryIsAnsweredInTheEnd) {
  put("a", "1");
  const uint64_t index = index_of_all();
  const Reply reply = consul_->finish(wait_for("?recurse&consistent", index, "20ms"));
  EXPECT_EQ(entries(reply).size(), 1U);
  EXPECT_EQ(reply.index, index);
}

// --- the past ---

TEST_P(ConsulModelTest, ARestoreAnswersWhoWaitsWithWhatWasBefore) {
  put("a?flags=1", "old");
  const uint64_t old_index = index_of_all();
  consul_->save();
  put("a?flags=2", "new");
  const uint64_t new_index = index_of_all();
  const size_t waits = wait_for("?recurse&consistent", new_index);
  // It waits there before what goes another way comes in so often.
  EXPECT_FALSE(consul_->finished(waits));
  for (int i = 0; i < 20; ++i) ask("GET", kKeys + "a");
  consul_->go_back();
  const Reply told = consul_->finish(waits);
  EXPECT_EQ(entries(told).at(0).value, "new");
  EXPECT_EQ(told.index, new_index);
  EXPECT_EQ(index_of_all(), old_index);
  EXPECT_EQ(see("a").value, "old");
  // The next one with that index sleeps, and what is written next is new for it again.
  const size_t sleeps = wait_for("?recurse&consistent", new_index);
  EXPECT_FALSE(consul_->finished(sleeps));
  put("a?flags=3", "newer");
  EXPECT_EQ(entries(consul_->finish(sleeps)).at(0).value, "newer");
  EXPECT_GT(index_of_all(), new_index);
}

TEST_P(ConsulModelTest, ARestoreBringsBackLocksAndSessions) {
  const std::string id = session();
  put("l?acquire=" + id, "1");
  consul_->save();
  destroy(id);
  EXPECT_EQ(see("l").session, "");
  consul_->go_back();
  EXPECT_EQ(see("l").session, id);
  EXPECT_EQ(put("l?acquire=" + session(), "2"), "200 false");
  EXPECT_EQ(ask("PUT", "/v1/session/renew/" + id).status, 200);
  EXPECT_EQ(destroy(id), "true");
}

TEST_P(ConsulModelTest, ASessionThatCameBackEndsAfterItsTtl) {
  const std::string id = session();
  put("l?acquire=" + id, "1");
  consul_->save();
  destroy(id);
  consul_->go_back();
  EXPECT_EQ(entries(consul_->finish(wait_for("?recurse", index_of_all()))).at(0).session, "");
}

}  // namespace
}  // namespace tandem::sim
