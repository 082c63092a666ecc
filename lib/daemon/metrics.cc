#include "daemon/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <map>

#include "base/check.h"
#include "daemon/build_info.h"
#include "daemon/memory.h"
#include "loop/process.h"

namespace tandem::daemon {
namespace {

// [a-zA-Z_][a-zA-Z0-9_]*: what both metric and label names may be.
bool is_name(const std::string& name) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

std::map<std::string, std::string> label_map(const Labels& labels) {
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : labels) {
    CHECK_MSG(is_name(name) && !name.starts_with("__"), name);
    CHECK_MSG(map.emplace(name, value).second, "a label twice");
  }
  return map;
}

// Families by name, each made at its first use. prometheus-cpp would throw where two differ.
template <typename T>
class Families {
 public:
  Families(prometheus::Registry& registry, std::map<std::string, std::string>& helps)
      : registry_(registry), helps_(helps) {}

  prometheus::Family<T>& get(const std::string& name, const std::string& help) {
    CHECK_MSG(is_name(name), name);
    const auto found = families_.find(name);
    if (found != families_.end()) {
      CHECK_MSG(helps_[name] == help, "one metric, two helps");
      return *found->second;
    }
    CHECK_MSG(helps_.emplace(name, help).second, "one metric, two kinds");
    prometheus::Family<T>& family =
        prometheus::detail::Builder<T>().Name(name).Help(help).Register(registry_);
    families_.emplace(name, &family);
    return family;
  }

  // REQUIRES: it was made.
  prometheus::Family<T>& at(const std::string& name) { return *families_.at(name); }

 private:
  prometheus::Registry& registry_;
  std::map<std::string, std::string>& helps_;
  std::map<std::string, prometheus::Family<T>*> families_;
};

double count_descriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  double count = -1;  // the one that reads the directory
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(directory);
  return count;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Seconds since 1970: the boot time, and from there in ticks.
double start_time_seconds() {
  const auto self = loop::process_identity(getpid());
  const double ticks = self ? static_cast<double>(self->start_ticks) : 0;
  std::ifstream kernel("/proc/stat");
  std::string word;
  double boot = 0;
  while (kernel >> word) {
    if (word == "btime") {
      kernel >> boot;
      break;
    }
  }
  return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  std::map<std::string, std::string> helps;
  Families<prometheus::Counter> counters{registry, helps};
  Families<prometheus::Gauge> gauges{registry, helps};
  Families<prometheus::Histogram> histograms{registry, helps};
  std::map<std::string, std::vector<double>> bounds;
  std::vector<std::function<void()>> updates;
};

void Counter::add(double amount) { counter_->Increment(amount); }
double Counter::value() const { return counter_->Value(); }
void Gauge::set(double value) { gauge_->Set(value); }
void Gauge::add(double amount) { gauge_->Increment(amount); }
double Gauge::value() const { return gauge_->Value(); }
void Histogram::observe(double value) { histogram_->Observe(value); }
void Histogram::add(const std::vector<double>& counts, double sum) {
  histogram_->ObserveMultiple(counts, sum);
}

const std::vector<double>& duration_buckets() {
  static const std::vector<double> bounds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                             0.005,   0.01,   0.025,   0.05,   0.1,   0.25,
                                             0.5,     1,      2.5,     5,      10};
  return bounds;
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  const BuildInfo build = build_info();
  gauge("tandem_build_info", "What this process was built from, always 1.",
        {{"version", build.version}, {"commit", build.commit}, {"compiler", build.compiler}})
      .set(1);
  gauge("process_start_time_seconds", "When the process started, in seconds since 1970.")
      .set(start_time_seconds());
  Gauge memory = gauge("process_resident_memory_bytes", "Memory in RAM.");
  Gauge descriptors = gauge("process_open_fds", "Open file descriptors.");
  Counter cpu = counter("process_cpu_seconds_total", "Processor time, user and system.");
  before_text([memory, descriptors, cpu]() mutable {
    memory.set(static_cast<double>(resident_bytes()));
    descriptors.set(count_descriptors());
    cpu.add(std::max(0.0, cpu_seconds() - cpu.value()));
  });
}

Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(impl_->counters.get(name, help).Add(label_map(labels)));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(impl_->gauges.get(name, help).Add(label_map(labels)));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const std::vector<double>& upper_bounds, const Labels& labels) {
  const auto [known, is_new] = impl_->bounds.emplace(name, upper_bounds);
  CHECK_MSG(is_new || known->second == upper_bounds, "one histogram, two sets of buckets");
  CHECK_MSG(std::is_sorted(upper_bounds.begin(), upper_bounds.end()), name);
  return Histogram(impl_->histograms.get(name, help).Add(label_map(labels), upper_bounds));
}

void Metrics::remove(const std::string& name, const Gauge& gauge) {
  impl_->gauges.at(name).Remove(gauge.gauge_);
}

void Metrics::remove(const std::string& name, const Histogram& histogram) {
  impl_->histograms.at(name).Remove(histogram.histogram_);
}

void Metrics::before_text(std::function<void()> update) {
  impl_->updates.push_back(std::move(update));
}

std::string Metrics::text() {
  for (const std::function<void()>& update : impl_->updates) update();
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace tandem::daemon
