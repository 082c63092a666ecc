#include "daemon/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/http_metrics.h"

namespace tandem::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, WritesTheTextFormat) {
  Metrics metrics;
  metrics.counter("jobs_total", "Jobs done.", {{"kind", "a\"b"}}).add(2);
  metrics.gauge("depth", "Queue depth.").set(7);
  metrics.histogram("took_seconds", "Time.", {0.1, 1}).observe(0.5);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE jobs_total counter\njobs_total{kind=\"a\\\"b\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\ndepth 7\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("took_seconds_count 1\n"));
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameInstrument) {
  Metrics metrics;
  metrics.counter("n_total", "N.", {{"a", "1"}}).add();
  metrics.counter("n_total", "N.", {{"a", "1"}}).add();
  metrics.counter("n_total", "N.", {{"a", "2"}}).add();
  EXPECT_EQ(metrics.counter("n_total", "N.", {{"a", "1"}}).value(), 2);
}

TEST(MetricsTest, KnowsTheProcess) {
  Metrics metrics;
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("tandem_build_info{"));
  EXPECT_THAT(text, HasSubstr("process_cpu_seconds_total "));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("process_open_fds 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("process_start_time_seconds 0\n")));
}

TEST(MetricsTest, UpdatesBeforeEachText) {
  Metrics metrics;
  Gauge gauge = metrics.gauge("turns", "Turns.");
  metrics.before_text([gauge]() mutable { gauge.add(1); });
  metrics.text();
  EXPECT_THAT(metrics.text(), HasSubstr("\nturns 2\n"));
}

TEST(MetricsDeathTest, AWrongNameIsABug) {
  Metrics metrics;
  EXPECT_DEATH(metrics.counter("no-good", "N."), "no-good");
  EXPECT_DEATH(metrics.gauge("process_cpu_seconds_total", "N."), "one metric, two");
}

http::Finished finished(std::string_view pattern, int status) {
  http::Finished f;
  f.pattern = pattern;
  f.method = http::Method::kPut;
  f.status = status;
  f.duration_ns = 2'000'000;
  f.bytes = 100;
  return f;
}

class CountingObserver final : public http::Observer {
 public:
  void on_finished(const http::Finished&) override { ++count; }
  int count = 0;
};

TEST(HttpMetricsTest, CountsByRouteMethodAndStatusClass) {
  Metrics metrics;
  HttpMetrics http_metrics(metrics);
  http_metrics.on_finished(finished("/users", 201));
  http_metrics.on_finished(finished("/users", 204));
  http_metrics.on_finished(finished("/users", 400));
  http_metrics.on_finished(finished("", 999));
  const std::string text = metrics.text();
  const std::string name = "tandem_http_requests_total{method=\"PUT\",route=";
  EXPECT_THAT(text, HasSubstr(name + "\"/users\",status=\"2xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"/users\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"\",status=\"other\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tandem_http_response_bytes_total{route=\"/users\"} 300\n"));
  EXPECT_THAT(text, HasSubstr("duration_seconds_bucket{route=\"/users\",le=\"0.0025\"} 3\n"));
}

TEST(HttpMetricsTest, KnowsRoutesByTheirIndex) {
  Metrics metrics;
  HttpMetrics http_metrics(metrics);
  http::Route routes[2];
  routes[0].index = 3;
  routes[1].index = 1;
  http::Finished first = finished("/a", 200);
  first.route = &routes[0];
  http::Finished second = finished("/b", 200);
  second.route = &routes[1];
  for (int i = 0; i < 3; ++i) http_metrics.on_finished(first);
  http_metrics.on_finished(second);
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("route=\"/a\",status=\"2xx\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("route=\"/b\",status=\"2xx\"} 1\n"));
}

TEST(HttpMetricsTest, HealthIsNotCountedButPassedOn) {
  Metrics metrics;
  HttpMetrics http_metrics(metrics);
  CountingObserver next;
  http_metrics.pass_on_to(&next);
  http_metrics.on_finished(finished("/readyz", 200));
  EXPECT_EQ(next.count, 1);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("tandem_http_requests_total")));
}

}  // namespace
}  // namespace tandem::daemon
