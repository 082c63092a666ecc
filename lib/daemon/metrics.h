// Counters, gauges and histograms and their Prometheus text, over prometheus-cpp, which no other
// header shows.
//
// Create an instrument once, at start, and keep it: it is a small value that points into Metrics,
// which must outlive it. Adding to one is an atomic operation, from any thread. Labels have few
// values by design (a route pattern, never a path).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace tandem::daemon {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(double amount = 1);  // never negative
  double value() const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  void set(double value);
  void add(double amount);
  double value() const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  void observe(double value);
  // Adds what was counted elsewhere: so many in each bucket, the last one above all upper bounds.
  void add(const std::vector<double>& counts, double sum);

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  prometheus::Histogram* histogram_;
};

// Upper bounds for durations in seconds, 50 µs to 10 s.
const std::vector<double>& duration_buckets();

class Metrics {
 public:
  // Has tandem_build_info and the process_… metrics (memory, processor time, descriptors, start
  // time) from the start.
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same instrument again. A name always has one kind, one help
  // and, for histograms, one set of buckets; names and labels are CHECKed against the format.
  Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram histogram(const std::string& name, const std::string& help,
                      const std::vector<double>& upper_bounds, const Labels& labels = {});

  // What it shows is shown no more; the instrument is not to be used again.
  void remove(const std::string& name, const Gauge& gauge);
  void remove(const std::string& name, const Histogram& histogram);

  // Called at the start of each text(), on its thread: for gauges that are cheaper to read then
  // than to keep up to date.
  void before_text(std::function<void()> update);

  // The text exposition format, version 0.0.4.
  std::string text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::daemon
