#include "coord/record_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/number.h"
#include "coord/spare_files.h"
#include "coord/temporary_name.h"
#include "file/directories.h"
#include "file/file.h"
#include "wire/sealed_text.h"

namespace tandem::coord {
namespace {

constexpr size_t kVersionDigits = 20;
constexpr int kReadAttempts = 100;

std::string version_name(uint64_t version) {
  const std::string digits = std::to_string(version);
  return std::string(kVersionDigits - digits.size(), '0') + digits;
}

// 0 for a name that is no version.
uint64_t parse_version(std::string_view name) {
  const uint64_t version = parse_number<uint64_t>(name).value_or(0);
  return version_name(version) == name ? version : 0;
}

// The floor, where its file is damaged: versions are made one after the other and removed from the
// lowest on, so those that count are the newest without a gap. The next pruning writes it again.
uint64_t below_last_run(const std::vector<uint64_t>& versions) {
  auto first = std::prev(versions.end());
  while (first != versions.begin() && *std::prev(first) + 1 == *first) --first;
  return *first - 1;
}

tl::unexpected<Error> unknown(const Error& error) {
  return fail(ErrorKind::kUnknown, "the outcome is unknown: " + error.message);
}

}  // namespace

std::string RecordFiles::temporary_path() const { return group_ + "/tmp/" + temporary_name(); }

std::string RecordFiles::version_path(uint64_t version) const {
  return record_directory() + "/" + version_name(version);
}

Status RecordFiles::make_directories() const {
  for (const char* name : {"/record", "/members", "/locks", "/tmp"}) {
    if (Status made = file::make_directories(group_ + name); !made) return made;
  }
  // Of an older program there is none, and no room for one is no reason to do nothing at all.
  static_cast<void>(file::make_directories(group_ + "/spare"));
  return {};
}

Result<uint64_t> RecordFiles::floor() const {
  const std::string path = group_ + "/floor";
  const auto content = file::read_if_there(path);
  if (!content) return fail(content.error());
  if (!*content) return 0;
  const auto text = wire::unseal_text(**content);
  const uint64_t version = text ? parse_version(*text) : 0;
  if (version == 0) return fail(ErrorKind::kCorrupt, "file '" + path + "' is damaged");
  return version;
}

Result<RecordFiles::Listing> RecordFiles::list() const {
  Listing listing;
  const auto names = file::list_directory(record_directory());
  if (!names && names.error().kind != ErrorKind::kNotFound) return fail(names.error());
  if (names) {
    for (const std::string& name : *names) {
      if (const uint64_t version = parse_version(name); version != 0) {
        listing.versions.push_back(version);
      }
    }
  }
  std::sort(listing.versions.begin(), listing.versions.end());
  const Result<uint64_t> below = floor();
  const bool guess = !below && below.error().kind == ErrorKind::kCorrupt && listing.newest() != 0;
  if (!below && !guess) return fail(below.error());
  listing.floor = guess ? below_last_run(listing.versions) : *below;
  return listing;
}

Result<RecordFiles::Listing> RecordFiles::settled_list() const {
  Result<Listing> listing = list();
  for (int again = 1; listing && !listing->sound() && again < kReadAttempts; ++again) {
    listing = list();
  }
  return listing;
}

Result<uint64_t> RecordFiles::peek() const {
  const Result<Listing> listing = list();
  if (!listing) return fail(listing.error());
  return listing->current();
}

Result<Versioned> RecordFiles::read() const {
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const Result<Listing> listing = settled_list();
    if (!listing) return fail(listing.error());
    if (!listing->sound()) {
      return Versioned{listing->floor,
                       {},
                       "the record in '" + record_directory() +
                           "' is damaged: its newest version is missing, and there was one above " +
                           std::to_string(listing->floor)};
    }
    const uint64_t newest = listing->newest();
    if (newest == 0) return Versioned{};
    // Whoever linked it may have died before syncing: nobody may act on what a loss of power
    // undoes.
    const Status synced = file::sync_directory(record_directory());
    if (!synced) return fail(synced.error());
    const auto content = file::read_if_there(version_path(newest));
    if (!content) return fail(content.error());
    if (!*content) continue;
    const auto text = wire::unseal_text(**content);
    if (!text) {
      return Versioned{
          newest,
          {},
          "record file '" + version_path(newest) + "' is damaged: its checksum is wrong"};
    }
    return Versioned{newest, std::string(*text), {}};
  }
  return fail(ErrorKind::kUnavailable,
              "the record in '" + record_directory() +
                  "' is not to be read: its newest version comes and goes");
}

Result<SwapOutcome> RecordFiles::swap(const Expected& expected, const std::string& text) const {
  RecordSwap swap(*this, expected);
  Result<SwapOutcome> outcome = swap.prepare(text);
  if (outcome && *outcome == SwapOutcome::kApplied) outcome = swap.link();
  if (outcome && *outcome == SwapOutcome::kApplied) outcome = swap.settle();
  if (outcome && *outcome == SwapOutcome::kApplied) {
    // The swap stands, whatever comes of this.
    if (const Status pruned = prune(); !pruned) {
      log::warning("cannot prune the record", {{"error", pruned.error().message}});
    }
    spares().refill();
  }
  return outcome;
}

Status RecordFiles::put(const Versioned& record) const {
  const std::string path = version_path(record.version);
  const std::string temporary = temporary_path();
  Status written = spares().write(temporary, wire::seal_text(record.text));
  if (!written) return written;
  const Result<bool> named = file::name_exclusively(temporary, path);
  unlink(temporary.c_str());
  if (!named) return fail(named.error());
  if (!*named) return fail(ErrorKind::kConflict, "there is '" + path + "' already");
  return file::sync_directory(record_directory());
}

Status RecordFiles::prune() const {
  const Result<Listing> before = list();
  if (!before) return fail(before.error());
  if (before->versions.size() <= 2 * kKeep) return {};
  // One at a time: else one that was stopped for long could lower the floor again.
  const std::string lock_path = group_ + "/locks/.prune";
  const Result<file::Descriptor> lock = file::open_regular(lock_path, O_RDWR | O_CREAT);
  if (!lock) return fail(lock.error());
  const Result<bool> locked = file::try_flock(*lock, LOCK_EX, lock_path);
  if (!locked) return fail(locked.error());
  if (!*locked || !file::names_same_file(lock_path, *lock)) return {};

  const Result<Listing> listing = list();
  if (!listing) return fail(listing.error());
  if (!listing->sound() || listing->newest() <= kKeep) return {};
  const uint64_t floor = listing->newest() - kKeep;
  if (floor > listing->floor) {
    if (Status raised = raise_floor(floor); !raised) return raised;
  }
  for (const uint64_t version : listing->versions) {
    if (version > floor) break;
    if (unlink(version_path(version).c_str()) != 0 && errno != ENOENT) {
      return fail_errno("cannot remove '" + version_path(version) + "'", errno);
    }
  }
  return remove_abandoned_temporaries();
}

Status RecordFiles::raise_floor(uint64_t floor) const {
  return replace_file(spares(), temporary_path(), group_, "floor",
                      wire::seal_text(version_name(floor)));
}

Status RecordFiles::remove_abandoned_temporaries() const {
  const std::string directory = group_ + "/tmp";
  const auto names = file::list_directory(directory);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (is_abandoned(name)) unlink((directory + "/" + name).c_str());
  }
  return {};
}

// --- RecordSwap ---

RecordSwap::~RecordSwap() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<SwapOutcome> RecordSwap::prepare(const std::string& text) {
  if (Status made = files_.make_directories(); !made) return fail(made.error());
  const Result<RecordFiles::Listing> listing = files_.settled_list();
  if (!listing) return fail(listing.error());
  if (listing->current() != expected_.version) return SwapOutcome::kRefused;
  if (!expected_.text.empty()) {
    const Result<Versioned> there = files_.read();
    if (!there) return fail(there.error());
    // A damaged one is what it was: whoever knows its number may go on from it.
    const bool other = there->damage.empty() && there->text != expected_.text;
    if (there->version != expected_.version || other) {
      return SwapOutcome::kRefused;
    }
  }
  temporary_ = files_.temporary_path();
  const Status written = files_.spares().write(temporary_, wire::seal_text(text));
  if (!written) return fail(written.error());
  return SwapOutcome::kApplied;
}

Result<SwapOutcome> RecordSwap::link() {
  const std::string path = files_.version_path(version());
  const Result<bool> named = file::name_exclusively(temporary_, path);
  if (!named) return unknown(named.error());
  return *named ? SwapOutcome::kApplied : SwapOutcome::kRefused;
}

Result<SwapOutcome> RecordSwap::settle() {
  if (const Status synced = file::sync_directory(files_.record_directory()); !synced) {
    return unknown(synced.error());
  }
  const Result<RecordFiles::Listing> listing = files_.list();
  if (!listing) return unknown(listing.error());
  // Something newer is there: ours was void from the start, or it counted and was followed. From
  // here the two look the same.
  if (listing->newest() != version() || listing->floor >= version()) {
    return fail(ErrorKind::kUnknown, "the outcome is unknown: the record went past version " +
                                         std::to_string(version()) + " meanwhile");
  }
  return SwapOutcome::kApplied;
}

}  // namespace tandem::coord
