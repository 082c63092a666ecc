// What befalls the simulator's model of Consul, and no agent in a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "consul_model/asked.h"
#include "wire/base64.h"
#include "wire/json.h"

namespace tandem::sim {
namespace {

using testing::HasSubstr;

class ConsulFaults : public testing::Test {
 protected:
  Model consul_;
  std::string make_session() {
    consul_.ask("PUT", "/v1/catalog/register", R"({"Node":"tandem","Address":"127.0.0.1"})");
    return *wire::parse_json(consul_.ask("PUT", "/v1/session/create", kHolder).body)
                ->find("ID")
                ->as_string();
  }
  void pass(int64_t seconds) {
    const int64_t until = consul_.schedule.now() + seconds * 1'000'000'000;
    bool over = false;
    consul_.schedule.after(until - consul_.schedule.now(), [&over] { over = true; });
    while (!over) consul_.schedule.run_one();
  }
  bool lives(const std::string& id) { return consul_.model.state().sessions.contains(id); }
};

TEST_F(ConsulFaults, ASessionLivesForItsTtlAndAtMostTwiceAsLong) {
  for (int i = 0; i < 20; ++i) {
    const std::string id = make_session();
    pass(6);
    EXPECT_EQ(consul_.ask("PUT", "/v1/session/renew/" + id).status, 200);
    pass(9);
    EXPECT_TRUE(lives(id));
    pass(12);
    EXPECT_FALSE(lives(id));
  }
}

TEST_F(ConsulFaults, WithoutALeaderNothingIsDoneAndSessionsStay) {
  const std::string id = make_session();
  consul_.model.lose_leader();
  const Reply reply = consul_.ask("PUT", kKeys + "a", "1");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "No cluster leader");
  EXPECT_TRUE(consul_.model.state().keys.empty());
  pass(60);
  EXPECT_TRUE(lives(id));
  consul_.model.elect_leader();
  pass(9);
  EXPECT_TRUE(lives(id));
  pass(12);
  EXPECT_FALSE(lives(id));
}

TEST_F(ConsulFaults, ATokenMayBeRefused) {
  consul_.model.deny(true);
  EXPECT_EQ(consul_.ask("GET", kKeys + "a").status, 403);
  EXPECT_EQ(consul_.ask("PUT", kKeys + "a", "1").status, 403);
  consul_.model.deny(false);
  EXPECT_EQ(consul_.ask("PUT", kKeys + "a", "1").status, 200);
}

TEST_F(ConsulFaults, ASessionThatCameBackMayStayUntilItIsRenewedOrALeaderIsElected) {
  const std::string id = make_session();
  const auto past = consul_.model.state();
  const auto come_back = [&] {
    consul_.ask("PUT", "/v1/session/destroy/" + id);
    consul_.model.restore(past, false);
    pass(60);
  };
  come_back();
  EXPECT_TRUE(lives(id));
  EXPECT_EQ(consul_.ask("PUT", "/v1/session/renew/" + id).status, 200);
  pass(21);
  EXPECT_FALSE(lives(id));
  come_back();
  EXPECT_TRUE(lives(id));
  consul_.model.lose_leader();
  consul_.model.elect_leader();
  pass(21);
  EXPECT_FALSE(lives(id));
}

TEST_F(ConsulFaults, AWipeLeavesNothingAndBeginsToCountAnew) {
  const std::string id = make_session();
  for (int i = 0; i < 20; ++i) consul_.ask("PUT", kKeys + "a", std::to_string(i));
  const uint64_t index = consul_.ask("GET", kKeys + "a").index;
  const size_t waits = consul_.begin({"GET", kKeys + "a?index=" + std::to_string(index)});
  consul_.model.wipe();
  EXPECT_EQ(consul_.ask("GET", kKeys + "a").status, 404);
  EXPECT_EQ(consul_.ask("PUT", "/v1/session/create", kHolder).body, "Missing node registration");
  consul_.ask("PUT", kKeys + "a", "1");
  EXPECT_LT(consul_.ask("GET", kKeys + "a").index, index);
  pass(1000);
  EXPECT_FALSE(consul_.finished(waits));
}

TEST_F(ConsulFaults, WhoHangsUpIsNotAnswered) {
  uint64_t answers = 0;
  consul_.ask("PUT", kKeys + "a", "1");
  const std::string target =
      kKeys + "a?index=" + std::to_string(consul_.ask("GET", kKeys + "a").index);
  const uint64_t stays = consul_.model.serve({"GET", target}, [&](const Reply&) { ++answers; });
  const uint64_t goes = consul_.model.serve({"GET", target}, [&](const Reply&) { ++answers; });
  EXPECT_NE(stays, goes);
  consul_.model.hang_up(goes);
  consul_.ask("PUT", kKeys + "a", "2");
  EXPECT_EQ(answers, 1U);
}

TEST_F(ConsulFaults, OnlyAConsistentReadIsOfNow) {
  consul_.model.stale = 500;
  bool old = false;
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i);
    consul_.ask("PUT", kKeys + "a", text);
    const std::string now = wire::encode_base64(text);
    EXPECT_THAT(consul_.ask("GET", kKeys + "a?consistent").body, HasSubstr('"' + now + '"'));
    old = old || consul_.ask("GET", kKeys + "a").body.find('"' + now + '"') == std::string::npos;
  }
  EXPECT_TRUE(old);
}

TEST_F(ConsulFaults, WhereTombstonesAreForgottenTheIndexOfAListGoesBack) {
  consul_.ask("PUT", kKeys + "a", "1");
  const uint64_t index = consul_.ask("GET", kKeys + "?recurse").index;
  consul_.ask("PUT", kKeys + "b", "1");
  consul_.ask("DELETE", kKeys + "b");
  EXPECT_GT(consul_.ask("GET", kKeys + "?recurse").index, index);
  consul_.model.reap_tombstones();
  EXPECT_EQ(consul_.ask("GET", kKeys + "?recurse").index, index);
}

}  // namespace
}  // namespace tandem::sim
