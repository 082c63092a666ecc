#include "group/group_metrics.h"

#include <gmock/gmock.h>

#include <string>

#include "group_fixture.h"

namespace tandem::group {
namespace {

using testing::HasSubstr;
using testing::Not;

class GroupMetricsTest : public GroupTest {
 protected:
  std::string text(GroupMetrics& shown) {
    bool told = false;
    shown.collect([&] { told = true; });
    until([&] { return told; });
    return metrics_.text();
  }
  // The value of a line that begins with this.
  static double value(const std::string& text, const std::string& name) {
    const size_t at = text.find('\n' + name + ' ');
    EXPECT_NE(at, std::string::npos) << name << " in\n" << text;
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  daemon::Metrics metrics_;
};

TEST_F(GroupMetricsTest, ShowsTheGroupAndWhatEachReplicaTells) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  GroupMetrics shown(metrics_, group, [] { return 4; });
  until_led_by(group, 3);
  until_in_sync(group, 3);
  ask(group, wire::Method::kDbWrite);
  const std::string told = text(shown);
  EXPECT_THAT(told, HasSubstr("\ntandem_group_ready{group=\"g\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_leader{group=\"g\"} 3\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_leader_open{group=\"g\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_in_sync{group=\"g\"} 3\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_in_sync_wanted{group=\"g\"} 4\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_elections_total{group=\"g\"} 0\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_replica_up{group=\"g\",replica=\"1\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_replica_leads{group=\"g\",replica=\"3\"} 1\n"));
  EXPECT_THAT(told, HasSubstr("\ntandem_replica_leads{group=\"g\",replica=\"1\"} 0\n"));
  EXPECT_GT(value(told, "tandem_replica_disk_free_bytes{group=\"g\",replica=\"2\"}"), 0);
  EXPECT_EQ(value(told, "tandem_replica_log_bytes{group=\"g\",replica=\"2\"}"), 16 << 20);
  EXPECT_GT(value(told, "tandem_replica_fsync_duration_seconds_count{group=\"g\",replica=\"3\"}"),
            1);
  EXPECT_GT(value(told, "tandem_replica_fsync_duration_seconds_sum{group=\"g\",replica=\"3\"}"), 0);
}

TEST_F(GroupMetricsTest, OfAReplicaThatIsGoneNothingOldIsShown) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  GroupMetrics shown(metrics_, group, [] { return 3; });
  until_led_by(group, 3);
  until_in_sync(group, 3);
  text(shown);
  kill(3);
  until([&] { return group.leadership().leader() == 2 && group.readiness().has_value(); });
  // As long as the record names it, then not at all.
  std::string told;
  until([&] {
    told = text(shown);
    return group.leadership().record()->in_sync.size() == 2;
  });
  told = text(shown);
  EXPECT_THAT(told, HasSubstr("\ntandem_elections_total{group=\"g\"} 1\n"));
  EXPECT_THAT(told, Not(HasSubstr("tandem_replica_last_index{group=\"g\",replica=\"3\"}")));
  EXPECT_THAT(told, Not(HasSubstr("tandem_replica_up{group=\"g\",replica=\"3\"} 1")));
  EXPECT_THAT(told, HasSubstr("\ntandem_replica_leads{group=\"g\",replica=\"2\"} 1\n"));
}

TEST_F(GroupMetricsTest, CountsOfTheNextLifeOfAReplicaAreAdded) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  GroupMetrics shown(metrics_, group, [] { return 3; });
  until_led_by(group, 3);
  until_in_sync(group, 3);
  for (int i = 0; i < 20; ++i) ask(group, wire::Method::kDbWrite);
  const std::string name = "tandem_replica_fsync_duration_seconds_count{group=\"g\",replica=\"1\"}";
  const double before = value(text(shown), name);
  EXPECT_GE(before, 20);
  EXPECT_EQ(value(text(shown), name), before) << "counted twice";
  kill(1);
  start(1);
  until_in_sync(group, 3);
  ask(group, wire::Method::kDbWrite);
  const double after = value(text(shown), name);
  EXPECT_GT(after, before);
  EXPECT_LT(after, 2 * before) << "the next life begins at 0";
}

}  // namespace
}  // namespace tandem::group
