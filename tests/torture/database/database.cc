#include "database/database.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "consul_probe.h"
#include "database/cluster.h"
#include "database/faults.h"
#include "database/recorder.h"
#include "database/verdict.h"
#include "database/workloads.h"
#include "network.h"
#include "processes.h"

namespace tandem::torture::database {
namespace {

class Database final : public Subject {
 public:
  explicit Database(const Settings& settings)
      : settings_(settings),
        infos_(all_faults(settings)),
        min_in_sync_(settings.min_in_sync != 0 ? settings.min_in_sync
                                               : 1 + static_cast<uint32_t>(settings.seed % 2)),
        processes_(settings.directory),
        network_(processes_, Cluster::nodes(settings)),
        cluster_(settings_, min_in_sync_, processes_, network_),
        recorder_(settings.plant),
        shared_{cluster_.urls(), recorder_},
        faults_(cluster_, processes_, network_, shared_.heavy) {}

  std::span<const FaultInfo> faults() const override { return infos_; }
  Status start() override { return cluster_.start(); }

  void start_clients() override {
    shared_.urls = cluster_.urls();
    shared_.seed = settings_.seed;
    shared_.started_us = now_us();
    clients_.emplace(shared_);
    consul_probe_.emplace(cluster_.consul().urls());
  }
  void stop_clients(bool at_once) override {
    clients_->stop(at_once);
    consul_probe_->stop();
  }

  std::string restart_killed() override { return cluster_.restart_killed(); }
  bool whole() override { return cluster_.whole(); }
  std::string trouble() override { return cluster_.trouble(); }
  Result<std::string> inject(const Fault& fault) override { return faults_.inject(fault); }
  Status heal() override { return faults_.heal(); }

  void judge_running(Judgement& judgement) override {
    faults_.judge(judgement);
    read_replicas(cluster_, recorder_, settings_.plant, judgement);
  }
  Status stop() override { return cluster_.stop(); }
  void judge_stopped(bool, Judgement& judgement) override {
    check_history(recorder_, judgement);
    check_logs(settings_.directory, judgement);
  }

  std::vector<int64_t> acknowledgements() const override { return recorder_.acknowledgements(); }
  std::vector<int64_t> coordination_writes() const override { return consul_probe_->writes(); }
  std::string configuration() const override {
    return fmt::format("min_in_sync {}, tables in {}, coordination by {}", min_in_sync_,
                       settings_.tables, settings_.coord);
  }
  void save_history(const std::string& path) const override { recorder_.save(path); }

 private:
  const Settings& settings_;
  const std::vector<FaultInfo> infos_;
  const uint32_t min_in_sync_;
  Processes processes_;
  Network network_;
  Cluster cluster_;
  Recorder recorder_;
  Shared shared_;
  Faults faults_;
  std::optional<Clients> clients_;
  std::optional<ConsulProbe> consul_probe_;  // writes nowhere where there is no Consul
};

}  // namespace

std::unique_ptr<Subject> make_subject(const Settings& settings) {
  return std::make_unique<Database>(settings);
}

}  // namespace tandem::torture::database
