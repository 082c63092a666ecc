// Coordination between the processes of a group: the configuration record (compare-and-swap), who
// is active (locks), who is there (members). `coord/local.h` keeps it in local files,
// `consul/consul_coord.h` in Consul.
//
// Nothing here makes writes safe apart from the record: locks and members are hints that make
// things fast. The back end does not read the record's text.
//
// Thread: the loop's. No call blocks; each completion is called exactly once, on the loop, later
// than the call, unless the Coord or the handle is destroyed before. Calls on the record of one group
// are carried out in their order, and so are those on its members and locks; a slow registry holds
// up no election.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "wire/json.h"

namespace tandem::coord {

// A newest version that cannot be read is told as what it is: its number and what is wrong with
// it, and never an older version in its place, which somebody may have acted beyond. Who knows from
// elsewhere what the record is (each replica has it in memory, or in its log) may put it right: a
// swap that expects the damaged version makes the next one, as any other does.
struct Versioned {
  uint64_t version = 0;  // 0: there is no record
  std::string text;
  std::string damage;  // not empty: this version is damaged, the text is not known ("record file
                       // '…/00000000000000000007' is damaged: its checksum is wrong")
  bool operator==(const Versioned&) const = default;
};

// What a swap expects to be there. Numbers are used again where a record went back and was put
// right since: so who knows the text says it, and another text refuses the swap. Empty: any text,
// or one that cannot be read.
struct Expected {
  // NOLINTNEXTLINE(google-explicit-constructor): a version alone says it.
  Expected(uint64_t expected_version, std::string expected_text = {})
      : version(expected_version), text(std::move(expected_text)) {}
  uint64_t version = 0;
  std::string text;
};

enum class SwapOutcome {
  kApplied,  // the record was as expected and is (or was) the new text
  kRefused,  // another version was there. After an earlier attempt with the same expected_version
             // whose outcome is unknown this settles nothing: that attempt may be the other version
};

// Whether a swap that ended with such an error has certainly changed nothing.
inline bool nothing_was_done(ErrorKind kind) {
  return kind == ErrorKind::kBadInput || kind == ErrorKind::kPermission ||
         kind == ErrorKind::kUnavailable || kind == ErrorKind::kNoSpace ||
         kind == ErrorKind::kExhausted;
}

// A process that serves a group. `id` and `session` are the protocol's.
struct Member {
  uint32_t id = 0;
  uint64_t storage_id = 0;
  uint64_t session = 0;
  std::string address;  // where its peers reach it
  std::string http;     // its HTTP address, empty: none
  int64_t pid = 0;
  uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat: pids are used again, this pair is not
  std::string boot_id;       // /proc/sys/kernel/random/boot_id
  std::string host;          // where it runs; empty: as the back end is told, or an older program
  std::string lock_path;     // its storage directory's lock, held for its life; absolute
  uint64_t lock_device = 0;
  uint64_t lock_inode = 0;
  wire::Json extra;  // what the program wants to tell besides
  bool operator==(const Member&) const = default;
};

// Held or waited for; destroying it stops that, and lets go of it as soon as the back end can.
class Lock {
 public:
  virtual ~Lock() = default;
  // By the boot clock of this moment: a process that was stopped for long may ask before it does
  // anything else, and before on_lost could be called. Once it was not held any more on_lost comes,
  // and on_acquired before it is held again.
  virtual bool held() const = 0;
  // Lets go of it, so that another process may have it, and neither waits for it any more nor calls
  // back; `done` when that is done, or cannot be done in time.
  virtual void release(UniqueFunction<void()> done) = 0;
};

// Destroying it stops the callbacks.
class Watch {
 public:
  virtual ~Watch() = default;
};

// Each may be called again and again: a lock that was lost is waited for anew.
struct LockCallbacks {
  UniqueFunction<void()> on_acquired;
  // It was held and is not any more: somebody took it away, or it could not be kept (the error says
  // which). Local files alone: kNotFound where all that coordination was is removed, for good as
  // far as this process can tell; then it is called whether or not it was held.
  UniqueFunction<void(const Error&)> on_lost;
};

class Coord {
 public:
  virtual ~Coord() = default;

  // A consistent read: never older than what any process was told before the call. A damaged
  // newest version is no error (Versioned).
  virtual void read_record(const std::string& group,
                           UniqueFunction<void(Result<Versioned>)> done) = 0;
  // Makes `text` version expected.version + 1 where the record is as expected, whether or not that
  // one is damaged. An error means that the outcome is unknown, except those of nothing_was_done().
  virtual void swap_record(const std::string& group, Expected expected, std::string text,
                           UniqueFunction<void(Result<SwapOutcome>)> done) = 0;
  // Calls back with a consistent read once at first, and after each change (several changes may
  // become one call); of a damaged version again and again, as it may be restored in its place.
  virtual std::unique_ptr<Watch> watch_record(const std::string& group,
                                              UniqueFunction<void(const Versioned&)> on_change) = 0;

  // `holder` is what others read with lock_holder, for example the address of the active process.
  virtual std::unique_ptr<Lock> lock(const std::string& group, const std::string& name,
                                     std::string holder, LockCallbacks callbacks) = 0;
  // nullopt: nobody holds it.
  virtual void lock_holder(const std::string& group, const std::string& name,
                           UniqueFunction<void(Result<std::optional<std::string>>)> done) = 0;

  // Replaces an earlier entry of the same id. kBusy where that is seen to be of a living process
  // with another lock: a mistake in somebody's configuration.
  virtual void register_member(const std::string& group, Member member,
                               UniqueFunction<void(Status)> done) = 0;
  // Removes the entry where it is still of this session.
  virtual void unregister_member(const std::string& group, uint32_t id, uint64_t session,
                                 UniqueFunction<void(Status)> done) = 0;
  // Ordered by id.
  virtual void members(const std::string& group,
                       UniqueFunction<void(Result<std::vector<Member>>)> done) = 0;
  // Calls back with them, ordered by id, once at first and after each change (several changes may
  // become one call).
  virtual std::unique_ptr<Watch> watch_members(
      const std::string& group, UniqueFunction<void(const std::vector<Member>&)> on_change) = 0;
  // The last entry of each id, whether or not it was removed since: where a process that does not
  // run had its data. Best effort: one may be missing. Ordered by id.
  virtual void last_members(const std::string& group,
                            UniqueFunction<void(Result<std::vector<Member>>)> done) = 0;
  // True: this member's process, this session of it, is dead for certain. False proves nothing.
  virtual void proven_dead(Member member, UniqueFunction<void(Result<bool>)> done) = 0;

  // This host's name, as the entries of its members have it.
  virtual std::string host_name() const = 0;
  // What is wrong with coordination as a whole, in words for people: "Consul at 127.0.0.1:8500 has
  // not answered for 12 s: elections and changes of sets wait (…)". Empty: nothing is known to be.
  virtual std::string trouble() const = 0;
};

}  // namespace tandem::coord
