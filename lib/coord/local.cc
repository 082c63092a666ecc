#include "coord/local.h"

#include <map>
#include <utility>
#include <vector>

#include "coord/job_queue.h"
#include "coord/local_lock.h"
#include "coord/local_watch.h"
#include "coord/member_files.h"
#include "coord/names.h"
#include "coord/record_files.h"
#include "coord/spare_files.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::coord {
namespace {

class LocalCoord final : public Coord {
 public:
  LocalCoord(LocalOptions options, loop::Loop& loop)
      : options_(std::move(options)),
        here_(this_host(options_.host)),
        loop_(loop),
        no_group_(loop) {}

  void read_record(const std::string& group,
                   UniqueFunction<void(Result<Versioned>)> done) override {
    run<Result<Versioned>>(
        group, [](const RecordFiles& files) { return files.read(); }, std::move(done));
  }

  void swap_record(const std::string& group, Expected expected, std::string text,
                   UniqueFunction<void(Result<SwapOutcome>)> done) override {
    run<Result<SwapOutcome>>(
        group,
        [expected = std::move(expected), text = std::move(text)](const RecordFiles& files) {
          return files.swap(expected, text);
        },
        std::move(done));
  }

  std::unique_ptr<Watch> watch_record(const std::string& group,
                                      UniqueFunction<void(const Versioned&)> on_change) override {
    CHECK_MSG(check_name("group", group), "the group's name is checked by the configuration");
    return watch_local_record(loop_, files(group), options_.poll_ms, std::move(on_change));
  }

  std::unique_ptr<Lock> lock(const std::string& group, const std::string& name, std::string holder,
                             LockCallbacks callbacks) override {
    CHECK_MSG(check_name("group", group) && check_name("lock", name),
              "names of groups and locks are checked by the configuration");
    return std::make_unique<LocalLock>(
        loop_, options_.root, locks(files(group)), name, holder, options_.poll_ms,
        std::move(callbacks),
        [troubles = troubles_, of = group + "/" + name](const std::string& trouble) {
          if (trouble.empty()) {
            troubles->erase(of);
          } else {
            troubles->insert_or_assign(of, trouble);
          }
        });
  }

  void lock_holder(const std::string& group, const std::string& name,
                   UniqueFunction<void(Result<std::optional<std::string>>)> done) override {
    run<Result<std::optional<std::string>>>(
        group,
        [name](const RecordFiles& files) -> Result<std::optional<std::string>> {
          if (Status good = check_name("lock", name); !good) return fail(good.error());
          return read_lock_holder(locks(files) + "/" + name);
        },
        std::move(done));
  }

  void register_member(const std::string& group, Member member,
                       UniqueFunction<void(Status)> done) override {
    if (member.host.empty()) member.host = here_.name;
    run<Status>(
        group,
        [here = here_, member = std::move(member)](const RecordFiles& files) -> Status {
          if (Status made = files.make_directories(); !made) return made;
          // Here as well as where the record is pruned: one that is killed and started again and
          // again leaves one each time.
          static_cast<void>(files.remove_abandoned_temporaries());
          const Status is_free = check_id_is_free(members_directory(files), member, here);
          if (!is_free) return is_free;
          const Status written = write_member(files.spares(), members_directory(files),
                                              files.temporary_path(), member);
          // For people's sake alone: no room for it is no reason not to register.
          if (written && file::make_directories(last_directory(files))) {
            // Not with what is kept for the record.
            static_cast<void>(write_member(SpareFiles({}), last_directory(files),
                                           files.temporary_path(), member));
          }
          files.spares().refill();
          return written;
        },
        std::move(done));
  }

  void unregister_member(const std::string& group, uint32_t id, uint64_t session,
                         UniqueFunction<void(Status)> done) override {
    run<Status>(
        group,
        [id, session](const RecordFiles& files) {
          return remove_member(members_directory(files), id, session);
        },
        std::move(done));
  }

  void members(const std::string& group,
               UniqueFunction<void(Result<std::vector<Member>>)> done) override {
    run<Result<std::vector<Member>>>(
        group, [](const RecordFiles& files) { return read_members(members_directory(files)); },
        std::move(done));
  }

  std::unique_ptr<Watch> watch_members(
      const std::string& group,
      UniqueFunction<void(const std::vector<Member>&)> on_change) override {
    CHECK_MSG(check_name("group", group), "the group's name is checked by the configuration");
    const RecordFiles group_files = files(group);
    return watch_local_members(loop_, group_files, members_directory(group_files), options_.poll_ms,
                               std::move(on_change));
  }

  void last_members(const std::string& group,
                    UniqueFunction<void(Result<std::vector<Member>>)> done) override {
    run<Result<std::vector<Member>>>(
        group, [](const RecordFiles& files) { return read_members(last_directory(files)); },
        std::move(done));
  }

  void proven_dead(Member member, UniqueFunction<void(Result<bool>)> done) override {
    no_group_.run<Result<bool>>(
        [here = here_, member = std::move(member)] { return lock_proves_death(member, here); },
        std::move(done));
  }

  std::string host_name() const override { return here_.name; }
  // What else goes wrong here goes wrong for one call, and that call tells it.
  std::string trouble() const override {
    return troubles_->empty() ? std::string()
                              : "the lock " + troubles_->begin()->first +
                                    " cannot be taken: " + troubles_->begin()->second;
  }

 private:
  static std::string members_directory(const RecordFiles& files) {
    return files.group_directory() + "/members";
  }
  static std::string last_directory(const RecordFiles& files) {
    return files.group_directory() + "/last";
  }
  static std::string locks(const RecordFiles& files) { return files.group_directory() + "/locks"; }
  RecordFiles files(const std::string& group) const {
    return RecordFiles(options_.root + "/" + group);
  }

  // `work` on the files of the group, in the order of the calls.
  template <typename R, typename Work>
  void run(const std::string& group, Work work, UniqueFunction<void(R)> done) {
    auto& queue = queues_[group];
    if (queue == nullptr) queue = std::make_unique<JobQueue>(loop_);
    queue->run<R>(
        [root = options_.root, group, group_files = files(group),
         work = std::move(work)]() mutable -> R {
          if (Status good = check_name("group", group); !good) return fail(good.error());
          if (Status there = file::directory_is_there(root); !there) return fail(there.error());
          return work(group_files);
        },
        std::move(done));
  }

  LocalOptions options_;
  const Host here_;
  loop::Loop& loop_;
  std::map<std::string, std::unique_ptr<JobQueue>> queues_;  // by group
  JobQueue no_group_;
  // Of locks, which may outlive this.
  const std::shared_ptr<std::map<std::string, std::string>> troubles_ =
      std::make_shared<std::map<std::string, std::string>>();
};

}  // namespace

Result<std::unique_ptr<Coord>> open_local(const LocalOptions& options, loop::Loop& loop) {
  if (options.root.empty()) {
    return fail(ErrorKind::kConfig, "the directory for coordination has no name");
  }
  if (Status made = file::make_directories(options.root); !made) return fail(made.error());
  const auto moved_to = file::read_if_there(options.root + "/" + kMovedFile);
  if (!moved_to) return fail(moved_to.error());
  if (*moved_to) {
    return fail(ErrorKind::kConfig, "the record was moved from '" + options.root + "' to " +
                                        **moved_to +
                                        ": set coord.backend to consul, or take it back with "
                                        "'tandem coord move local'");
  }
  return std::make_unique<LocalCoord>(options, loop);
}

}  // namespace tandem::coord
