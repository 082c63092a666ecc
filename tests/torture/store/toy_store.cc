#include "store/toy_store.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "network.h"
#include "processes.h"
#include "sim/random.h"
#include "store/cluster.h"
#include "store/faults.h"
#include "store/recorder.h"
#include "store/shoppers.h"
#include "store/verdict.h"

namespace tandem::torture::store {
namespace {

constexpr std::string_view kPlantTorn = "torn";
constexpr int kSmallCache = 4;  // of ten toys and more
constexpr int kLargeCache = 1000;

Shape shape_of(const Settings& settings) {
  sim::Random random(settings.seed);
  Shape shape;
  // Drawn in any case, so that a seed means the same with and without the options.
  shape.catalogs = random.chance(400) ? kMostCatalogs : 1;
  shape.cache = random.chance(400) ? kSmallCache : kLargeCache;
  if (settings.catalogs != 0) shape.catalogs = settings.catalogs;
  if (settings.cache != 0) shape.cache = settings.cache;
  return shape;
}

class ToyStore final : public Subject {
 public:
  explicit ToyStore(const Settings& settings)
      : settings_(settings),
        processes_(settings.directory),
        network_(processes_, kNodes),
        cluster_(settings_, shape_of(settings), processes_, network_),
        recorder_(settings.plant),
        shared_{cluster_.front_urls(), recorder_, settings.seed},
        faults_(cluster_, processes_, network_, shared_.heavy, settings.plant == kPlantTorn) {}

  std::span<const FaultInfo> faults() const override { return all_faults(); }
  Status start() override { return cluster_.start(); }

  void start_clients() override {
    for (const history::FinalToy& toy : first_toys()) shared_.toys.push_back(toy.name);
    clients_.emplace(shared_);
  }
  void stop_clients(bool at_once) override { clients_->stop(at_once); }

  std::string restart_killed() override { return cluster_.restart_killed(); }
  bool whole() override { return cluster_.whole(); }
  std::string trouble() override { return cluster_.trouble(); }
  Result<std::string> inject(const Fault& fault) override { return faults_.inject(fault); }
  Status heal() override { return faults_.heal(); }

  void judge_running(Judgement& judgement) override {
    faults_.judge(judgement);
    compare_running(cluster_, judgement);
  }
  Status stop() override { return cluster_.stop(); }
  void judge_stopped(bool was_whole, Judgement& judgement) override {
    if (was_whole) check_disks(cluster_, recorder_, judgement);
    check_answers(cluster_, recorder_, judgement);
    check_logs(settings_.directory, judgement);
  }

  std::vector<int64_t> acknowledgements() const override { return recorder_.acknowledgements(); }
  std::string configuration() const override {
    return fmt::format("{} replicas of the catalog, a cache of {} products",
                       cluster_.shape().catalogs, cluster_.shape().cache);
  }
  void save_history(const std::string& path) const override { recorder_.save(path); }

 private:
  const Settings& settings_;
  Processes processes_;
  Network network_;
  Cluster cluster_;
  Recorder recorder_;
  Shared shared_;
  Faults faults_;
  std::optional<Clients> clients_;
};

}  // namespace

std::unique_ptr<Subject> make_subject(const Settings& settings) {
  return std::make_unique<ToyStore>(settings);
}

}  // namespace tandem::torture::store
